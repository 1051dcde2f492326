/** The image "supervisor": the init from the boot on. */
import { Boot } from '../start/boot.ts'

export interface SupervisorImage {
  readonly Boot: typeof Boot
}

const world = globalThis as unknown as { pitcrewSupervisor: SupervisorImage }

world.pitcrewSupervisor = { Boot }
