/** A bug must not become an outage, in and around the control plane: its clients get a failure
 *  or are closed, the daemons go on, the next client is served, and TERM ends everything. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type ControlClient,
  connectControl,
  socketPath,
  tryConnect,
} from '../support/control-client.ts'
import { compileFixture, Pitcrew, root, sh } from '../support/pitcrew.ts'

const planted = join(root, 'build/pitcrew-faults-control')
const broken = join(root, 'build/pitcrew-broken-control')
const calm = { command: sh('echo up; exec sleep 1000') }
const bundle = { daemons: { a: calm, b: calm } }

function build(...args: string[]): void {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), ...args], { stdio: 'pipe' })
}

beforeAll(() => {
  build('--faults', '--out', planted)
  build('--control', 'test/e2e/support/broken-control-entry.ts', '--out', broken)
}, 120_000)

async function endsWell(pitcrew: Pitcrew): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.filter((line) => line.includes('b: died'))).toEqual([])
}

const faults = ['throw', 'loop', 'memory']

describe.each(faults)('a bug (%s)', (fault) => {
  const places = [
    'host-client',
    'host-line',
    'host-client-gone',
    'host-helper',
    'elapsed-journal',
    'elapsed-control',
    'request',
    'perform-accepted',
  ]
  test.each(places)('at %s costs at most a connection', async (place) => {
    const env = { PITCREW_FAULTS: `${fault}:${place}` }
    await using pitcrew = new Pitcrew(bundle, { program: planted, env })
    await pitcrew.linesWith('] up', 2)
    // Send before the greeting, which may be lost.
    const first = (await tryConnect(socketPath(pitcrew))) as ControlClient
    first.send('restart', { daemon: 'a' })
    first.send('wait', { daemon: 'b', for: 'stopped', timeoutMs: 1 })
    await first.until('an end', () => first.lines.length >= 2 || undefined).catch(() => {})
    first.hangUp()
    await pitcrew.line('internal error')
    using client = await connectControl(pitcrew)
    expect(await client.done('restart', { daemon: 'a' })).toMatchObject({ outcome: 'done' })
    await endsWell(pitcrew)
  })

  test('in the control plane costs its clients their connection', async () => {
    await using pitcrew = new Pitcrew(bundle, { program: broken })
    await pitcrew.linesWith('] up', 2)
    const [bad, other] = [await connectControl(pitcrew), await connectControl(pitcrew)]
    const id = other.send('wait', { daemon: 'a', for: 'stopped' })
    bad.write(`${fault}\n`)
    expect((await other.answer(null)).failed).toMatchObject({ code: 'INTERNAL' })
    await Promise.all([bad.closed, other.closed])
    expect(other.lines.some((line) => line.id === id)).toBe(false)
    using client = await connectControl(pitcrew)
    expect(await client.done('restart', { daemon: 'a' })).toMatchObject({ outcome: 'done' })
    await endsWell(pitcrew)
  })
})

test('a control plane that always breaks affects no daemon', async () => {
  const env = { PITCREW_FAULTS: 'throw:host-line:always' }
  await using pitcrew = new Pitcrew(bundle, { program: planted, env })
  await pitcrew.linesWith('] up', 2)
  for (let times = 0; times < 3; times++) {
    const client = await connectControl(pitcrew)
    client.send('shutdown')
    expect((await client.answer(null)).failed).toMatchObject({ code: 'INTERNAL' })
    await client.closed
  }
  await endsWell(pitcrew)
})

/** FAULTS 43. */
test.each(['host-line', 'host-client'])(
  "a daemon's own connection survives a bug at %s, and READY=1 over it is not lost",
  async (place) => {
    const ask = '{"id":1,"verb":"notify","args":{"text":"READY=1"}}'
    // The fixture reads a line for each line that it sends: a failure, or a greeting and an answer.
    const script = `"$CALLS" "$PITCREW_FD" '${ask}' '${ask}' '${ask}' '${ask}'; exec sleep 1000`
    const daemons = { web: { command: sh(script), ready: 'notify', control: 'look' } }
    const env = { PITCREW_FAULTS: `throw:${place}`, CALLS: compileFixture('control-client') }
    await using pitcrew = new Pitcrew({ daemons }, { program: planted, env })
    await pitcrew.line('[web] {"id":null,"failed":{"code":"INTERNAL"')
    await pitcrew.line('web: ready')
    await pitcrew.line('[web] {"id":1,"done":{}}')
  },
)
