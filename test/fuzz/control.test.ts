/** Fuzzes the control socket of the real binary: requests that are cut, joined, mixed up and left in
 *  the middle, by clients that read what comes, or late, or never. Whatever comes, each request is
 *  answered once at most, everybody else is served, the daemons live, and the end comes in time with
 *  a crowd of clients in the middle of what they do. FUZZ_SECONDS=600 npx vitest run test/fuzz makes it longer; FUZZ_SEED replays. */
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Random } from '../core/random.ts'
import { isSanitized } from '../e2e/support/cost.ts'
import { Pitcrew, sh } from '../e2e/support/pitcrew.ts'
import { mutate } from './mutate.ts'

const seconds = Number(process.env.FUZZ_SECONDS ?? 3)
const firstSeed = Number(process.env.FUZZ_SEED ?? 1)
/** How long anybody may wait for an answer, in ms. */
const patienceMs = 2000

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
/** More than a line may have; and just as much. */
const lineMax = 64 * 1024

/** Ids of requests that are sent as they are: each but once, and no mutation of another comes to it. */
const wholeFrom = 500_000

/** What is sent: mostly whole requests, in pieces of any size. */
function inputOf(random: Random): string {
  const lines = Array.from({ length: 1 + random.below(20) }, (_, index) => {
    const line = requests[random.below(requests.length)] as string
    if (random.below(100) === 0) return line.padEnd(lineMax + random.below(3) - 1, ' ')
    if (random.below(3) === 0) return mutate([line], random)
    return line.replace(/"id":\d+/, `"id":${wholeFrom + index}`)
  })
  return lines.join('\n') + (random.below(4) === 0 ? '' : '\n')
}

/** Sends it, and hears what is answered until nothing comes any more, or leaves before that. One who
 *  does not read leaves in any case. */
async function talk(path: string, random: Random): Promise<string> {
  const socket = connect(path).setEncoding('latin1')
  const reads = random.below(8)
  let heard = ''
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('data', (text) => {
    heard += text
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
  return heard
}

/** A log is no JSON; what was cut off is no line. */
function checkAnswers(heard: string): void {
  const [json = ''] = heard.split(/(?<=\{"stream":"lines"\}\}\n)/)
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

/** @returns ms until somebody else was answered. */
async function roundTrip(path: string): Promise<number> {
  const startedAt = performance.now()
  const socket: Socket = connect(path).setEncoding('utf8')
  socket.write('{"id":1,"verb":"status"}\n')
  let heard = ''
  for await (const text of socket) {
    heard += text
    if (heard.includes('{"id":1,"done":')) break
  }
  if (!isSanitized || !heard.includes('"INTERNAL"')) expect(heard).toContain('{"id":1,"done":')
  return performance.now() - startedAt
}

/** The sanitizers make it several times as slow. */
function bugsOf(pitcrew: Pitcrew): string[] {
  const bugs = pitcrew.lines.filter((line) => line.includes('internal error'))
  return isSanitized ? bugs.filter((line) => !line.includes('took longer than')) : bugs
}

/** They ask, and are still there. */
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
  'whatever is sent, everybody else is served and the daemons live',
  async () => {
    const daemons = {
      db: { command: sh('echo up; exec sleep 1000') },
      web: { command: sh('exec sleep 1000') },
      loud: { command: sh('while sleep 0.01; do echo "$$ says something"; done') },
      bad: { command: sh('exit 3'), restart: { backoff: { initial: '1s', max: '2s' } } },
    }
    await using pitcrew = new Pitcrew({ daemons }, { stdout: 'pipe' })
    await pitcrew.line('[db] up')
    const path = join(pitcrew.folder, 'pitcrew.sock')
    const endAt = performance.now() + seconds * 1000
    let seed = firstSeed
    for (; performance.now() < endAt; seed += 4) {
      try {
        const talks = [0, 1, 2, 3].map((more) => talk(path, new Random(seed + more)))
        for (const heard of await Promise.all(talks)) checkAnswers(heard)
        expect(await roundTrip(path)).toBeLessThan(patienceMs)
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
