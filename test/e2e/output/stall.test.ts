/** Nobody reads stdout for a while: what matters is read all the same, and the stall is named. FAULTS 47a. */
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { DaemonStatus, StatusAnswer } from '../../../src/control/protocol/status.ts'
import { Channel } from '../support/channel.ts'
import { jsonAnswer, runVerb } from '../support/cli.ts'
import { sh } from '../support/pitcrew.ts'

const flood = { command: ['yes', 'y'.repeat(500)] }
const go = 'until [ -e "$PITCREW_STATE_DIR/go" ]; do sleep 0.01; done'

/** The first status of a daemon that is like this. */
async function seen(
  pitcrew: Channel,
  name: string,
  isLikeThis: (status: DaemonStatus) => boolean,
): Promise<DaemonStatus> {
  for (;;) {
    const { daemons } = await jsonAnswer<StatusAnswer>(pitcrew, 'status')
    const found = daemons.find((daemon) => daemon.name === name)
    if (found !== undefined && isLikeThis(found)) return found
  }
}

/** pitcrew has noticed that nobody reads. */
async function stalled(pitcrew: Channel): Promise<string> {
  for (;;) {
    const { out } = await runVerb(pitcrew, 'status')
    if (out[0]?.includes(', stdout stalled for ')) return out[0]
  }
}

async function explained(pitcrew: Channel, name: string): Promise<string> {
  return (await runVerb(pitcrew, 'explain', name)).out.join('\n')
}

describe('a daemon that is ready by a line of its output, while stdout is stalled', () => {
  test('becomes ready, and the line is printed when the reader is back', async () => {
    const web = { command: sh(`${go}; echo now listening; exec sleep 1000`) }
    await using pitcrew = new Channel('pipe,paused', {
      daemons: { flood, web: { ...web, ready: { log: 'listening' } } },
    })
    await pitcrew.untilFull()
    await seen(pitcrew, 'web', ({ state }) => state === 'running')
    touch(pitcrew)
    const { status } = await runVerb(pitcrew, 'wait', 'web', '--for', 'ready', '--timeout', '10s')
    expect(status).toBe(0)
    expect((await runVerb(pitcrew, 'logs', 'web')).out).toEqual(['[web] now listening'])
    pitcrew.send('resume')
    await pitcrew.line('[web] now listening')
    expect(pitcrew.lines.filter((line) => line.includes('now listening'))).toHaveLength(1)
  })

  test('has its line found behind an unfinished one, and no byte is lost or doubled', async () => {
    const before = 'printf begun'
    const web = { command: sh(`${before}; ${go}; seq 3000; echo listening; exec sleep 1000`) }
    await using pitcrew = new Channel('pipe,paused', {
      daemons: { flood, web: { ...web, ready: { log: 'listening' } } },
    })
    await pitcrew.untilFull()
    touch(pitcrew)
    await runVerb(pitcrew, 'wait', 'web', '--for', 'ready')
    pitcrew.send('resume')
    await pitcrew.line('[web] listening')
    const said = pitcrew.lines.filter((line) => line.startsWith('[web] '))
    const numbers = Array.from({ length: 2999 }, (_, index) => `[web] ${index + 2}`)
    expect(said).toEqual(['[web] begun1', ...numbers, '[web] listening'])
  })

  test('is not ended for lack of its sign when there is no room to read on', async () => {
    // Its sign is behind more than is kept: the time does not run until it can be read.
    const web = { command: sh('seq 100000; echo listening; exec sleep 1000') }
    await using pitcrew = new Channel('pipe,paused', {
      daemons: { flood, web: { ...web, ready: { log: 'listening', timeout: '1500ms' } } },
    })
    await pitcrew.untilFull()
    await stalled(pitcrew)
    const text = await explained(pitcrew, 'web')
    expect(text).toMatch(/stdout has been stalled for .*: the reader of pitcrew's stdout does not/)
    expect(text).toContain('its timeout is suspended during the stall')
    const isLate = ({ uptimeMs }: DaemonStatus): boolean => (uptimeMs ?? 0) > 1700
    expect(await seen(pitcrew, 'web', isLate)).toMatchObject({ state: 'running', run: 1 })
    pitcrew.send('resume')
    await pitcrew.line(/^pitcrew: web: ready after .* \(run 1\)$/)
    await pitcrew.line('pitcrew: stdout goes on: it took nothing for ')
  })
})

test('the last lines of a daemon that dies while stdout is stalled are known', async () => {
  const web = { command: sh(`${go}; seq 5; exit 3`), restart: 'never' }
  await using pitcrew = new Channel('pipe,paused', { daemons: { flood, web } })
  await pitcrew.untilFull()
  touch(pitcrew)
  await seen(pitcrew, 'web', ({ state }) => state === 'failed')
  expect(await explained(pitcrew, 'web')).toContain('its last line: 5')
})

test('a stall is named in status, in explain and in the journal, and so is its end', async () => {
  await using pitcrew = new Channel('pipe,paused', { daemons: { flood } })
  await pitcrew.untilFull()
  const head = await stalled(pitcrew)
  expect(head).toMatch(/^pitcrew: 1 daemon, 1 ready, stdout stalled for [\d.]+ m?s, up /)
  const { outputStall } = await jsonAnswer<StatusAnswer>(pitcrew, 'status')
  expect(outputStall?.why).toBe("the reader of pitcrew's stdout does not read, and it is full")
  expect(outputStall?.forMs).toBeGreaterThanOrEqual(1000)
  expect(await explained(pitcrew, 'flood')).toContain("check the reader of pitcrew's stdout")
  pitcrew.send('resume')
  await pitcrew.line('pitcrew: stdout goes on')
  const { out } = await runVerb(pitcrew, 'events')
  const told = out.filter((line) => line.includes('stdout ')).map((line) => line.slice(34))
  expect(told).toEqual([
    "stdout is stalled: the reader of pitcrew's stdout does not read, and it is full",
    expect.stringMatching(/^stdout goes on: it took nothing for /),
  ])
  expect((await jsonAnswer<StatusAnswer>(pitcrew, 'status')).outputStall).toBeNull()
})

test('a shutdown in a stall is over 250 ms after its daemons, and its report knows the loss', async () => {
  await using pitcrew = new Channel('pipe,paused', { daemons: { flood } })
  await pitcrew.untilFull()
  await stalled(pitcrew)
  const askedAtMs = performance.now()
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  // The deadline is 9 s.
  expect(performance.now() - askedAtMs).toBeLessThan(3000)
  const [, bytes, lines] =
    /(\d+) bytes of output \((\d+) lines\)/.exec(pitcrew.errors.join('\n')) ?? []
  expect(Number(bytes)).toBeGreaterThan(10_000)
  expect(pitcrew.exitReport().output).toEqual({
    lostBytes: Number(bytes),
    lostLines: Number(lines),
  })
})

test('until its end pitcrew answers who asks', async () => {
  await using pitcrew = new Channel('pipe,paused', { daemons: { flood } })
  await pitcrew.untilFull()
  await stalled(pitcrew)
  pitcrew.signal('SIGTERM')
  const { out } = await runVerb(pitcrew, 'status')
  expect(out[0]).toMatch(/^pitcrew: 1 daemon, /)
  expect(await pitcrew.exitCode()).toBe(0)
})

/** The daemon may go on. */
function touch({ folder }: Channel): void {
  writeFileSync(`${folder}/go`, '')
}
