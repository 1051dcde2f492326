/** The floor of all comparisons: bench/programs/floor.c. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from '../scratch.mjs'

export const floor = {
  name: 'floor',
  absent: () => null,
  isOurs: true,
  prepare(folder, daemons) {
    const list = join(folder, 'list')
    writeFileSync(list, daemons.map(({ name, program }) => `${name} ${program}\n`).join(''))
    return {
      command: [program('floor'), list],
      restart: { signal: 'SIGUSR1' },
      stop: { signal: 'SIGTERM' },
      prefixOf: (name) => `[${name}] `,
    }
  },
  prepareOne: (folder, daemon) => floor.prepare(folder, [daemon]),
}
