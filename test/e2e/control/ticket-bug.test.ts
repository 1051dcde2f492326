/** "Waiters always get an answer", whatever breaks in pitcrew meanwhile: a bug at each place on
 *  the way of a ticket costs at most the connection, with a failure. The ticket goes on, and a
 *  later request gets its outcome. */
import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ControlClient, socketPath } from '../support/control-client.ts'
import { Pitcrew, root, sh } from '../support/pitcrew.ts'

const planted = join(root, 'build/pitcrew-faults-tickets')
const long = { command: sh('echo up; exec sleep 1000') }
/** Its leader ends on TERM, and leaves a process behind that needs KILL: its ticket passes every
 *  place. */
const hard = {
  command: sh(`if [ -e "$PITCREW_STATE_DIR/again" ]; then echo up; echo >&3
    else sh -c 'trap "" TERM; : > "$PITCREW_STATE_DIR/again"; echo up; echo >&3; exec sleep 1000' & fi
    exec sleep 1000`),
  stop: { grace: '50ms' },
  restart: { backoff: '20ms' },
  ready: { fd: 3, timeout: '60s' },
}
const missing = { command: ['no-such-program'], restart: 'never' }
const bundle = { deadline: '2s', daemons: { hard, missing, calm: long } }

beforeAll(() => {
  const words = [join(root, 'scripts/build.mjs'), '--faults', '--out', planted]
  execFileSync(process.execPath, words, { stdio: 'pipe' })
}, 120_000)

/** The places on the way of a restart of `hard` and a start of `missing`. */
const places = [
  'request',
  'spawned',
  'spawn-failed',
  'exited',
  'gone',
  'ready',
  'elapsed',
  'host-exited',
  'host-line',
  'host-client',
  'perform-accepted',
  'perform-spawn',
  'perform-signal',
  'perform-arm',
  'perform-disarm',
  'perform-report',
]

/** How often the bug strikes: the first times are at the boot, before any request. */
const times = 4

interface Request {
  readonly verb: string
  readonly args?: object
}

/** Sends all requests at once. @returns For each "done", its outcome, or its code: its own, or
 *  that with which the connection was closed. "nothing": it got no answer. */
async function ask(pitcrew: Pitcrew, requests: readonly Request[]): Promise<string[]> {
  for (;;) {
    const socket = connect(socketPath(pitcrew))
    let isLate = false
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      isLate = code === 'EPIPE'
    })
    using client = new ControlClient(socket)
    client.write(requests.map((one, id) => `${JSON.stringify({ id, ...one })}\n`).join(''))
    const answers = await answersOf(client, requests.length)
    // After a write to a closed connection its last line could be lost.
    if (!isLate || client.lines.length > 0) return answers
  }
}

async function answersOf(client: ControlClient, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, id) => id)
  const isOver = (): true | undefined =>
    client.isClosed || ids.every((id) => answerOf(client, id) !== null) || undefined
  await client.until('all answers', isOver)
  const toAll = client.lines.find(({ id, failed }) => id === null && failed !== undefined)
  return ids.map((id) => answerOf(client, id) ?? toAll?.failed?.code ?? 'nothing')
}

function answerOf({ lines }: ControlClient, id: number): string | null {
  const line = lines.find((one) => one.id === id && (one.done ?? one.failed) !== undefined)
  if (line === undefined) return null
  return line.failed?.code ?? String(line.done?.outcome ?? 'done')
}

/** Repeats a request while bugs strike, of which there is a limited number. */
async function askUntilAnswered(pitcrew: Pitcrew, request: Request): Promise<string> {
  for (let left = 2 * times; left > 0; left--) {
    const [answer = ''] = await ask(pitcrew, [request])
    if (answer !== 'INTERNAL') return answer
  }
  return 'INTERNAL'
}

async function tryOut(fault: string, place: string): Promise<void> {
  const plant = Array(times).fill(`${fault}:${place}`).join(',')
  await using pitcrew = new Pitcrew(bundle, { program: planted, env: { PITCREW_FAULTS: plant } })
  await pitcrew.line('[calm] up')
  const answers = await ask(pitcrew, [
    { verb: 'restart', args: { daemon: 'hard' } },
    { verb: 'restart', args: { daemon: 'hard' } },
    { verb: 'start', args: { daemon: 'missing' } },
    { verb: 'ticket', args: { ticket: 1, wait: true } },
    { verb: 'wait', args: { daemon: 'calm', for: 'stopped', timeoutMs: 200 } },
  ])
  const known = ['done', 'failed', 'superseded', 'FAILED', 'SUPERSEDED', 'TIMED_OUT', 'INTERNAL']
  expect([...known, 'NO_SUCH_TICKET']).toEqual(expect.arrayContaining(answers))
  // Each ticket gets its outcome.
  const ends = ['done', 'failed', 'superseded', 'NO_SUCH_TICKET']
  for (const ticket of [1, 2, 3]) {
    const args = { ticket, wait: true }
    expect(ends).toContain(await askUntilAnswered(pitcrew, { verb: 'ticket', args }))
  }
  const restart = { verb: 'restart', args: { daemon: 'hard' } }
  await askUntilAnswered(pitcrew, restart)
  await pitcrew.line('internal error')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).not.toBe(70)
  expect(pitcrew.lines.filter((line) => line.includes('calm: died'))).toEqual([])
}

describe.each([
  ['throw', places],
  ['loop', ['request', 'exited', 'perform-spawn']],
  ['memory', ['request', 'exited', 'perform-spawn']],
] as const)('a bug (%s), some times', (fault, where) => {
  test.concurrent.each(where)(
    'at %s: each request has its answer, each ticket its outcome',
    (place) => tryOut(fault, place),
  )
})

describe('a bug that comes back every time', () => {
  test.concurrent.each(places)(
    'at %s: a shutdown is answered or its client closed with a failure, and pitcrew ends',
    async (place) => {
      const env = { PITCREW_FAULTS: `throw:${place}:always` }
      await using pitcrew = new Pitcrew(bundle, { program: planted, env })
      await pitcrew.line(/\[calm] up|internal error/)
      const answers = await ask(pitcrew, [
        { verb: 'wait', args: { daemon: 'calm', for: 'stopped' } },
        { verb: 'restart', args: { daemon: 'hard' } },
        { verb: 'shutdown' },
      ])
      expect(answers).not.toContain('nothing')
      try {
        pitcrew.signal('SIGTERM')
      } catch {
        // The requested state is reached already.
      }
      expect(await pitcrew.exitCode()).not.toBe(70)
    },
  )
})
