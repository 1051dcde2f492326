/** runit: one runsv a daemon. It passes no lines (they go to stdout as they are), and never kills
 *  who does not end when asked. The run files are "#!" lines: no shell is started. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { missing } from '../install.mjs'

export const runit = {
  name: 'runit',
  package: 'runit',
  absent: () => missing('runsvdir'),
  /** runsv starts a daemon that ran for less than a second only when the second is over. */
  restSinceStartMs: 1100,
  restsBeforeStart: true,
  passesLines: false,
  killsStubborn: false,
  prepare(folder, daemons) {
    const services = join(folder, 'services')
    for (const { name, program } of daemons) {
      mkdirSync(join(services, name), { recursive: true })
      writeFileSync(join(services, name, 'run'), `#!${program} ${name}\n`, { mode: 0o755 })
    }
    // A folder that has just changed makes runsvdir wait until the second is over.
    utimesSync(services, 0, 0)
    return {
      command: ['runsvdir', services],
      restart: { run: ['sv', 'term', join(services, daemons[1]?.name ?? '')] },
      // TERM would end runsvdir and leave the rest running.
      stop: { signal: 'SIGHUP' },
    }
  },
}
