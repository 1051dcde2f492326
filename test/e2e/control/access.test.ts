/** FAULTS 34: "A caller without the right: refused before anything is parsed; it learns
 *  nothing." DESIGN §7: "A process inside a daemon's session may look and speak for itself, and
 *  operate only under `control: operate`". */
import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import { connectControl, socketPath } from '../support/control-client.ts'
import { fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import { Program } from '../support/program.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const isRoot = process.getuid?.() === 0

/** Connects, sends its two arguments and prints the answers: over a path, or over an inherited
 *  descriptor. */
const clientScript = `const net = require('net')
const { PITCREW_FD: fd, SOCKET: path } = process.env
const socket = path ? net.connect(path) : new net.Socket({ fd: Number(fd) })
socket.on('data', (text) => process.stdout.write(text)).on('close', () => console.log('closed'))
socket.on('error', (error) => error.code !== 'EPIPE' && console.log(error.code))
const speak = () => socket.write('{"id":1,"verb":"status"}\\n{"id":2,"verb":"restart","args":{"daemon":"a"}}\\n')
// Over a path it waits for the first line: after a write to a closed connection that line could be lost.
if (path) socket.once('data', speak)
else speak()`

function caller(): { command: string[]; env?: object } {
  return { command: [process.execPath, '-e', clientScript] }
}

/** The JSON lines that a daemon has printed. */
function jsonLines(pitcrew: Program, name: string): Record<string, unknown>[] {
  return pitcrew.lines
    .filter((line) => line.startsWith(`[${name}] {`) && !line.includes('"item":'))
    .map((line) => JSON.parse(line.slice(name.length + 3)))
}

test.skipIf(!isRoot)('another user gets one line, and its requests are ignored', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  using operator = await connectControl(pitcrew)
  await pitcrew.line('[a] up')
  // The modes are too open.
  chmodSync(pitcrew.folder, 0o755)
  chmodSync(socketPath(pitcrew), 0o777)
  const wrap = [
    'setpriv',
    '--reuid',
    '1234',
    '--clear-groups',
    process.execPath,
    '-e',
    clientScript,
  ]
  const otherUser = new Program(wrap, {
    env: { PATH: process.env.PATH, SOCKET: socketPath(pitcrew) },
  })
  await otherUser.line('closed')
  expect(otherUser.lines.map((line) => line.replace(/,"message".*/, ''))).toEqual([
    '{"id":null,"failed":{"code":"NOT_PERMITTED"',
    'closed',
  ])
  expect(await operator.done('status')).toMatchObject({ daemons: [{ run: 1 }] })
})

test.skipIf(!isRoot)('with its own modes the socket is out of reach for another user', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  await pitcrew.line('[a] up')
  chmodSync(pitcrew.folder, 0o755)
  const wrap = [
    'setpriv',
    '--reuid',
    '1234',
    '--clear-groups',
    process.execPath,
    '-e',
    clientScript,
  ]
  const otherUser = new Program(wrap, {
    env: { PATH: process.env.PATH, SOCKET: socketPath(pitcrew) },
  })
  await otherUser.line('closed')
  expect(otherUser.lines).toEqual(['EACCES', 'closed'])
})

test('a daemon has access "look" over its own connection, which identifies it', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { a: long, viewer: { ...caller(), control: 'look', after: ['a'] } },
  })
  await pitcrew.line('[viewer] {"id":2')
  expect(jsonLines(pitcrew, 'viewer')).toMatchObject([
    { pitcrew: 1, access: 'look', daemon: 'viewer' },
    { id: 1, done: { name: 'pitcrew' } },
    { id: 2, failed: { code: 'NOT_PERMITTED' } },
  ])
})

test.skipIf(!isRoot)(
  'a daemon with "control: operate" has access "operate", whatever its user',
  async () => {
    await using pitcrew = new Pitcrew({
      daemons: {
        a: long,
        agent: { ...caller(), control: 'operate', user: 1234, group: 1234, after: ['a'] },
      },
    })
    await pitcrew.line('[agent] {"id":2')
    expect(jsonLines(pitcrew, 'agent')).toMatchObject([
      { access: 'operate', daemon: 'agent' },
      { id: 1 },
      { id: 2, done: { outcome: 'done', by: expect.stringContaining('daemon agent') } },
    ])
    await pitcrew.line(/a: restart \(daemon agent.*\): done/)
  },
)

test('a daemon without "control:" has no connection, and access "look" over the socket', async () => {
  const script = `[ -z "$PITCREW_FD" ] && echo none; SOCKET="$PITCREW_RUN_DIR/pitcrew.sock" exec "$0" -e "$1"`
  const command = ['/bin/sh', '-c', script, process.execPath, clientScript]
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: { command, after: ['a'] } } })
  await pitcrew.line('[b] none')
  await pitcrew.line('[b] {"id":2')
  expect(jsonLines(pitcrew, 'b')).toMatchObject([
    { access: 'look', daemon: 'b' },
    { id: 1 },
    { id: 2, failed: { code: 'NOT_PERMITTED' } },
  ])
})

test('a process that a daemon leaves behind in another session belongs to the daemon', async () => {
  const script = `SOCKET="$PITCREW_RUN_DIR/pitcrew.sock" setsid "$0" -e "$1" & exec sleep 1000`
  const command = ['/bin/sh', '-c', script, process.execPath, clientScript]
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: { command, after: ['a'] } } })
  await pitcrew.line('[b] {"id":2')
  expect(jsonLines(pitcrew, 'b')[0]).toMatchObject({ access: 'look', daemon: 'b' })
})

test('a daemon that leaves its group, session, mark and parents cannot restart its guard', async () => {
  const sheds = `ulimit -S -m 12345; export SOCKET="$PITCREW_RUN_DIR/pitcrew.sock"
    (setsid sh ${fixtures}/hostile/hostile-orphan.sh $PPID "$0" -e "$1" &); exec sleep 1000`
  const command = [...sh(sheds), process.execPath, clientScript]
  await using pitcrew = new Pitcrew({ daemons: { a: long, sheds: { command, after: ['a'] } } })
  await pitcrew.line('[sheds] {"id":2')
  expect(jsonLines(pitcrew, 'sheds')).toMatchObject([
    { access: 'look', daemon: null },
    { id: 1, done: { name: 'pitcrew' } },
    { id: 2, failed: { code: 'NOT_PERMITTED' } },
  ])
})
