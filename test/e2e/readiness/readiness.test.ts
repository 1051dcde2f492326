/** `ready:` on the real host: with each kind of readiness, a daemon becomes ready by it and not
 *  before. FAULTS 19. */
import { writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort, fullListener, listen, scratchFolder } from '../support/listeners.ts'
import { compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'
import { pidsOf } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
/** Reports its readiness once a line is written to the FIFO "go", and stays up. */
const readyOnGo = (sign: string): string[] =>
  sh(
    `mkfifo "$PITCREW_STATE_DIR/go"; echo up; read -r _ < "$PITCREW_STATE_DIR/go"; ${sign}; exec sleep 1000`,
  )
const interval = '20ms'

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
}

/** Waits until it is started and pitcrew has handled all events so far, and checks that it is
 *  not ready. */
async function startedNotReady(pitcrew: Pitcrew): Promise<void> {
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGUSR2')
  await pitcrew.line('USR2 ignored')
  expectNotReady(pitcrew)
}

const expectNotReady = ({ lines }: Pitcrew): void =>
  expect(lines.join('\n')).not.toContain('b: ready')
const becomesReady = (pitcrew: Pitcrew): Promise<string> =>
  pitcrew.line(/^pitcrew: b: ready after [\d.]+ m?s \(run 1\)$/)
const go = ({ folder }: Pitcrew): void => writeFileSync(join(folder, 'go'), 'go\n')

describe('self-reported readiness', () => {
  test.each([
    ['fd: a newline on descriptor 3', 'fd', 'echo >&3'],
    [
      'fd: a newline on another descriptor, after other text',
      { fd: 7 },
      'printf "half a line, and\\n" >&7',
    ],
    [
      'log: a line that contains the text',
      { log: 'accepting * on port ?' },
      'echo "10:00 now accepting connections on port 7."',
    ],
    [
      'log: a line written in two parts',
      { log: 'serving * files' },
      'printf "now ser"; sleep 0.02; printf "ving 17 files\\n"',
    ],
    ['log: a line on stderr', { log: 'is up' }, 'echo it is up >&2'],
  ])('%s', async (_, ready, sign) => {
    await using pitcrew = new Pitcrew({
      daemons: { a: long, b: { command: readyOnGo(sign), ready } },
    })
    await startedNotReady(pitcrew)
    go(pitcrew)
    await becomesReady(pitcrew)
    await end(pitcrew)
  })

  test.each([
    ['fd: the end of file', 'fd', 'exec 3>&-'],
    ['fd: text without a newline', 'fd', 'printf ready >&3; exec 3>&-'],
    [
      'log: another line',
      { log: 'serving * files' },
      'echo serving no file; echo; echo files serving',
    ],
  ])('is not %s', async (_, ready, sign) => {
    const b = { command: readyOnGo(`${sign}; echo done`), ready }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await startedNotReady(pitcrew)
    go(pitcrew)
    await pitcrew.line('[b] done')
    pitcrew.signal('SIGHUP')
    await pitcrew.line('HUP ignored')
    expectNotReady(pitcrew)
    await end(pitcrew)
  })

  test('only a daemon with `ready: fd` has the descriptor', async () => {
    const shows = sh('ls /proc/self/fd | tr "\\n" " "; echo; exec sleep 1000')
    const daemons = {
      a: { command: shows, ready: { log: 'x' } },
      b: { command: shows, ready: { fd: 5 } },
    }
    await using pitcrew = new Pitcrew({ daemons })
    await pitcrew.line('[a] 0 1 2 3 ') // 3 is the folder that ls reads.
    await pitcrew.line('[b] 0 1 2 3 5 ')
    await end(pitcrew)
  })
})

describe('readiness by a probe', () => {
  test('tcp: a connection is accepted', async () => {
    const port = await freePort()
    const b = { ...long, ready: { tcp: `127.0.0.1:${port}`, interval } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await startedNotReady(pitcrew)
    await listen(createServer(), { host: '127.0.0.1', port })
    await becomesReady(pitcrew)
    await end(pitcrew)
  })

  test.each(['a path', 'an abstract name'])(
    'unix: a connection is accepted at %s',
    async (kind) => {
      const path =
        kind === 'a path' ? join(scratchFolder(), 'socket') : `@pitcrew-ready-${process.pid}`
      const b = { ...long, ready: { unix: path, interval } }
      await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
      await startedNotReady(pitcrew)
      await fullListener(path)
      await becomesReady(pitcrew)
      await end(pitcrew)
    },
  )

  test.each([200, 204, 302])('http: not 503, but %i', async (status) => {
    const requests: string[] = []
    const server = createHttpServer(({ url, headers }, response) => {
      requests.push(`${headers.host}${url}`)
      response.writeHead(requests.length < 4 ? 503 : status).end()
    })
    const port = await listen(server)
    const b = { ...long, ready: { http: `http://localhost:${port}/ready?all`, interval } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await becomesReady(pitcrew)
    await end(pitcrew)
    expect(requests).toEqual(Array(4).fill(`localhost:${port}/ready?all`))
  })

  test.each(['HTTP/1.1 404 Not Found\r\n', 'HTTP/1.1 500\r\n', '220 mail ready\r\n', '\r\n', ''])(
    'http: not "%s"',
    async (answer) => {
      let requests = 0
      const server = createServer((socket) => {
        socket.on('error', () => {})
        requests++
        socket.end(requests <= 3 ? answer : 'HTTP/1.0 200 OK\r\n\r\n')
      })
      const port = await listen(server)
      const b = { ...long, ready: { http: `http://127.0.0.1:${port}`, interval } }
      await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
      await becomesReady(pitcrew)
      await end(pitcrew)
      expect(requests).toBe(4)
    },
  )

  test('file: the file exists', async () => {
    const path = join(scratchFolder(), 'ready')
    const b = { ...long, ready: { file: path, interval } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await startedNotReady(pitcrew)
    writeFileSync(path, '')
    await becomesReady(pitcrew)
    await end(pitcrew)
  })

  test('command: the command exits with 0, in the folder and with the environment of the daemon', async () => {
    const probe = sh('echo probe >> "$MINE"; [ "$(pwd)" = /tmp ] && [ "$(wc -l < "$MINE")" -ge 3 ]')
    const mine = join(scratchFolder(), 'probes')
    const ready = { command: probe, interval }
    const b = { ...long, cwd: '/tmp', env: { set: { MINE: mine } }, ready }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await becomesReady(pitcrew)
    await end(pitcrew)
    expect(pitcrew.lines.join('\n')).not.toContain('[b:')
  })
})

describe.skipIf(process.getuid?.() !== 0)('for a daemon with another user', () => {
  test.each([
    [
      'a command is run as that user',
      { command: sh('[ "$(id -u):$(id -g)" = 65534:65534 ]'), interval },
      'echo',
    ],
    ['a newline on the descriptor counts', 'fd', 'echo >&3'],
    ['an sd_notify message counts', 'notify', '"$NOTIFIES" barrier READY=1'],
    ['a line of output counts', { log: 'it is up' }, 'echo it is up'],
  ])('%s', async (_, ready, sign) => {
    const command = sh(`id -u; ${sign}; exec sleep 1000`)
    const b = { command, user: '65534', group: '65534', ready }
    const env = { NOTIFIES: compileFixture('notifies') }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { env })
    await becomesReady(pitcrew)
    await pitcrew.line('[a] up')
    await pitcrew.line('[b] 65534')
    await end(pitcrew)
  })
})

describe('a daemon that is not ready in time', () => {
  const ready = { log: 'never', timeout: '60ms' }

  test('is stopped and restarted by the policy', async () => {
    const b = { ...long, ready, restart: { backoff: '1ms' } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    expect(await pitcrew.line('b: not ready in time')).toMatch(
      /^pitcrew: b: not ready in time, pid \d+, run 1, after \d+ ms: stopping it; restarting in \d ms$/,
    )
    await pitcrew.line(/b: stopped: signal TERM, pid \d+, run 1/)
    await pitcrew.line('not ready in time, pid', pitcrew.lines.length)
    expectNotReady(pitcrew)
    pitcrew.signal('SIGTERM')
    await pitcrew.exitCode()
  })

  test('stays down with the policy never, and has failed', async () => {
    await using pitcrew = new Pitcrew({
      daemons: { a: long, b: { ...long, ready, restart: 'never' } },
    })
    await pitcrew.line('b: not ready in time')
    await pitcrew.line('b: stopped')
    await end(pitcrew, 1)
    const { daemons } = pitcrew.exitReport() as unknown as { daemons: { ended: string }[] }
    expect(daemons[1]).toMatchObject({
      ended: 'not ready in time',
      lastDeath: { cause: 'not ready in time' },
    })
  })

  test('is killed if it ignores TERM, and no process of it is left when the next run begins', async () => {
    const stubborn = sh(`trap '' TERM; setsid sleep 1000 & echo up; while :; do sleep 1; done`)
    const b = { command: stubborn, ready, stop: { grace: '50ms' }, restart: { backoff: '1ms' } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await pitcrew.line('b: stopped: signal KILL')
    await pitcrew.linesWith('[b] up', 2)
    expect(pidsOf(pitcrew, 'b')).toHaveLength(2)
    pitcrew.signal('SIGTERM')
    await pitcrew.exitCode()
  })
})
