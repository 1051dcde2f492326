/** Probes of `ready` and `alive`: tcp, unix, http, command and file. */
import { byteLength, isHttpPath, maxHttpPath, maxSocketPath } from '../../core/plan/address.ts'
import type { Probe } from '../../core/plan/plan.ts'
import { type Location, type Reader, reportMismatch, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { text, textMatching } from '../read.ts'
import type { Entry, Value } from '../tree.ts'
import { command } from './command.ts'
import { endpoint, makeEndpoint } from './endpoint.ts'

type Http = Extract<Probe, { type: 'http' }>

const httpHint = 'write http://127.0.0.1:8080/PATH'

/** http://HOST:PORT/PATH. */
export const http: Reader<Http> = (value, location) => {
  const written = text(value, location)
  if (written === undefined) return
  if (/^https:/i.test(written)) {
    const hint = 'write http://…, or use a command such as curl'
    return reportProblem(location, value.offset, 'https is not supported', hint)
  }
  const [, name, rest = ''] = /^http:\/\/([^/?#]+)([\s\S]*)$/.exec(written) ?? []
  const [, host, port = '80'] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(name ?? '') ?? []
  if (name === undefined || host === undefined || host === '') {
    return reportMismatch(location, value, 'http://HOST:PORT/PATH', httpHint)
  }
  const found = makeEndpoint(host, port, value, location)
  const path = rest.startsWith('/') ? rest : `/${rest}`
  if (found === undefined) return
  if (isHttpPath(path)) return { type: 'http', ...found, name, path }
  const message = `${quote(path)} is not a valid path`
  const hint = `use up to ${maxHttpPath} visible ASCII characters, without #`
  reportProblem(location, value.offset, message, hint)
}

/** The reader of each type of probe. */
export const probeReaders: { readonly [T in Probe['type']]: Reader<Probe> } = {
  tcp: mapReader(endpoint, (found) => ({ type: 'tcp', ...found })),
  unix: mapReader(
    textMatching(
      (path) => path !== '' && byteLength(path) <= maxSocketPath,
      `a path of up to ${maxSocketPath} bytes`,
    ),
    (path) => ({ type: 'unix', path }),
  ),
  http,
  command: mapReader(command, (words) => ({ type: 'command', command: words })),
  file: mapReader(
    textMatching((path) => path !== '', 'a path'),
    (path) => ({ type: 'file', path }),
  ),
}

export const probeNames: readonly string[] = Object.keys(probeReaders)

function mapReader<T>(reader: Reader<T>, make: (found: T) => Probe): Reader<Probe> {
  return (value, location) => {
    const found = reader(value, location)
    return found === undefined ? undefined : make(found)
  }
}

/**
 * Finds the one key of a map that chooses the condition or the probe.
 *
 * @param names The keys of which exactly one must be present.
 * @param others The keys that may be present beside it.
 * @param what The word for such a key in messages: "condition", "probe".
 */
export function chooseOne(
  value: Value,
  location: Location,
  names: readonly string[],
  others: readonly string[],
  what: string,
): Entry | undefined {
  if (value.kind !== 'map') return
  const [first, second] = value.entries.filter(({ key }) => names.includes(key))
  if (second !== undefined) {
    const message = `${quote(second.key)} is a second ${what} beside ${quote(first?.key ?? '')}`
    return reportProblem(location, second.offset, message, 'remove one of them')
  }
  // An unknown key is reported as such: one problem, not two.
  if (first === undefined && value.entries.every(({ key }) => others.includes(key))) {
    return reportProblem(location, value.offset, `no ${what}`, `add one of: ${names.join(', ')}`)
  }
  return first
}
