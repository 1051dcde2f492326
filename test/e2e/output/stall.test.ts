/** While stdout is stalled, readiness lines and last lines are read all the same, and the stall
 *  is reported. FAULTS 47a. */
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { DaemonStatus, StatusAnswer } from '../../../src/control/protocol/status.ts'
import { Channel } from '../support/channel.ts'
import { jsonAnswer, runVerb } from '../support/cli.ts'
import { sh } from '../support/pitcrew.ts'

const flood = { command: ['yes', 'y'.repeat(500)] }
const go = 'until [ -e "$PITCREW_STATE_DIR/go" ]; do sleep 0.01; done'

/** Waits until the status of a daemon satisfies the condition. */
async function untilStatus(
  pitcrew: Channel,
  name: string,
  condition: (status: DaemonStatus) => boolean,
): Promise<DaemonStatus> {
  for (;;) {
    const { daemons } = await jsonAnswer<StatusAnswer>(pitcrew, 'status')
    const found = daemons.find((daemon) => daemon.name === name)
    if (found !== undefined && condition(found)) return found
  }
}

/** Waits until pitcrew reports the stall. */
async function untilStalled(pitcrew: Channel): Promise<string> {
  for (;;) {
    const { out } = await runVerb(pitcrew, 'status')
    if (out[0]?.includes(', stdout stalled for ')) return out[0]
  }
}

async function explanationOf(pitcrew: Channel, name: string): Promise<string> {
  return (await runVerb(pitcrew, 'explain', name)).out.join('\n')
}

describe('while stdout is stalled, a daemon with `ready: { log }`', () => {
  test('becomes ready, and the line is printed when the reader resumes', async () => {
    const web = { command: sh(`${go}; echo now listening; exec sleep 1000`) }
    await using pitcrew = new Channel('pipe,paused', {
      daemons: { flood, web: { ...web, ready: { log: 'listening' } } },
    })
    await pitcrew.untilFull()
    await untilStatus(pitcrew, 'web', ({ state }) => state === 'running')
    release(pitcrew)
    const { status } = await runVerb(pitcrew, 'wait', 'web', '--for', 'ready', '--timeout', '10s')
    expect(status).toBe(0)
    expect((await runVerb(pitcrew, 'logs', 'web')).out).toEqual(['[web] now listening'])
    pitcrew.send('resume')
    await pitcrew.line('[web] now listening')
    expect(pitcrew.lines.filter((line) => line.includes('now listening'))).toHaveLength(1)
  })

  test('becomes ready by a line that follows an incomplete one, and no byte is lost or duplicated', async () => {
    const before = 'printf begun'
    const web = { command: sh(`${before}; ${go}; seq 3000; echo listening; exec sleep 1000`) }
    await using pitcrew = new Channel('pipe,paused', {
      daemons: { flood, web: { ...web, ready: { log: 'listening' } } },
    })
    await pitcrew.untilFull()
    release(pitcrew)
    await runVerb(pitcrew, 'wait', 'web', '--for', 'ready')
    pitcrew.send('resume')
    await pitcrew.line('[web] listening')
    const printed = pitcrew.lines.filter((line) => line.startsWith('[web] '))
    const numbers = Array.from({ length: 2999 }, (_, index) => `[web] ${index + 2}`)
    expect(printed).toEqual(['[web] begun1', ...numbers, '[web] listening'])
  })

  test('does not time out while its line cannot be read for lack of room', async () => {
    // The line follows more output than is kept: the timeout is suspended until it can be read.
    const web = { command: sh('seq 100000; echo listening; exec sleep 1000') }
    await using pitcrew = new Channel('pipe,paused', {
      daemons: { flood, web: { ...web, ready: { log: 'listening', timeout: '1500ms' } } },
    })
    await pitcrew.untilFull()
    await untilStalled(pitcrew)
    const text = await explanationOf(pitcrew, 'web')
    expect(text).toMatch(/stdout has been stalled for .*: the reader of pitcrew's stdout does not/)
    expect(text).toContain('its timeout is suspended during the stall')
    const isLate = ({ uptimeMs }: DaemonStatus): boolean => (uptimeMs ?? 0) > 1700
    expect(await untilStatus(pitcrew, 'web', isLate)).toMatchObject({ state: 'running', run: 1 })
    pitcrew.send('resume')
    await pitcrew.line(/^pitcrew: web: ready after .* \(run 1\)$/)
    await pitcrew.line('pitcrew: stdout resumed after a stall of ')
  })
})

test('the last lines of a daemon that dies while stdout is stalled are kept', async () => {
  const web = { command: sh(`${go}; seq 5; exit 3`), restart: 'never' }
  await using pitcrew = new Channel('pipe,paused', { daemons: { flood, web } })
  await pitcrew.untilFull()
  release(pitcrew)
  await untilStatus(pitcrew, 'web', ({ state }) => state === 'failed')
  expect(await explanationOf(pitcrew, 'web')).toContain('its last line: 5')
})

test('a stall and its end are reported by status, explain and the journal', async () => {
  await using pitcrew = new Channel('pipe,paused', { daemons: { flood } })
  await pitcrew.untilFull()
  const head = await untilStalled(pitcrew)
  expect(head).toMatch(/^pitcrew: 1 daemon, 1 ready, stdout stalled for [\d.]+ m?s, up /)
  const { outputStall } = await jsonAnswer<StatusAnswer>(pitcrew, 'status')
  expect(outputStall?.why).toBe("the reader of pitcrew's stdout does not read, and it is full")
  expect(outputStall?.forMs).toBeGreaterThanOrEqual(1000)
  expect(await explanationOf(pitcrew, 'flood')).toContain("check the reader of pitcrew's stdout")
  pitcrew.send('resume')
  await pitcrew.line('pitcrew: stdout resumed')
  const { out } = await runVerb(pitcrew, 'events')
  const reported = out.filter((line) => line.includes('stdout ')).map((line) => line.slice(34))
  expect(reported).toEqual([
    "stdout is stalled: the reader of pitcrew's stdout does not read, and it is full",
    expect.stringMatching(/^stdout resumed after a stall of /),
  ])
  expect((await jsonAnswer<StatusAnswer>(pitcrew, 'status')).outputStall).toBeNull()
})

test('a shutdown in a stall ends 250 ms after its daemons, and the exit report counts the loss', async () => {
  await using pitcrew = new Channel('pipe,paused', { daemons: { flood } })
  await pitcrew.untilFull()
  await untilStalled(pitcrew)
  const requestedAtMs = performance.now()
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  // The deadline is 9 s.
  expect(performance.now() - requestedAtMs).toBeLessThan(3000)
  const [, bytes, lines] =
    /(\d+) bytes of output \((\d+) lines\)/.exec(pitcrew.errors.join('\n')) ?? []
  expect(Number(bytes)).toBeGreaterThan(10_000)
  expect(pitcrew.exitReport().output).toEqual({
    lostBytes: Number(bytes),
    lostLines: Number(lines),
  })
})

test('pitcrew answers clients until its end, also in a stall', async () => {
  await using pitcrew = new Channel('pipe,paused', { daemons: { flood } })
  await pitcrew.untilFull()
  await untilStalled(pitcrew)
  pitcrew.signal('SIGTERM')
  const { out } = await runVerb(pitcrew, 'status')
  expect(out[0]).toMatch(/^pitcrew: 1 daemon, /)
  expect(await pitcrew.exitCode()).toBe(0)
})

/** Lets the daemon continue. */
function release({ folder }: Channel): void {
  writeFileSync(`${folder}/go`, '')
}
