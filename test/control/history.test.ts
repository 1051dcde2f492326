/** What the journal knows: memory, and before that its file. */
import { expect, test } from 'vitest'
import { History } from '../../src/control/history.ts'

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
  files: Record<string, string> = {}
  reads = 0
  readonly history: History

  constructor() {
    const kept = (): string[] => this.kept
    const journal = {
      get cursor(): string {
        const last = kept().at(-1)
        return last === undefined ? `${life}-0` : (JSON.parse(last) as { cursor: string }).cursor
      },
      kept,
      paths: ['/var/lib/pitcrew/box/journal.ndjson', '/run/box/journal.ndjson'],
    }
    const readTail = (path: string): string => {
      if (!path.endsWith('.1')) this.reads++
      return this.files[path] ?? ''
    }
    this.history = new History({ host: { readTail }, journal })
  }

  write(path: string, lines: readonly string[]): void {
    this.files[path] = lines.map((line) => `${line}\n`).join('')
  }

  since(cursor: string | null): string {
    const { entries: found, missed } = this.history.since(cursor)
    const numbers = found.map(
      (line) => (JSON.parse(line) as { cursor: string }).cursor.split('-')[1],
    )
    return `${numbers.join(' ')}${missed ? ' (missed)' : ''}`
  }
}

const first = '/var/lib/pitcrew/box/journal.ndjson'
const second = '/run/box/journal.ndjson'

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
  world.write(second, entries(1, 6))
  expect(world.since(null)).toBe('1 2 3 4 5 6')
  expect(world.since(`${life}-3`)).toBe('4 5 6')
  expect(world.since(`${life}-0`)).toBe('1 2 3 4 5 6')
  expect(world.reads).toBe(2) // The first place has none.
})

test('and read again when memory has let go of more', () => {
  const world = new World()
  world.kept = entries(1, 3)
  expect(world.since(null)).toBe('1 2 3')
  world.kept = entries(5, 9)
  world.write(first, entries(1, 8))
  expect(world.since(`${life}-2`)).toBe('3 4 5 6 7 8 9')
})

test('a file that is gone leaves a gap, which is told', () => {
  const world = new World()
  world.kept = entries(5, 6)
  expect(world.since(`${life}-2`)).toBe('5 6 (missed)')
  expect(world.since(`${life}-0`)).toBe('5 6 (missed)')
  world.write(first, entries(1, 2))
  // What would come before the gap is not told: whoever reads it would not see that there is one.
  expect(world.since(null)).toBe('5 6')
})

test('the life before this one, whatever clock it had', () => {
  const world = new World()
  world.kept = entries(1, 2)
  world.write(first, [...entries(7, 8, life + 1000), ...entries(1, 1)])
  expect(world.since(null)).toBe('7 8 1 2')
  expect(world.since(`${life + 1000}-7`)).toBe('8 1 2')
  expect(world.since(`${life}-0`)).toBe('1 2')
})

test('a file that was just begun anew goes on in the one before', () => {
  const world = new World()
  world.kept = entries(4, 5)
  world.write(first, entries(3, 4))
  world.write(`${first}.1`, entries(1, 2))
  expect(world.since(null)).toBe('1 2 3 4 5')
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
  world.write(first, [entry(1), line, entry(2)])
  expect(world.since(null)).toBe('1 2 3')
})
