/** supervisord: it prints daemons' lines without a prefix. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { missing } from '../install.mjs'
import { graceMs } from '../supervisor.mjs'

export const supervisord = {
  name: 'supervisord',
  package: 'supervisor',
  absent: () => missing('supervisord'),
  isSlow: true,
  prepare(folder, daemons) {
    const configuration = join(folder, 'supervisord.conf')
    writeFileSync(configuration, [head(folder), ...daemons.map(section)].join('\n'))
    return {
      command: ['supervisord', '-c', configuration],
      restart: { run: ['supervisorctl', '-c', configuration, 'restart', daemons[1]?.name ?? ''] },
      stop: { signal: 'SIGTERM' },
      prefixOf: () => '',
    }
  },
}

function head(folder) {
  return `[supervisord]
nodaemon=true
silent=true
user=root
logfile=/dev/null
logfile_maxbytes=0
pidfile=${folder}/pid
minfds=4096
[unix_http_server]
file=${folder}/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${folder}/socket
`
}

function section({ name, program }) {
  return `[program:${name}]
command=${program} ${name}
startsecs=0
stopwaitsecs=${graceMs / 1000}
redirect_stderr=true
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
`
}
