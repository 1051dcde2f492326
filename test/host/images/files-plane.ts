/** Replaces the image "control". It counts how often it is loaded and called; "throw" is a bug in it. */
export type Plane = (word: string) => string

const world = globalThis as unknown as { pitcrewControl?: Plane; loads?: number }
let calls = 0

world.loads = (world.loads ?? 0) + 1
world.pitcrewControl = (word) => {
  if (word === 'throw') throw new Error('a bug of the plane')
  return `load ${world.loads}, call ${++calls}: ${word}`
}
