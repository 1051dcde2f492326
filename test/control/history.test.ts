/** The entries of the journal: those in memory, preceded by those of its file. */
import { describe, expect, test } from 'vitest'
import { History } from '../../src/control/verbs/history.ts'
import type { HelperEnd, HelperTask } from '../../src/host/helper.ts'

const life = 1_795_280_400_000

function entry(number: number, of = life): string {
  const cursor = `${of}-${number}`
  return JSON.stringify({ cursor, at: '2026', type: 'started', daemon: 'web', words: 'started' })
}

function entries(from: number, to: number, of = life): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => entry(from + index, of))
}

/** A journal with these entries in memory and in its file. */
class World {
  kept: string[] = []
  file = ''
  reads = 0
  readonly #readers: ((end: HelperEnd | null) => void)[] = []
  readonly history: History

  constructor() {
    const kept = (): string[] => this.kept
    const journal = {
      get cursor(): string {
        const last = kept().at(-1)
        return last === undefined ? `${life}-0` : (JSON.parse(last) as { cursor: string }).cursor
      },
      kept,
      paths: ['/state/journal.ndjson'],
    }
    const startTask = (_: HelperTask, take: (end: HelperEnd | null) => void): void => {
      this.reads++
      this.#readers.push(take)
    }
    this.history = new History({ startTask, journal })
  }

  /** The helper ends.
   *  @param text The content of the file; null = it could not be read. */
  read(text: string | null = this.file): void {
    const end = { type: 'helper', id: 1, code: 0, signal: 0, timedOut: false, text } as const
    const errno = text === null ? 'EIO' : null
    for (const take of this.#readers.splice(0)) take({ ...end, errno })
  }

  write(lines: readonly string[]): void {
    this.file = lines.map((line) => `${line}\n`).join('')
  }

  since(cursor: string | null): string {
    const answers = this.ask(cursor)
    this.read()
    return answers.join()
  }

  /** @returns The answer, which is added when it is there. */
  ask(cursor: string | null): string[] {
    const answers: string[] = []
    this.history.since(cursor, ({ entries: found, missed }) => {
      const numbers = found.map(
        (line) => (JSON.parse(line) as { cursor: string }).cursor.split('-')[1],
      )
      answers.push(`${numbers.join(' ')}${missed ? ' (missed)' : ''}`)
    })
    return answers
  }
}

test('entries in memory after a cursor', () => {
  const world = new World()
  world.kept = entries(1, 4)
  expect(world.since(null)).toBe('1 2 3 4')
  expect(world.since(`${life}-2`)).toBe('3 4')
  expect(world.since(`${life}-4`)).toBe('')
  expect(world.since(`${life}-0`)).toBe('1 2 3 4')
  expect(world.since(`${life}-5`)).toBe('1 2 3 4 (missed)')
  expect(world.since('hello')).toBe('1 2 3 4 (missed)')
})

test('a journal without entries', () => {
  const world = new World()
  expect(world.since(null)).toBe('')
  expect(world.since(`${life}-0`)).toBe('')
})

test('entries that memory has dropped are read from the file, once', () => {
  const world = new World()
  world.kept = entries(5, 6)
  world.write(entries(1, 6))
  expect(world.since(null)).toBe('1 2 3 4 5 6')
  expect(world.since(`${life}-3`)).toBe('4 5 6')
  expect(world.since(`${life}-0`)).toBe('1 2 3 4 5 6')
  expect(world.reads).toBe(1)
})

test('the file is read again when memory has dropped unread entries', () => {
  const world = new World()
  world.kept = entries(1, 3)
  expect(world.since(null)).toBe('1 2 3')
  world.kept = entries(5, 9)
  world.write(entries(1, 8))
  expect(world.since(`${life}-2`)).toBe('3 4 5 6 7 8 9')
})

test('a missing file leaves a gap, which is reported as missed', () => {
  const world = new World()
  world.kept = entries(5, 6)
  expect(world.since(`${life}-2`)).toBe('5 6 (missed)')
  expect(world.since(`${life}-0`)).toBe('5 6 (missed)')
  world.write(entries(1, 2))
  // Entries before the gap are left out: the gap would not show.
  expect(world.since(null)).toBe('5 6')
})

test('entries of the life before come first, even if its clock was ahead', () => {
  const world = new World()
  world.kept = entries(1, 2)
  world.write([...entries(7, 8, life + 1000), ...entries(1, 1)])
  expect(world.since(null)).toBe('7 8 1 2')
  expect(world.since(`${life + 1000}-7`)).toBe('8 1 2')
  expect(world.since(`${life}-0`)).toBe('1 2')
})

test('an entry that was written twice, after a timeout, is reported once', () => {
  const world = new World()
  world.kept = entries(5, 6)
  world.write([...entries(1, 3), ...entries(2, 4)])
  expect(world.since(null)).toBe('1 2 3 4 5 6')
})

describe('while the file is being read', () => {
  test('requests wait, and share one read', () => {
    const world = new World()
    world.kept = entries(5, 6)
    world.write(entries(1, 6))
    const answers = [world.ask(null), world.ask(`${life}-3`)]
    expect(answers).toEqual([[], []])
    world.read()
    expect(answers).toEqual([['1 2 3 4 5 6'], ['4 5 6']])
    expect(world.reads).toBe(1)
  })

  test('entries that are recorded meanwhile are in the answer', () => {
    const world = new World()
    world.kept = entries(3, 4)
    const answer = world.ask(null)
    world.kept = entries(3, 6)
    world.write(entries(1, 4))
    world.read()
    expect(answer).toEqual(['1 2 3 4 5 6'])
  })

  test('a read that times out gives the entries in memory, with missed: true', () => {
    const world = new World()
    world.kept = entries(5, 6)
    const answers = [world.ask(`${life}-2`), world.ask(null)]
    world.read(null)
    expect(answers).toEqual([['5 6 (missed)'], ['5 6 (missed)']])
    // The next request tries again.
    world.write(entries(1, 6))
    expect(world.since(`${life}-2`)).toBe('3 4 5 6')
  })
})

test.each([
  ['torn', entry(9).slice(0, 50)],
  ['no entry', '{"a":1}'],
  ['no JSON', '['],
  ['empty', ''],
  ['of another kind', '{"cursor":"1-1","at":5,"type":"x","words":""}'],
  ['without a cursor at its beginning', '{"at":"","cursor":"1-1","type":"x","words":""}'],
  ['null', 'null'],
])('a line that is %s is left out', (_, line) => {
  const world = new World()
  world.kept = entries(3, 3)
  world.write([entry(1), line, entry(2)])
  expect(world.since(null)).toBe('1 2 3')
})
