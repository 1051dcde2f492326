/** What the journal knows: memory, and before that its file. */
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

/** A journal that is in memory from an entry on, and in these files. */
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

  /** The helper has read the file; or could not. */
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

  /** @returns The answer, once it is there. */
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

test('what is in memory, behind a cursor', () => {
  const world = new World()
  world.kept = entries(1, 4)
  expect(world.since(null)).toBe('1 2 3 4')
  expect(world.since(`${life}-2`)).toBe('3 4')
  expect(world.since(`${life}-4`)).toBe('')
  expect(world.since(`${life}-0`)).toBe('1 2 3 4')
  expect(world.since(`${life}-5`)).toBe('1 2 3 4 (missed)')
  expect(world.since('hello')).toBe('1 2 3 4 (missed)')
})

test('where nothing has happened yet', () => {
  const world = new World()
  expect(world.since(null)).toBe('')
  expect(world.since(`${life}-0`)).toBe('')
})

test('what memory has let go is in the file, which is read once', () => {
  const world = new World()
  world.kept = entries(5, 6)
  world.write(entries(1, 6))
  expect(world.since(null)).toBe('1 2 3 4 5 6')
  expect(world.since(`${life}-3`)).toBe('4 5 6')
  expect(world.since(`${life}-0`)).toBe('1 2 3 4 5 6')
  expect(world.reads).toBe(1)
})

test('and read again when memory has let go of more', () => {
  const world = new World()
  world.kept = entries(1, 3)
  expect(world.since(null)).toBe('1 2 3')
  world.kept = entries(5, 9)
  world.write(entries(1, 8))
  expect(world.since(`${life}-2`)).toBe('3 4 5 6 7 8 9')
})

test('a file that is gone leaves a gap, which is told', () => {
  const world = new World()
  world.kept = entries(5, 6)
  expect(world.since(`${life}-2`)).toBe('5 6 (missed)')
  expect(world.since(`${life}-0`)).toBe('5 6 (missed)')
  world.write(entries(1, 2))
  // What would come before the gap is not told: whoever reads it would not see that there is one.
  expect(world.since(null)).toBe('5 6')
})

test('the life before this one, whatever clock it had', () => {
  const world = new World()
  world.kept = entries(1, 2)
  world.write([...entries(7, 8, life + 1000), ...entries(1, 1)])
  expect(world.since(null)).toBe('7 8 1 2')
  expect(world.since(`${life + 1000}-7`)).toBe('8 1 2')
  expect(world.since(`${life}-0`)).toBe('1 2')
})

test('what was not written in time, and written again, is told once', () => {
  const world = new World()
  world.kept = entries(5, 6)
  world.write([...entries(1, 3), ...entries(2, 4)])
  expect(world.since(null)).toBe('1 2 3 4 5 6')
})

describe('while the file is being read', () => {
  test('requests wait, and share the answer', () => {
    const world = new World()
    world.kept = entries(5, 6)
    world.write(entries(1, 6))
    const answers = [world.ask(null), world.ask(`${life}-3`)]
    expect(answers).toEqual([[], []])
    world.read()
    expect(answers).toEqual([['1 2 3 4 5 6'], ['4 5 6']])
    expect(world.reads).toBe(1)
  })

  test('what happens meanwhile is in the answer', () => {
    const world = new World()
    world.kept = entries(3, 4)
    const answer = world.ask(null)
    world.kept = entries(3, 6)
    world.write(entries(1, 4))
    world.read()
    expect(answer).toEqual(['1 2 3 4 5 6'])
  })

  test('it hangs: the answer is what is in memory, and that some are missing', () => {
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
