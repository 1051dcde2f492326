/** pm2 in its container mode (pm2-runtime): it prints daemons' lines without a prefix, and stops
 *  daemons with INT. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromNpm, isInstalled } from '../install.mjs'
import { graceMs } from '../supervisor.mjs'

export const pm2 = {
  name: 'pm2',
  npmPackage: 'pm2',
  absent: () => (isInstalled('pm2-runtime') ? null : 'pm2 is not installed'),
  isSlow: true,
  daemonsMax: 100,
  /** With the usual output it would take minutes. */
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
      // Its own lines begin with the year.
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
