import type { Host } from '../../host/host.ts'
import type { Seldom } from './seldom.ts'

/** Loads that image where it is not there yet, and may fail as any call of the host. */
export function seldomOf(host: Pick<Host, 'loadSeldom'>): Seldom {
  return host.loadSeldom() as Seldom
}
