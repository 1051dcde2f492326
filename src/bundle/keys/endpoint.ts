/** HOST:PORT in the bundle file. Only numeric addresses: PID 1 resolves no names, because a name
 *  server may not answer for a long time. */
import { isAddress, maxPort } from '../../core/plan/address.ts'
import { type Location, type Reader, reportMismatch, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { text } from '../read.ts'
import type { Value } from '../tree.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** HOST:PORT, [::1]:PORT, localhost:PORT, :PORT or PORT. The default host is localhost. */
export const endpoint: Reader<Endpoint> = (value, location) => {
  const written = text(value, location)
  if (written === undefined) return
  const [whole, host = '', port = ''] = /^(?:(\[[^\]]*\]|[^:]*):)?(\d+)$/.exec(written) ?? []
  if (whole === undefined) return reportMismatch(location, value, 'HOST:PORT', shapeHint(written))
  return makeEndpoint(host === '' ? 'localhost' : host, port, value, location)
}

/** @param host As written, an IPv6 address in brackets. */
export function makeEndpoint(
  host: string,
  port: string,
  value: Value,
  location: Location,
): Endpoint | undefined {
  const address = parseAddress(host)
  if (address === null) {
    const hint = 'write an IP address or localhost: PID 1 resolves no names'
    return reportProblem(location, value.offset, `${quote(host)} is not a numeric address`, hint)
  }
  const number = Number(port)
  const isPort = number >= 1 && number <= maxPort && port.length <= 5
  if (isPort) return { host: address, port: number }
  reportProblem(location, value.offset, `port ${quote(port)} is not from 1 to ${maxPort}`)
}

function parseAddress(host: string): string | null {
  if (host === 'localhost') return '127.0.0.1'
  const inBrackets = /^\[(.*:.*)\]$/.exec(host)?.[1]
  if (inBrackets !== undefined) return isAddress(inBrackets) ? inBrackets : null
  return isAddress(host) ? host : null
}

function shapeHint(written: string): string {
  if (written.includes('//')) return 'remove the scheme before the host'
  if (written.split(':').length > 2) return 'write an IPv6 address in brackets: [::1]:PORT'
  return 'write 127.0.0.1:8080, [::1]:8080, or the port alone'
}
