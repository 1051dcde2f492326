import type { Host } from '../../host/host.ts'
import type { Auxiliary } from './auxiliary.ts'

/** Loads the image "auxiliary" on first use. May throw, as any call of the host. */
export function auxiliaryOf(host: Pick<Host, 'loadAuxiliary'>): Auxiliary {
  return host.loadAuxiliary() as Auxiliary
}
