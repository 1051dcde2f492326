/** docs/PROTOCOL.md is true: each of its verbs, fields, clients and examples is tried on the
 *  real binary. The page is generated from the tables (test/control/protocol.test.ts), which are
 *  not used here otherwise. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { VerbName } from '../../../src/control/protocol/verbs.ts'
import { errorCodes } from '../../../src/errors.ts'
import {
  type ControlClient,
  connectControl,
  socketPath,
  tryConnect,
} from '../support/control-client.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { Program } from '../support/program.ts'
import {
  type Field,
  mismatches,
  pageCodes,
  pageExamples,
  pageVerbs,
  section,
} from '../support/protocol-page.ts'

const isRoot = process.getuid?.() === 0
const long = { command: sh('echo up; exec sleep 1000') }
/** They need configuration files: see test/e2e/apply and test/control/operations. */
const operations = ['apply', 'rollback', 'reload', 'confirm', 'revoke', 'history']
const verbs = pageVerbs().filter(({ name }) => !operations.includes(name))
const named = verbs.map((verb) => [verb.name, verb] as const)

/** A daemon that relays between its own clients and its PITCREW_FD. */
const relays = `const net = require('net')
const own = new net.Socket({ fd: Number(process.env.PITCREW_FD) })
net.createServer((other) => { other.pipe(own); own.pipe(other); console.log('joined') })
  .listen(process.env.PITCREW_STATE_DIR + '/relay', () => console.log('relays'))`
const relay = { command: [process.execPath, '-e', relays] }

/** Connects, sends its arguments after the first line, and prints the answers. */
const clientScript = `const socket = require('net').connect(process.argv[1])
socket.on('data', (text) => process.stdout.write(text)).on('close', () => console.log('closed'))
socket.on('error', () => {})
// After a write to a closed connection its last line could be lost.
socket.once('data', () => { for (const line of process.argv.slice(2)) socket.write(line + '\\n') })`

/** The values that are sent for fields: names of existing objects. */
const given: Readonly<Record<string, unknown>> = {
  daemon: 'web',
  daemons: ['web'],
  ticket: 1,
  request: 1,
  text: 'STATUS=here',
  for: 'started',
  since: '1-1',
}

function toSend({ name, type: is }: Field): unknown {
  if (name in given) return given[name]
  if (is === 'true or false') return false
  if (is.startsWith('text, ')) return 'some words'
  if (is.startsWith('milliseconds from 1 ')) return 5000
  if (/^(milliseconds|from 0)/.test(is)) return 1
  throw new Error(`no value is known for "${name}": ${is}`)
}

function required(args: readonly Field[]): Record<string, unknown> {
  const fields = args.filter(({ mayBeAbsent }) => !mayBeAbsent)
  return Object.fromEntries(fields.map((field) => [field.name, toSend(field)]))
}

/** With a daemon that relays, and a ticket with the number 1. */
async function start(access = 'look'): Promise<Pitcrew> {
  const pitcrew = new Pitcrew({ daemons: { web: long, agent: { ...relay, control: access } } })
  await pitcrew.line('[agent] relays')
  using client = await connectControl(pitcrew)
  await client.done('restart', { daemon: 'web' })
  return pitcrew
}

async function asDaemon(pitcrew: Pitcrew): Promise<ControlClient> {
  const client = await tryConnect(join(pitcrew.folder, 'relay'))
  if (client === null) throw new Error('no relay answers')
  await pitcrew.line('[agent] joined')
  return client
}

/** A client that may use the verb. */
function permitted(pitcrew: Pitcrew, { needs }: { needs: string }): Promise<ControlClient> {
  return needs === 'to be a daemon' ? asDaemon(pitcrew) : connectControl(pitcrew)
}

test('the page is parsed: no part of it is empty', () => {
  expect(verbs.length).toBeGreaterThan(10)
  expect(verbs.filter(({ needs }) => needs === '')).toEqual([])
  expect(verbs.flatMap(({ done }) => done).some(({ fields }) => fields.length > 1)).toBe(true)
  expect(mismatches({ a: 1 }, [], 'x')).toEqual(['x.a: not on the page'])
  const some: Field = { name: 'a', type: 'true or false', mayBeAbsent: false, fields: [] }
  expect(mismatches({ a: 1 }, [some], 'x')).toEqual(['x.a: 1 is not true or false'])
})

describe.each(named)('%s', (name, verb) => {
  const { args, item, done } = verb
  const asked = name as VerbName

  /** How an answer differs from the page. */
  async function differences(client: ControlClient, wanted: object): Promise<string[]> {
    const id = client.send(asked, wanted)
    const answer = await client.answer(id)
    expect(answer.failed).toBeUndefined()
    const items = item.length === 0 ? [] : client.items(id)
    expect(items.length > 0).toBe(item.length > 0)
    return [
      ...items.flatMap((one) => mismatches(one, item, 'item')),
      ...mismatches(answer.done, done, 'done'),
    ]
  }

  test('with only its required fields it answers exactly as the page says', async () => {
    await using pitcrew = await start()
    using client = await permitted(pitcrew, verb)
    expect(await differences(client, required(args))).toEqual([])
  })

  test('each field is accepted, may be absent if the page says so, and no other is known', async () => {
    await using pitcrew = await start()
    using client = await permitted(pitcrew, verb)
    const refused = (wrong: object): unknown => client.failed(asked, wrong)
    const needed = required(args)
    expect(await refused({ ...needed, undocumented: 1 })).toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('unknown "undocumented"'),
    })
    for (const field of args) {
      const { name: key, mayBeAbsent } = field
      const wrong = { ...needed, [key]: { no: 'such value' } }
      expect(await refused(wrong)).toMatchObject({
        code: 'REQUEST_INVALID',
        message: expect.stringContaining(`${key}: expected`),
      })
      if (mayBeAbsent) continue
      const { [key]: _, ...without } = needed
      expect(await refused(without)).toMatchObject({ code: 'REQUEST_INVALID' })
    }
    const all = Object.fromEntries(args.map((field) => [field.name, toSend(field)]))
    expect(await differences(client, all)).toEqual([])
  })
})

test('access: an operator', async () => {
  await using pitcrew = await start()
  using client = await connectControl(pitcrew)
  for (const { name, needs } of verbs) {
    // Access is checked before the arguments.
    const { code } = await client.failed(name as VerbName, { undocumented: 1 })
    const wanted = needs === 'to be a daemon' ? 'NOT_PERMITTED' : 'REQUEST_INVALID'
    expect([name, code]).toEqual([name, wanted])
  }
})

test.each(['look', 'operate'])('access: a daemon with "control: %s"', async (access) => {
  await using pitcrew = await start(access)
  using client = await asDaemon(pitcrew)
  for (const { name, needs } of verbs) {
    const { code } = await client.failed(name as VerbName, { undocumented: 1 })
    const isRefused = needs === 'operate' && access === 'look'
    expect([name, code]).toEqual([name, isRefused ? 'NOT_PERMITTED' : 'REQUEST_INVALID'])
  }
  expect(client.greeting).toMatchObject({ access, daemon: 'agent' })
})

test.skipIf(!isRoot)('access: another user gets one line for all requests', async () => {
  await using pitcrew = await start()
  chmodSync(pitcrew.folder, 0o755)
  chmodSync(socketPath(pitcrew), 0o777)
  const lines = verbs.map(({ name, args }, id) =>
    JSON.stringify({ id, verb: name, args: required(args) }),
  )
  const words = [
    'setpriv',
    '--reuid',
    '1234',
    '--clear-groups',
    process.execPath,
    '-e',
    clientScript,
  ]
  const env = { PATH: process.env.PATH }
  const otherUser = new Program([...words, socketPath(pitcrew), ...lines], { env })
  await otherUser.line('closed')
  const [refusal = '', ...more] = otherUser.lines
  expect(JSON.parse(refusal)).toMatchObject({ id: null, failed: { code: 'NOT_PERMITTED' } })
  expect(more).toEqual(['closed'])
  using operator = await connectControl(pitcrew)
  expect(await operator.done('status')).toMatchObject({ daemons: [{ run: 2 }, { run: 1 }] })
})

test('its examples match: the greeting, a request, and the shape of a failure', async () => {
  await using pitcrew = new Pitcrew({ daemons: { web: long } })
  using client = await connectControl(pitcrew)
  const [greeting = {}, request = {}, answer = {}, failed = {}] = pageExamples()
  expect(Object.keys(client.greeting ?? {})).toEqual(Object.keys(greeting))
  client.write(`${JSON.stringify(request)}\n`)
  const { done } = await client.answer(1)
  const { ticket, ...shown } = answer.done as Record<string, unknown>
  expect(done).toMatchObject(shown)
  expect(typeof done?.ticket).toBe(typeof ticket)
  const { message, ...sure } = failed.failed as Record<string, unknown>
  expect(await client.failed('restart', { daemon: 'wep' })).toMatchObject(sure)
  expect(message).toContain('wep')
})

test('its limits hold: a line of 64 KiB, 1024 open requests', async () => {
  const text = section('Limits')
  const kib = Number(/at most (\d+) KiB/.exec(text)?.[1])
  const open = Number(/(\d+) open requests/.exec(text)?.[1])
  await using pitcrew = new Pitcrew({ daemons: { web: long } })
  using client = await connectControl(pitcrew)
  const status = '{"id":1,"verb":"status"}'
  client.write(`${' '.repeat(kib * 1024 - status.length)}${status}\n`)
  expect((await client.answer(1)).done).toBeDefined()
  const ids = Array.from({ length: open }, () =>
    client.send('wait', { daemon: 'web', for: 'stopped' }),
  )
  expect(await client.failed('status')).toMatchObject({ code: 'BUSY' })
  expect(client.lines.filter(({ id }) => ids.includes(id ?? 0))).toEqual([])
  client.write(`${' '.repeat(kib * 1024 + 1)}${status}\n`)
  expect((await client.answer(null)).failed).toMatchObject({ code: 'REQUEST_INVALID' })
  await client.closed
})

test('its codes and exit statuses are those of the program', () => {
  expect(Object.fromEntries(pageCodes())).toEqual(errorCodes)
})
