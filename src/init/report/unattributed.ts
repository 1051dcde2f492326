/** Processes that have lost their mark, their group and their parents before their daemon was told
 *  to end: a person may know whose they are. */
import type { Host } from '../../host/host.ts'

/** Longer than any name of a process. */
const nameBytesMax = 64

export function unattributedText(host: Host, pids: readonly number[]): string {
  const processes = pids.map((pid) => {
    const answer = host.readFile(`/proc/${pid}/comm`, nameBytesMax)
    return `pid ${pid}${'text' in answer ? ` (${answer.text.trim()})` : ''}`
  })
  return `of no daemon that is known: ${processes.join(', ')}; ended with pitcrew`
}
