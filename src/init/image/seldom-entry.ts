/** Where the image with what most runs do without begins. */
import { type Seldom, seldom } from './seldom.ts'

const world = globalThis as unknown as { pitcrewSeldom: Seldom }

world.pitcrewSeldom = seldom
