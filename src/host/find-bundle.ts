/** Finds and reads the bundle file, for `run` and for client verbs. It contains no YAML parser, so
 *  that the init can use it. */
import { isPlanText, maxPlanBytes, type SumOf } from '../core/plan/plan-text.ts'
import { describeErrno, PitcrewError } from '../errors.ts'
import type { FileAnswer, System } from './system.ts'

/** Where a bundle is looked for if none is named, in this order. */
const bundlePlaces: readonly string[] = [
  './bundle.yaml',
  './bundle.json',
  '/etc/pitcrew/bundle.yaml',
  '/etc/pitcrew/bundle.json',
]

export interface BundleFile {
  readonly path: string
  readonly text: string
  /** True for a plan of `pitcrew build`, which is loaded without a parser. */
  readonly isPlan: boolean
}

/** @param path The path of the bundle; null = the first usual place that exists.
 *  Throws a PitcrewError if there is no readable bundle. */
export function readBundleFile(system: Pick<System, 'readFile'>, path: string | null): BundleFile {
  for (const place of path === null ? bundlePlaces : [path]) {
    if (isCode(place)) throw notYet(place)
    const answer = system.readFile(place, maxPlanBytes)
    if ('text' in answer) return { path: place, text: answer.text, isPlan: isPlanText(answer.text) }
    if (path !== null || !isAbsent(answer.error)) throw cannotRead(place, answer.error)
  }
  throw new PitcrewError(
    'BUNDLE_NOT_FOUND',
    `cannot find a bundle: there is no ${bundlePlaces.join(', no ')}`,
    'name one on the command line',
  )
}

type ReadError = Extract<FileAnswer, { error: unknown }>['error']

function isCode(path: string): boolean {
  return path.endsWith('.ts') || path.endsWith('.js') || path.endsWith('.mjs')
}

function isAbsent(error: ReadError): boolean {
  return error === 'ENOENT' || error === 'ENOTDIR'
}

function notYet(path: string): PitcrewError {
  return new PitcrewError(
    'BUNDLE_UNREADABLE',
    `cannot read the bundle ${path}: a bundle that is a program: not yet`,
    'write it as YAML or JSON',
  )
}

function cannotRead(path: string, error: ReadError): PitcrewError {
  const code = isAbsent(error) ? 'BUNDLE_NOT_FOUND' : 'BUNDLE_UNREADABLE'
  const [reason, hint] = explain(error)
  return new PitcrewError(code, `cannot read the bundle ${path}: ${reason}`, hint)
}

function explain(error: ReadError): readonly [reason: string, hint: string] {
  switch (error) {
    case 'too large':
      return ['it is too large', 'a bundle has at most 1 MiB, a plan at most 4 MiB']
    case 'not a regular file':
    case 'EISDIR':
      return ['it is not a regular file', 'name the file itself, such as bundle.yaml']
    case 'EACCES':
      return [describeErrno(error), 'check its mode and owner, and those of its directories']
    default:
      return [describeErrno(error), 'check the path']
  }
}

/** The sum that seals a plan (core/plan/plan-text.ts). It depends on the version: another one may
 *  check what this one does not. */
export function sumWith(system: Pick<System, 'sum'>, version: string): SumOf {
  return (text) => system.sum(`${version} ${text}`)
}
