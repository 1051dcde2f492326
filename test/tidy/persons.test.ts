/** Plain words: things are called by their names, not like persons. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { pronounsIn } from './persons.ts'

const root = resolve(import.meta.dirname, '../..')
const isText = /\.(?:ts|mjs|c|h|sh|md|yaml|yml|json)$/
/** Texts of others, and the rule itself. */
const exempt = /^test\/tidy\/persons|^bench\/results\.json$/

/** Sentences that are about a person, or quote one. At most 40. */
const permitted: readonly string[] = []

function files(): string[] {
  const folders = ['src', 'native', 'scripts', 'bench', 'test', 'examples', 'docs', '.ci']
  const inside = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  )
  return [...inside, 'README.md', 'CHANGELOG.md'].filter(
    (path) => isText.test(path) && !exempt.test(path) && statSync(join(root, path)).isFile(),
  )
}

test('no thing is called like a person', () => {
  const paths = files()
  expect(paths.length).toBeGreaterThan(400)
  const found = paths.flatMap((path) => pronounsIn(path, readFileSync(join(root, path), 'utf8')))
  expect(found.filter((line) => !permitted.some((text) => line.includes(text)))).toEqual([])
  expect(permitted.length).toBeLessThanOrEqual(40)
  expect(permitted.filter((text) => !found.some((line) => line.includes(text)))).toEqual([])
})

test.each([
  ['/** The client who waits. */', 1],
  ['# Nobody answers', 1],
  ["test('a run whose leader has ended', f)", 0],
  ["user: 'nobody'", 0],
  ['exec su nobody -s /bin/sh', 0],
  ['a whole herd of his or hers', 1],
])('a planted violation is found: %s', (text, count) => {
  expect(pronounsIn('a.ts', text)).toHaveLength(count)
})
