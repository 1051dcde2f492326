/** Each verb of the control socket, in the real binary with real daemons. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { verbs } from '../../../src/control/protocol/verbs.ts'
import { connectControl } from '../support/control-client.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { pidsOf } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const awaitsGo = sh(
  'mkfifo "$PITCREW_STATE_DIR/go"; echo up; read -r _ < "$PITCREW_STATE_DIR/go"; echo >&3; exec sleep 1000',
)
const sendsGo = sh(
  'until [ -p "$PITCREW_STATE_DIR/go" ]; do sleep 0.01; done; echo > "$PITCREW_STATE_DIR/go"; exec sleep 1000',
)

test('the greeting', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  using client = await connectControl(pitcrew)
  expect(client.greeting).toMatchObject({
    pitcrew: 1,
    name: 'pitcrew',
    access: 'operate',
    daemon: null,
  })
  expect(client.greeting?.pid).toBeGreaterThan(0)
})

test('status', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: { ...long, after: ['a'] } } })
  await pitcrew.line('[b] up')
  using client = await connectControl(pitcrew)
  const status = await client.done('status', { usage: true })
  const [pid] = pidsOf(pitcrew, 'a')
  expect(status).toMatchObject({
    name: 'pitcrew',
    stopping: null,
    daemons: [{ name: 'a', state: 'ready', run: 1, pid, restarts: 0 }, { name: 'b' }],
  })
  expect(status.daemons).toMatchObject([{ usage: { processes: 1 } }, { usage: { processes: 1 } }])
})

test('stop, explain, start', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: long } })
  await pitcrew.line('[a] up')
  using client = await connectControl(pitcrew)
  const [pid] = pidsOf(pitcrew, 'a')
  expect(await client.done('stop', { daemon: 'a', why: 'deploy' })).toMatchObject({
    outcome: 'done',
    old: { run: 1, pid },
    now: null,
  })
  const { why } = await client.done('explain', { daemon: 'a' })
  expect((why as string[])[0]).toMatch(/^a was stopped by uid 0.* \(deploy\)$/)
  expect(await client.done('start', { daemon: 'a' })).toMatchObject({ now: { run: 2 } })
  await pitcrew.linesWith('[a] up', 2)
})

test('restart: its outcome, and its events', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: long } })
  await pitcrew.line('[a] up')
  using client = await connectControl(pitcrew)
  const { old, now, ticket } = await client.done('restart', { daemon: 'a' })
  await pitcrew.linesWith('[a] up', 2)
  expect([old, now].map((run) => (run as { pid: number }).pid)).toEqual(pidsOf(pitcrew, 'a'))
  await pitcrew.line(/a: restart \(uid 0.*\): done in/)
  expect(await client.done('ticket', { ticket })).toMatchObject({
    verb: 'restart',
    outcome: 'done',
  })
})

test('start: a failure has its reason and the last lines', async () => {
  const fails = sh('echo "cannot find my keys"; exit 3')
  await using pitcrew = new Pitcrew({
    daemons: { a: long, b: { command: fails, restart: 'never', ready: { fd: 3 } } },
  })
  await pitcrew.line('b: died')
  using client = await connectControl(pitcrew)
  expect(await client.failed('start', { daemon: 'b' })).toMatchObject({
    code: 'FAILED',
    message: 'cannot start b: exit code 3 before it was ready',
    lastLines: ['cannot find my keys'],
  })
})

test('wait: until a daemon reports that it is ready', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { a: { command: awaitsGo, ready: { fd: 3 } }, go: { command: sendsGo } },
  })
  using client = await connectControl(pitcrew)
  expect(await client.done('wait', { daemon: 'a', for: 'ready', timeoutMs: 9000 })).toMatchObject({
    state: 'ready',
    run: 1,
  })
})

test('wait: a timeout, with progress before it', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { a: { command: sh('exec sleep 1000'), ready: { fd: 3 } } },
  })
  using client = await connectControl(pitcrew)
  const id = client.send('wait', { daemon: 'a', timeoutMs: 1100, progress: true })
  expect((await client.answer(id)).failed).toMatchObject({ code: 'TIMED_OUT' })
  expect(client.lines.filter(({ progress }) => progress !== undefined)).toMatchObject([
    { id, progress: { daemon: 'a', state: 'running' } },
  ])
})

test('events: past events, then new ones, until cancelled', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: long } })
  await pitcrew.line('[b] up')
  using client = await connectControl(pitcrew)
  const id = client.send('events', { follow: true, daemons: ['a'] })
  await client.done('restart', { daemon: 'a' })
  await client.until('its end', () => client.items(id).find(({ type }) => type === 'ticket'))
  expect(client.items(id).map(({ type }) => type)).toEqual([
    'started',
    'stopped',
    'started',
    'ticket',
  ])
  expect(await client.done('cancel', { request: id })).toEqual({ cancelled: true })
  expect((await client.answer(id)).done).toMatchObject({ missed: false })
})

test('logs: lines after the answer', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { a: long, b: { command: sh('seq 3; exec sleep 1000') } },
  })
  await pitcrew.linesWith('[b] 3', 1)
  using client = await connectControl(pitcrew)
  expect(await client.done('logs', { daemons: ['b'] })).toEqual({ stream: 'lines' })
  await client.closed
  expect(client.texts.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
    'b 1',
    'b 2',
    'b 3',
    '. end',
  ])
})

test('notify: a daemon reports its state over its PITCREW_FD', async () => {
  const request = { id: 1, verb: 'notify', args: { text: 'READY=1\nSTATUS=warm' } }
  const script = `require('fs').writeSync(Number(process.env.PITCREW_FD), process.argv[1] + '\\n')
    setInterval(() => {}, 1000)`
  const speaks = [process.execPath, '-e', script, JSON.stringify(request)]
  await using pitcrew = new Pitcrew({
    daemons: { a: { command: speaks, ready: 'notify', control: 'look' } },
  })
  await pitcrew.line('a: ready')
  using client = await connectControl(pitcrew)
  expect(await client.done('status')).toMatchObject({
    daemons: [{ state: 'ready', status: 'warm' }],
  })
})

test('shutdown: the answer has the exit code, then pitcrew ends', async () => {
  const fails = sh('trap "exit 7" TERM; echo up; while :; do sleep 0.05; done')
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: { command: fails } } })
  await pitcrew.line('[b] up')
  using client = await connectControl(pitcrew)
  expect(await client.done('shutdown', { why: 'the day is over' })).toMatchObject({
    outcome: 'done',
    exitCode: 7,
  })
  await client.closed
  expect(await pitcrew.exitCode()).toBe(7)
  await pitcrew.line(/shutdown \(uid 0.*\): the day is over: stopping 2 daemons/)
})

/** Those with tests of their own in test/e2e/apply. */
const elsewhere = ['apply', 'rollback', 'reload', 'confirm', 'revoke', 'history']

test('every verb has a test here', () => {
  const text = readFileSync(import.meta.filename, 'utf8')
  expect(
    Object.keys(verbs).filter((verb) => !text.includes(`'${verb}'`) && !elsewhere.includes(verb)),
  ).toEqual([])
})
