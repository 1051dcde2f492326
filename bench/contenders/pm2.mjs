/** pm2, in the form that it has for containers (pm2-runtime): lines go to its stdout without a
 *  prefix. It stops daemons by INT. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromNpm, isInstalled } from '../install.mjs'
import { graceMs } from '../life.mjs'

export const pm2 = {
  name: 'pm2',
  npmPackage: 'pm2',
  absent: () => (isInstalled('pm2-runtime') ? null : 'there is no pm2'),
  isSlow: true,
  daemonsMax: 100,
  /** Of what the others write: it would take minutes. */
  logShare: 1 / 16,
  prepare(folder, daemons) {
    const file = join(folder, 'ecosystem.json')
    writeFileSync(file, JSON.stringify({ apps: daemons.map(app) }))
    return {
      command: [fromNpm('pm2-runtime'), 'start', file],
      env: { PM2_HOME: join(folder, 'pm2') },
      restart: { run: [fromNpm('pm2'), 'restart', daemons[1]?.name ?? '', '--silent'] },
      stop: { signal: 'SIGTERM' },
      prefixOf: () => '',
      // The year.
      own: '20',
    }
  },
}

function app({ name, program }) {
  return {
    name,
    script: program,
    args: [name],
    interpreter: 'none',
    kill_timeout: graceMs,
    out_file: '/dev/null',
    error_file: '/dev/null',
  }
}
