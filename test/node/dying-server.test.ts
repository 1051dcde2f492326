/** A server that dies after every byte of its answer, over real sockets: a waiting program gets the answer or NO_PITCREW,
 *  a verb of the binary its exit status. Nothing hangs, and a partial answer never counts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, PitcrewError } from '../../src/node/index.ts'
import { binary } from '../e2e/support/pitcrew.ts'
import { Program } from '../e2e/support/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'pitcrew-dying-'))
const path = join(folder, 'pitcrew.sock')
const atOnce = 40

const greeting = `${JSON.stringify({ pitcrew: 1, version: '0', name: 'x', pid: 1, access: 'operate', daemon: null })}\n`
const explained = { daemon: 'web', state: 'ready', why: ['web is réady'], remedies: [] }
const items = `{"id":1,"item":{"cursor":"1-1","words":"a"}}\n{"id":1,"item":{"cursor":"1-2","words":"b"}}\n`
const answers = {
  explain: `${greeting}{"id":1,"done":${JSON.stringify(explained)}}\n`,
  events: `${greeting}${items}{"id":1,"done":{"cursor":"1-2","missed":false}}\n`,
  logs: `${greeting}{"id":1,"done":{"stream":"lines"}}\n1763745470123 web one\n1763745470123 web two\n1763745470126 . end\n`,
}
type Verb = keyof typeof answers

let server: Server
/** The answer to the next connections: this many bytes of it, and then the end. */
let script: { text: Buffer; bytes: number }[] = []

beforeAll(async () => {
  server = createServer((socket) => {
    const { text, bytes } = script.shift() ?? { text: Buffer.alloc(0), bytes: 0 }
    socket.on('error', () => {})
    // The greeting comes at once, the rest after a request.
    const early = Math.min(bytes, greeting.length)
    socket.write(text.subarray(0, early), () => {
      if (bytes < greeting.length) return socket.destroySoon()
      socket.once('data', () => socket.end(text.subarray(early, bytes)))
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
})

afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

/** Dies after every number of bytes. */
async function atEachByte(
  verb: Verb,
  step: number,
  one: (isWhole: boolean) => Promise<void>,
): Promise<void> {
  const text = Buffer.from(answers[verb])
  const all = Array.from({ length: Math.ceil(text.length / step) }, (_, index) => index * step)
  // Without its newline the last line is not complete.
  const cuts = [...all, text.length - 1, text.length]
  for (let from = 0; from < cuts.length; from += atOnce) {
    await Promise.all(
      cuts.slice(from, from + atOnce).map((bytes) => {
        script = [...script, { text, bytes }]
        return one(bytes === text.length)
      }),
    )
  }
}

/** Connections come in any order, so the outcomes are counted. */
interface Count {
  whole: number
  broken: number
}

async function counted(verb: Verb, ask: () => Promise<unknown>): Promise<Count> {
  const count = { whole: 0, broken: 0 }
  await atEachByte(verb, 1, async () => {
    const answer = await ask().catch((error: unknown) => error)
    if (answer instanceof PitcrewError) expect(answer.code).toBe('NO_PITCREW')
    else expect(answer).toEqual(whole[verb])
    if (answer instanceof PitcrewError) count.broken++
    else count.whole++
  })
  return count
}

const whole: Readonly<Record<Verb, unknown>> = {
  explain: explained,
  events: ['a', 'b'],
  logs: ['one', 'two'],
}

describe('a program with a client', () => {
  const ways: readonly [Verb, () => Promise<unknown>][] = [
    [
      'explain',
      async () => {
        await using client = await connect(path)
        return await client.call('explain', { daemon: 'web' })
      },
    ],
    [
      'events',
      async () => {
        await using client = await connect(path)
        const words: string[] = []
        for await (const event of client.events({})) words.push(event.words)
        return words
      },
    ],
    [
      'logs',
      async () => {
        await using client = await connect(path)
        const texts: string[] = []
        for await (const { text } of client.logs({})) texts.push(text)
        return texts
      },
    ],
  ]
  test.each(ways)('%s: the complete answer, or NO_PITCREW', async (verb, ask) => {
    const count = await counted(verb, ask)
    expect(count.whole).toBe(1)
    expect(count.broken).toBeGreaterThan(150)
  })
})

test('a verb of the binary: the complete answer and status 0, or no output and status 7', async () => {
  const statuses: (number | null)[] = []
  await atEachByte('explain', 9, async () => {
    const words = [binary, 'explain', 'web', '--json', '--socket', path]
    const verb = new Program(words, { env: {} })
    const status = await verb.exitCode()
    statuses.push(status)
    if (status === 0)
      expect(JSON.parse(Buffer.from(verb.lines.join(''), 'latin1').toString())).toEqual(explained)
    else expect(verb.lines).toEqual([])
    expect(verb.errors).toHaveLength(status === 0 ? 0 : 1)
  })
  expect([...new Set(statuses)].sort()).toEqual([0, 7])
  expect(statuses.filter((status) => status === 0)).toHaveLength(1)
})
