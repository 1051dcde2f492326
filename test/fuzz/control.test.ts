/** Fuzzes the control socket of the real binary with requests that are cut, joined, mixed up and
 *  incomplete, from clients that read at once, late, or never. Each request is answered at most
 *  once, other clients are served, the daemons run, and pitcrew ends in time despite a crowd of
 *  clients. FUZZ_SECONDS=600 npx vitest run test/fuzz runs longer; FUZZ_SEED replays. */
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Random } from '../core/random.ts'
import { isSanitized } from '../e2e/support/cost.ts'
import { Pitcrew, sh } from '../e2e/support/pitcrew.ts'
import { mutate } from './mutate.ts'

const seconds = Number(process.env.FUZZ_SECONDS ?? 3)
const firstSeed = Number(process.env.FUZZ_SEED ?? 1)
/** The time limit for an answer, in ms. */
const timeoutMs = 2000

const requests = [
  '{"id":1,"verb":"status"}',
  '{"id":2,"verb":"status","args":{"daemons":["web"],"usage":true}}',
  '{"id":3,"verb":"explain","args":{"daemon":"bad"}}',
  '{"id":4,"verb":"restart","args":{"daemon":"web","why":"fuzz","wait":false}}',
  '{"id":5,"verb":"stop","args":{"daemon":"web","timeoutMs":50}}',
  '{"id":6,"verb":"start","args":{"daemon":"web","progress":true}}',
  '{"id":7,"verb":"wait","args":{"daemon":"web","for":"stopped","timeoutMs":20}}',
  '{"id":8,"verb":"events","args":{"tail":5,"follow":true}}',
  '{"id":9,"verb":"events","args":{"since":"1-1","daemons":["web"]}}',
  '{"id":10,"verb":"cancel","args":{"request":8}}',
  '{"id":11,"verb":"ticket","args":{"ticket":1,"wait":true,"timeoutMs":30}}',
  '{"id":12,"verb":"logs","args":{"daemons":["web"],"tail":3}}',
  '{"id":13,"verb":"notify","args":{"text":"READY=1\\nSTATUS=x"}}',
  '{"id":14,"verb":"logs","args":{"daemons":["loud","web"],"follow":true}}',
  '{"id":15,"verb":"events","args":{"follow":true,"daemons":["web","bad"]}}',
  '{"id":16,"verb":"cancel","args":{"request":500003}}',
  '{"id":17,"verb":"wait","args":{"daemon":"web","for":"done","progress":true}}',
  '{"id":-0,"verb":"wait","args":{"daemon":"lo"}}',
  '{"id":9007199254740991,"verb":"start","args":{"daemon":"web","wait":false}}',
]
/** The maximum length of a line. */
const lineMax = 64 * 1024

/** Requests that are sent unchanged have ids from here on, each once; mutations do not produce
 *  such ids. */
const wholeFrom = 500_000

/** The input of one client: mostly complete requests. */
function inputOf(random: Random): string {
  const lines = Array.from({ length: 1 + random.below(20) }, (_, index) => {
    const line = requests[random.below(requests.length)] as string
    if (random.below(100) === 0) return line.padEnd(lineMax + random.below(3) - 1, ' ')
    if (random.below(3) === 0) return mutate([line], random)
    return line.replace(/"id":\d+/, `"id":${wholeFrom + index}`)
  })
  return lines.join('\n') + (random.below(4) === 0 ? '' : '\n')
}

/** Sends the input in pieces of any size and reads the answers to their end, or disconnects
 *  before that. A client that does not read disconnects in any case. */
async function runClient(path: string, random: Random): Promise<string> {
  const socket = connect(path).setEncoding('latin1')
  const reads = random.below(8)
  let received = ''
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('data', (text) => {
    received += text
  })
  const input = inputOf(random)
  for (let at = 0; at < input.length; ) {
    const to = at + 1 + random.below(random.below(2) === 0 ? 8 : 2000)
    socket.write(input.slice(at, to), random.below(5) === 0 ? 'latin1' : 'utf8')
    at = to
  }
  if (reads < 2) socket.pause()
  if (reads === 0) await new Promise((resolve) => socket.write('\n', resolve))
  if (reads === 1) socket.resume()
  if (reads === 0 || random.below(2) === 0) socket.destroy()
  else socket.end()
  await ended
  return received
}

/** Checks the JSON lines, up to the first line of a log stream. An incomplete last line is
 *  ignored. */
function checkAnswers(received: string): void {
  const [json = ''] = received.split(/(?<=\{"stream":"lines"\}\}\n)/)
  const answered = new Set<number>()
  for (const line of json.split('\n').slice(0, -1)) {
    const answer = JSON.parse(line)
    if ('pitcrew' in answer) continue
    const isLast = 'done' in answer || 'failed' in answer
    if (answered.has(answer.id)) throw new Error(`a second answer: ${line}`)
    if (isLast && isWhole(answer.id)) answered.add(answer.id)
    if (!isLast && !('item' in answer) && !('progress' in answer)) throw new Error(`odd: ${line}`)
  }
}

function isWhole(id: number): boolean {
  return id >= wholeFrom && id < wholeFrom + 100
}

/** @returns The time in ms until another client is answered. */
async function roundTrip(path: string): Promise<number> {
  const startedAt = performance.now()
  const socket: Socket = connect(path).setEncoding('utf8')
  socket.write('{"id":1,"verb":"status"}\n')
  let received = ''
  for await (const text of socket) {
    received += text
    if (received.includes('{"id":1,"done":')) break
  }
  if (!isSanitized || !received.includes('"INTERNAL"'))
    expect(received).toContain('{"id":1,"done":')
  return performance.now() - startedAt
}

/** Internal errors, without timeouts under the sanitizers, which slow it down several times. */
function bugsOf(pitcrew: Pitcrew): string[] {
  const bugs = pitcrew.lines.filter((line) => line.includes('internal error'))
  return isSanitized ? bugs.filter((line) => !line.includes('took longer than')) : bugs
}

/** Fifty clients that have sent requests and stay connected. */
async function crowd(path: string, random: Random): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: 50 }, async () => {
      const socket = connect(path)
      socket.on('error', () => {})
      await new Promise((resolve) => socket.write(`${inputOf(random)}\n`, resolve))
      return random.below(2) === 0 ? socket.resume() : socket
    }),
  )
}

test(
  'whatever clients send, other clients are served and the daemons run',
  async () => {
    const daemons = {
      db: { command: sh('echo up; exec sleep 1000') },
      web: { command: sh('exec sleep 1000') },
      loud: { command: sh('while sleep 0.01; do echo "$$ prints something"; done') },
      bad: { command: sh('exit 3'), restart: { backoff: { initial: '1s', max: '2s' } } },
    }
    await using pitcrew = new Pitcrew({ daemons }, { stdout: 'pipe' })
    await pitcrew.line('[db] up')
    const path = join(pitcrew.folder, 'pitcrew.sock')
    const endAt = performance.now() + seconds * 1000
    let seed = firstSeed
    for (; performance.now() < endAt; seed += 4) {
      try {
        const clients = [0, 1, 2, 3].map((more) => runClient(path, new Random(seed + more)))
        for (const received of await Promise.all(clients)) checkAnswers(received)
        expect(await roundTrip(path)).toBeLessThan(timeoutMs)
      } catch (cause) {
        throw new Error(`FUZZ_SEED=${seed}\n${bugsOf(pitcrew).join('\n')}`, { cause })
      }
    }
    expect(seed - firstSeed).toBeGreaterThan(50)
    expect(bugsOf(pitcrew)).toEqual([])
    expect(pitcrew.lines.filter((line) => line === '[db] up')).toHaveLength(1)
    const clients = await crowd(path, new Random(seed))
    pitcrew.signal('SIGTERM')
    await pitcrew.exitCode()
    for (const client of clients) client.destroy()
  },
  seconds * 1000 + 20_000,
)
