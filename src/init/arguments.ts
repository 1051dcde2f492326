/** The words behind `run`. */
import { PitcrewError } from '../errors.ts'

export interface RunArguments {
  /** The path of the bundle; null = one of the usual places. */
  readonly bundle: string | null
  /** Where the trace goes; null = nowhere. */
  readonly trace: string | null
}

/** @returns The arguments; "help" when that was asked for. */
export function runArguments(words: readonly string[]): RunArguments | 'help' {
  let bundle: string | null = null
  let trace: string | null = null
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--help' || word === '-h') return 'help'
    if (word === '--trace') {
      trace = words[++at] ?? null
      if (trace === null) throw usage('--trace needs a file')
    } else if (word.startsWith('--trace=')) {
      trace = word.slice('--trace='.length)
    } else if (word.startsWith('-')) {
      throw usage(`unknown option "${word}"`)
    } else if (bundle !== null) {
      throw usage(`too many arguments: "${word}"`)
    } else {
      bundle = word
    }
  }
  return { bundle, trace }
}

function usage(what: string): PitcrewError {
  return new PitcrewError(
    'USAGE',
    `cannot run: ${what}`,
    'usage: pitcrew run [--trace FILE] [BUNDLE]',
  )
}
