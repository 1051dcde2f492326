/** The arguments of `pitcrew run`. */
import { PitcrewError } from '../../errors.ts'

export interface RunArguments {
  /** The path of the bundle; null = the first of the usual places. */
  readonly bundle: string | null
  /** The file for a trace; null = no trace. */
  readonly trace: string | null
  /** An inherited descriptor, a connection to the process that started pitcrew; null = none. */
  readonly controlFd: number | null
}

const options: readonly string[] = ['--trace', '--control-fd']

/** @returns The arguments, or "help" if an argument requests the help page. Throws USAGE. */
export function runArguments(words: readonly string[]): RunArguments | 'help' {
  let bundle: string | null = null
  const given = new Map<string, string>()
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--help' || word === '-h') return 'help'
    const [option = '', ...rest] = word.split('=')
    if (options.includes(option)) {
      const value = word === option ? words[++at] : rest.join('=')
      if (value === undefined) throw usage(`${option} needs a value`)
      given.set(option, value)
    } else if (word.startsWith('-')) {
      throw usage(`unknown option "${word}"`)
    } else if (bundle !== null) {
      throw usage(`too many arguments: "${word}"`)
    } else {
      bundle = word
    }
  }
  const trace = given.get('--trace') ?? null
  return { bundle, trace, controlFd: descriptor(given.get('--control-fd')) }
}

function descriptor(text: string | undefined): number | null {
  if (text === undefined) return null
  const fd = Number(text)
  if (String(fd) === text && fd >= 3 && fd <= 1023) return fd
  throw usage(`--control-fd "${text}" is not the number of a descriptor from 3 to 1023`)
}

function usage(what: string): PitcrewError {
  return new PitcrewError(
    'USAGE',
    `cannot run: ${what}`,
    'usage: pitcrew run [--trace FILE] [--control-fd N] [BUNDLE]',
  )
}
