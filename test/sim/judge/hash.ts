/** The hash of a trace, to compare two engines. */
import { version } from '../../../src/version.ts'
import { describeMoment, type Moment } from './trace.ts'

/** Texts that are followed by engine-specific ones: the stack of an exception, the message of
 *  JSON.parse. The version is set by the build of a binary. */
const engineSpecific: readonly string[] = ['internal error', 'cannot use the plan']

/** A line for each moment. */
export function linesOf(trace: readonly Moment[]): string[] {
  return trace.map((moment) => `${moment.atMs} ${common(describeMoment(moment))}`)
}

function common(line: string): string {
  for (const words of engineSpecific) {
    const at = line.indexOf(words)
    if (at >= 0) return line.slice(0, at + words.length)
  }
  return line.replace(`pitcrew ${version}`, 'pitcrew').replace(`"version":"${version}"`, '')
}

/** FNV-1a over UTF-16 units, 32 bits, in hexadecimal. */
export function hashOf(lines: readonly string[]): string {
  let hash = 0x811c9dc5
  for (const line of lines) {
    for (let at = 0; at < line.length; at++) {
      hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193)
    }
    hash = Math.imul(hash ^ 10, 0x01000193)
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}
