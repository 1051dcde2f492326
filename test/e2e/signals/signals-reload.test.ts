/** `signals: { HUP: { reload: [NAME] } }`: each daemon is reloaded in its own way, and the log tells
 *  how that ended. DESIGN §8: "activate by the daemon's reload strategy; verify: ready within its
 *  timeout, or alive for `settle`". */
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { listen } from '../support/listeners.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { pidsOf } from '../support/processes.ts'

const listener = sh(
  'for s in HUP USR1 USR2; do trap "echo got $s" $s; done; echo up; while :; do sleep 0.05; done',
)
const long = { command: sh('echo up; exec sleep 1000') }
const settle = '50ms'
const signals = { HUP: { reload: ['web'] } }

/** Starts a bundle with this daemon beside another one, and sends HUP when both are up. */
async function reloading(reload: unknown, some: object = {}): Promise<Pitcrew> {
  const web = { command: listener, reload, ...some }
  const pitcrew = new Pitcrew({ signals, daemons: { web, other: long } })
  await pitcrew.line('[web] up')
  await pitcrew.line('[other] up')
  pitcrew.signal('SIGHUP')
  return pitcrew
}

async function end(pitcrew: Pitcrew): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode(), pitcrew.transcript()).toBe(0)
}

test('by another signal, to the daemon alone', async () => {
  await using pitcrew = await reloading({ signal: 'USR2', settle })
  await pitcrew.line('[web] got USR2')
  await pitcrew.line(/web: reload \(HUP\): done in \d+/)
  expect(pidsOf(pitcrew, 'web')).toHaveLength(1)
  expect(pitcrew.lines).not.toContain('[web] got HUP')
  await end(pitcrew)
})

test('by a command, which knows the process', async () => {
  const command = sh('kill -USR1 $PITCREW_PID && echo "$PITCREW_DAEMON, run $PITCREW_RUN"')
  await using pitcrew = await reloading({ command, settle })
  await pitcrew.line('[web:reload] web, run 1')
  await pitcrew.line('[web] got USR1')
  await pitcrew.line(/web: reload \(HUP\): done in \d+/)
  await end(pitcrew)
})

test('a command that fails is reported with its exit code and its words', async () => {
  await using pitcrew = await reloading({ command: sh('echo "no master"; exit 7'), settle })
  await pitcrew.line('web: reload (HUP): failed: its reload has failed: exit code 7: no master')
  expect(pidsOf(pitcrew, 'web')).toHaveLength(1)
  await end(pitcrew)
})

test('by a POST request', async () => {
  const requests: unknown[] = []
  const server = createServer(({ method, url }, response) => {
    requests.push(`${method} ${url}`)
    response.writeHead(200).end()
  })
  const http = `http://127.0.0.1:${await listen(server)}/-/reload`
  await using pitcrew = await reloading({ http, settle })
  await pitcrew.line(/web: reload \(HUP\): done in \d+/)
  expect(requests).toEqual(['POST /-/reload'])
  await end(pitcrew)
})

test('by a restart, of this daemon only', async () => {
  await using pitcrew = await reloading('restart')
  await pitcrew.line(/web: reload \(HUP\): done in \d+/)
  expect(pidsOf(pitcrew, 'web')).toHaveLength(2)
  expect(pidsOf(pitcrew, 'other')).toHaveLength(1)
  await end(pitcrew)
})

test('a daemon that dies of its reload is reported, and its restart policy decides', async () => {
  const command = sh('trap - USR2; echo up; exec sleep 1000')
  const restart = { backoff: '10ms' }
  await using pitcrew = await reloading({ signal: 'USR2', settle: '5s' }, { command, restart })
  await pitcrew.line('web: died: signal USR2')
  await pitcrew.line(/web: reload \(HUP\): failed: /)
  await pitcrew.line(/web: started, pid \d+, run 2/)
  await end(pitcrew)
})

test('a verification that never succeeds is reported with the last answer', async () => {
  const server = createServer((_, response) => response.writeHead(503).end())
  const port = await listen(server)
  const verify = { http: `http://127.0.0.1:${port}/up`, timeout: '300ms' }
  await using pitcrew = await reloading({ signal: 'USR2', settle, verify })
  await pitcrew.line(`web: reload (HUP): failed: GET 127.0.0.1:${port}/up answered 503`)
  await end(pitcrew)
})

test('a daemon that is not selected is not reloaded, which is logged', async () => {
  const web = { command: listener, reload: { signal: 'USR2' } }
  const env = { PITCREW_DAEMONS: 'other' }
  await using pitcrew = new Pitcrew({ signals, daemons: { web, other: long } }, { env })
  await pitcrew.line('[other] up')
  pitcrew.signal('SIGHUP')
  await pitcrew.line('web: cannot reload it: it is not selected')
  await end(pitcrew)
})
