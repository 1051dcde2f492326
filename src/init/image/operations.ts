/** The image "operations": changes of configuration files, and reloads. It is loaded at the boot of
 *  a bundle with `config:`, or for the first operation. */
import { Operations } from '../operations/operations.ts'

export interface OperationsImage {
  readonly Operations: typeof Operations
}

export const operations: OperationsImage = { Operations }

const world = globalThis as unknown as { pitcrewOperations: OperationsImage }

world.pitcrewOperations = operations
