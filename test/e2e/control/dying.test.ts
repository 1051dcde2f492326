/** FAULTS 33: "A client that ... hangs up mid-answer: refused or dropped; nothing else slows",
 *  at every byte of its requests and of its answers. */
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { type ControlClient, connectControl, socketPath } from '../support/control-client.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { descriptorsOf, eventually } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const names = ['a', 'b', 'c']
const bundle = { daemons: Object.fromEntries(names.map((name) => [name, long])) }
const status = '{"id":1,"verb":"status"}\n'
/** How many clients die at the same time. */
const atOnce = 50

/** Sends text, reads this many bytes and no more, and disconnects. @returns The bytes that it
 *  has read. */
function dying(path: string, text: string, bytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let left = bytes
    // Never read more than is wanted: the rest stays in the kernel's buffer.
    let buffer = Buffer.alloc(left || 1)
    const next = (): Buffer => {
      buffer = Buffer.alloc(left || 1)
      return buffer
    }
    const take = (count: number): boolean => {
      parts.push(buffer.subarray(0, count))
      left -= count
      if (left === 0) socket.destroy()
      return left > 0
    }
    const onread = { buffer: next, callback: take }
    const socket = connect({ path, ...(bytes > 0 && { onread }) }, () => {
      socket.write(text, () => bytes === 0 && socket.destroy())
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(parts).toString()))
  })
}

/** A client that dies, for each number below `count`. */
async function dyingAtEach(count: number, die: (bytes: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += atOnce) {
    const length = Math.min(atOnce, count - from)
    await Promise.all(Array.from({ length }, (_, index) => die(from + index)))
  }
}

/** Nothing is left of the dead clients, and another client was served all the time. */
async function isAsBefore(
  pitcrew: Pitcrew,
  before: number,
  witness: ControlClient,
  waits: number,
): Promise<void> {
  await eventually('all descriptors are back', () => descriptorsOf(pitcrew).length === before)
  expect(witness.lines.filter(({ id }) => id === waits)).toEqual([])
  await witness.done('stop', { daemon: 'c' })
  expect((await witness.answer(waits)).done).toMatchObject({ state: 'stopped' })
  using late = await connectControl(pitcrew)
  expect(await late.done('status')).toMatchObject({ daemons: [{ name: 'a' }, { name: 'b' }, {}] })
  expect(pitcrew.lines.filter((line) => line.includes('internal error'))).toEqual([])
}

/** With a client that waits for a daemon to stop. */
async function started(): Promise<[Pitcrew, ControlClient, waits: number, descriptors: number]> {
  const pitcrew = new Pitcrew(bundle)
  await pitcrew.linesWith('] up', names.length)
  const witness = await connectControl(pitcrew)
  const waits = witness.send('wait', { daemon: 'c', for: 'stopped' })
  await witness.done('status')
  return [pitcrew, witness, waits, descriptorsOf(pitcrew).length]
}

test('a client dies at every byte of the greeting and of its answer', async () => {
  const [pitcrew, witness, waits, before] = await started()
  await using _ = pitcrew
  const lines = [witness.greeting, ...witness.lines]
  const answer = lines.reduce((bytes, line) => bytes + JSON.stringify(line).length + 1, 0)
  expect(answer).toBeGreaterThan(800)
  await dyingAtEach(answer, async (bytes) => {
    const received = await dying(socketPath(pitcrew), status, bytes)
    expect(received.length).toBe(bytes)
  })
  await isAsBefore(pitcrew, before, witness, waits)
})

test('a client dies at every byte of its request: an incomplete request is ignored', async () => {
  const [pitcrew, witness, waits, before] = await started()
  await using _ = pitcrew
  const restart = '{"id":1,"verb":"restart","args":{"daemon":"a"}}'
  await dyingAtEach(restart.length, (bytes) =>
    dying(socketPath(pitcrew), restart.slice(0, bytes), bytes % 90),
  )
  expect(await witness.done('status')).toMatchObject({ daemons: [{ run: 1 }, { run: 1 }, {}] })
  await isAsBefore(pitcrew, before, witness, waits)
})

test('a client dies after its request: the request is carried out', async () => {
  const [pitcrew, witness] = await started()
  await using _ = pitcrew
  await dying(socketPath(pitcrew), '{"id":1,"verb":"restart","args":{"daemon":"a"}}\n', 1)
  const id = witness.send('events', { follow: true, daemons: ['a'] })
  await witness.until('its ticket', () => witness.items(id).find(({ type }) => type === 'ticket'))
  expect(await witness.done('ticket', { ticket: 1 })).toMatchObject({ outcome: 'done' })
})
