/** s6: one s6-supervise for each daemon, without and with an s6-log for each, which prefixes its
 *  lines. A run file is a "#!" line, so that no shell is started for a daemon. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { missing } from '../install.mjs'
import { graceMs } from '../supervisor.mjs'

export const s6 = contender('s6', false)
export const s6Log = contender('s6-log', true)

function contender(name, hasLogger) {
  return {
    name,
    package: 's6',
    absent: () => missing('s6-svscan'),
    /** s6-supervise restarts a daemon a second after its end, also on request. */
    restsBeforeStart: true,
    passesLines: hasLogger,
    prepare(folder, daemons) {
      const services = join(folder, 'services')
      for (const daemon of daemons) addService(services, daemon, hasLogger)
      return {
        // -c: the maximum number of services, loggers included.
        command: ['s6-svscan', '-c', '4096', services],
        restart: { run: ['s6-svc', '-r', join(services, daemons[1]?.name ?? '')] },
        stop: { signal: 'SIGTERM' },
        prefixOf: (daemon) => `[${daemon}] `,
      }
    },
  }
}

function addService(services, { name, program }, hasLogger) {
  const service = join(services, name)
  mkdirSync(service, { recursive: true })
  writeFileSync(join(service, 'run'), `#!${program} ${name}\n`, { mode: 0o755 })
  writeFileSync(join(service, 'timeout-kill'), `${graceMs}\n`)
  if (!hasLogger) return
  mkdirSync(join(service, 'log'))
  // s6-log needs two arguments, and a "#!" line passes only one.
  const script = `#!/bin/sh\nexec s6-log -b "p[${name}]" 1\n`
  writeFileSync(join(service, 'log/run'), script, { mode: 0o755 })
}
