/** Named timers, compared with a model that sorts a list each time. */
import { describe, expect, test } from 'vitest'
import { type Timer, timerKey } from '../../src/core/event.ts'
import { type InitTimer, Timers } from '../../src/init/loop/timers.ts'
import { Random } from '../core/random.ts'

const timer = (daemon: string): Timer => ({ kind: 'grace', daemon, run: 1 })

/** The keys of all that is due, in the order in which it comes. */
function takeDue(timers: Pick<Timers, 'takeDue'>, nowMs: number): string[] {
  const keys: string[] = []
  for (let due = timers.takeDue(nowMs); due !== null; due = timers.takeDue(nowMs)) {
    keys.push(timerKey(due as Timer))
  }
  return keys
}

/** What Timers should be, in as few words as possible. */
class Model implements Pick<Timers, 'arm' | 'disarm' | 'takeDue' | 'nextMs' | 'size'> {
  #armed: { timer: Timer; atMs: number }[] = []

  arm(one: Timer, atMs: number): void {
    this.disarm(one)
    this.#armed.push({ timer: one, atMs })
  }

  disarm(one: Timer): void {
    this.#armed = this.#armed.filter(({ timer }) => timerKey(timer) !== timerKey(one))
  }

  nextMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#armed.map(({ atMs }) => atMs))
  }

  takeDue(nowMs: number): Timer | null {
    const nextMs = this.nextMs()
    const next = this.#armed.find(({ atMs }) => atMs === nextMs && atMs <= nowMs)
    if (next === undefined) return null
    this.disarm(next.timer)
    return next.timer
  }

  get size(): number {
    return this.#armed.length
  }
}

describe('timers behave like the model', () => {
  test.each([
    ['many names, many times', 200, 1000],
    ['few names, armed again and again', 5, 1000],
    ['many names at few moments', 200, 3],
  ])('%s', (_, names, moments) => {
    const random = new Random(names * moments)
    const timers = new Timers()
    const model = new Model()
    let nowMs = 0
    for (let n = 0; n < 5000; n++) {
      const one = timer(`d${random.below(names)}`)
      const choice = random.below(10)
      if (choice < 5) {
        const atMs = nowMs + random.below(moments)
        timers.arm(one, atMs)
        model.arm(one, atMs)
      } else if (choice < 9) {
        timers.disarm(one)
        model.disarm(one)
      } else {
        nowMs += random.below(moments)
        expect(takeDue(timers, nowMs)).toEqual(takeDue(model, nowMs))
      }
      expect([timers.size, timers.nextMs()]).toEqual([model.size, model.nextMs()])
    }
    expect(takeDue(timers, 1e9)).toEqual(takeDue(model, 1e9))
    expect(timers.size).toBe(0)
  })
})

test('timers of the same millisecond elapse in the order in which they were armed', () => {
  const timers = new Timers()
  for (const name of ['c', 'a', 'b', 'd']) timers.arm(timer(name), 10)
  timers.arm(timer('a'), 10)
  expect(takeDue(timers, 10)).toEqual(['end:c:1', 'end:b:1', 'end:d:1', 'end:a:1'])
})

test('a timer is due once, in the next whole millisecond', () => {
  const timers = new Timers()
  timers.arm(timer('a'), 10.2)
  expect(timers.nextMs()).toBe(11)
  expect(timers.takeDue(10.9)).toBeNull()
  expect(timers.takeDue(11)).toEqual(timer('a'))
  expect(timers.takeDue(1e9)).toBeNull()
})

test('timers that exclude each other in a run share a name: the later replaces the earlier', () => {
  const timers = new Timers()
  const all: InitTimer[] = [
    timer('a'),
    { kind: 'escalate', daemon: 'a', run: 1 },
    { kind: 'grace', daemon: 'a', run: 2 },
    { kind: 'linger', daemon: 'a', run: 1 },
    { kind: 'probe', daemon: 'a', run: 1 },
    { kind: 'command-timeout', command: 'a:ready' },
    { kind: 'deadline' },
  ]
  for (const one of all) timers.arm(one, 5)
  expect(timers.size).toBe(6)
  timers.disarm(timer('a'))
  timers.disarm({ kind: 'probe-timeout', daemon: 'a', run: 1 })
  const due: InitTimer[] = []
  for (let one = timers.takeDue(5); one !== null; one = timers.takeDue(5)) due.push(one)
  expect(due).toEqual([all[2], all[3], all[5], all[6]])
})

test('without timers there is no next time', () => {
  expect(new Timers().nextMs()).toBe(Number.POSITIVE_INFINITY)
  expect(new Timers().takeDue(1e9)).toBeNull()
})

test('a hundred thousand disarmed timers leave no memory in use and keep the order', () => {
  const timers = new Timers()
  for (const n of [3, 1, 2]) timers.arm(timer(`kept${n}`), 1e6 + n)
  for (let n = 0; n < 100_000; n++) {
    timers.arm(timer(`d${n % 500}`), 1 + (n % 700))
    if (n % 500 === 499) for (let name = 0; name < 500; name++) timers.disarm(timer(`d${name}`))
  }
  expect(timers.size).toBe(3)
  expect(takeDue(timers, 1e7)).toEqual(['end:kept1:1', 'end:kept2:1', 'end:kept3:1'])
})
