/** runit: one runsv for each daemon. Daemons' lines do not pass through it, and it never kills a
 *  daemon that ignores its stop signal. The run files are "#!" lines, so that no shell is
 *  started. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { missing } from '../install.mjs'

export const runit = {
  name: 'runit',
  package: 'runit',
  absent: () => missing('runsvdir'),
  /** runsv delays the restart of a daemon that ran for less than a second. */
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
    // runsvdir waits for a second if the folder has just changed.
    utimesSync(services, 0, 0)
    return {
      command: ['runsvdir', services],
      restart: { run: ['sv', 'term', join(services, daemons[1]?.name ?? '')] },
      // TERM would end runsvdir only, and leave the daemons running.
      stop: { signal: 'SIGHUP' },
    }
  },
}
