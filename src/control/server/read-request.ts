/** Reads a line of a client as a request. Checked are, in this order: its form, the verb, the
 *  client's access, the arguments. */
import { isRecord } from '../../core/plan/shape.ts'
import { didYouMean } from '../../core/text/suggest.ts'
import { type Failure, failure } from '../protocol/failure.ts'
import type { Access } from '../protocol/protocol.ts'
import { isVerb, type VerbName, verbs } from '../protocol/verbs.ts'
import { accessFailure } from './access.ts'

export type ReadRequest =
  | { readonly id: number; readonly verb: VerbName; readonly args: object }
  | { readonly id: number; readonly failed: Failure }
  /** The line has no readable id. */
  | { readonly id: null; readonly failed: Failure }

export function readRequest(text: string, access: Access, daemon: string | null): ReadRequest {
  const line = parse(text)
  if (!isRecord(line)) return { id: null, failed: invalid('a request must be a JSON object') }
  const { id, verb, args = {}, ...more } = line
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) {
    return { id: null, failed: invalid('"id" must be a whole number') }
  }
  if (typeof verb !== 'string') return { id, failed: invalid('"verb" must be a string') }
  if (!isVerb(verb)) return { id, failed: unknownVerb(verb) }
  const extra = Object.keys(more)[0]
  if (extra !== undefined) {
    const known = 'known: id, verb, args'
    return { id, failed: invalid(`unknown ${JSON.stringify(extra.slice(0, 40))}, ${known}`) }
  }
  const refused = accessFailure(verb, verbs[verb].needs, access, daemon)
  if (refused !== null) return { id, failed: refused }
  const problem = verbs[verb].args.check(args, '')
  return problem === null
    ? { id, verb, args: args as object }
    : { id, failed: wrongArguments(verb, problem) }
}

/** Whether bytes may follow a line that was refused. In doubt they may. */
export function announcesContent(text: string): boolean {
  const line = parse(text)
  if (line === null) return text.includes('bytes')
  return isRecord(line) && isRecord(line.args) && 'bytes' in line.args
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function invalid(why: string): Failure {
  return failure('REQUEST_INVALID', `cannot read the request: ${why}`, example)
}

const example = 'for example: {"id":1,"verb":"status"}'

function unknownVerb(verb: string): Failure {
  const known = Object.keys(verbs)
  const word = verb.slice(0, 40)
  const hint = didYouMean(word, known) ?? `known: ${known.join(', ')}`
  return failure('REQUEST_INVALID', `cannot find verb ${JSON.stringify(word)}`, hint)
}

function wrongArguments(verb: VerbName, problem: string): Failure {
  return failure('REQUEST_INVALID', `cannot ${verb}: ${problem.slice(0, 500)}`)
}
