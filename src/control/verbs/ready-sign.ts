/** By what sign a daemon is ready, in words. */
import type { ReadySpec } from '../../core/plan/plan.ts'

export function readySign({ sign }: ReadySpec): string {
  switch (sign.type) {
    case 'tcp':
      return `when ${sign.host} port ${sign.port} accepts a connection`
    case 'unix':
      return `when ${sign.path} accepts a connection`
    case 'http':
      return `when GET http://${sign.name}:${sign.port}${sign.path} is answered with 200 to 399`
    case 'command':
      return `when this succeeds: ${sign.command.join(' ').slice(0, 200)}`
    case 'file':
      return `when ${sign.path} is there`
    case 'fd':
      return `when it writes a newline to its descriptor ${sign.fd}`
    case 'notify':
      return 'when it says READY=1 (sd_notify)'
    case 'log':
      return `when it prints a line with ${JSON.stringify(sign.text)}`
  }
}
