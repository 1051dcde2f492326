/** The diff of an apply: unified, bounded in size and in time, and without secrets. */
import { describe, expect, test } from 'vitest'
import { diffBytesMax } from '../../src/core/operations/file-work.ts'
import { diffFiles, diffTexts } from '../../src/files/diff.ts'
import { FakeDisk } from './fake-disk.ts'

const head = '--- /etc/x\n+++ /etc/x\n'
const diff = (old: string | null, fresh: string): string => diffTexts('/etc/x', old, fresh)
const numbered = (count: number, prefix = 'line'): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix} ${n + 1}`)
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** Applies a whole unified diff. */
function patched(old: string, patch: string): string {
  const lines = old.split('\n').slice(0, -1)
  const result: string[] = []
  let at = 0
  for (const line of patch.split('\n').slice(2, -1)) {
    const sign = line[0]
    if (sign === '@') {
      const [from = '', count = '1'] = line.slice(4, line.indexOf(' +')).split(',')
      const start = Number(from) - (count === '0' ? 0 : 1)
      while (at < start) result.push(lines[at++] as string)
      continue
    }
    if (sign === '+') result.push(line.slice(1))
    else {
      expect(lines[at]).toBe(line.slice(1))
      if (sign === ' ') result.push(line.slice(1))
      at++
    }
  }
  return text([...result, ...lines.slice(at)])
}

describe('a diff', () => {
  test('of equal texts is empty', () => {
    expect(diff('a\n', 'a\n')).toBe('')
  })

  test('has three lines of context, and joins what is near', () => {
    const old = numbered(30)
    const fresh = old.with(4, 'five').with(9, 'ten').with(24, 'twenty-five')
    expect(diff(text(old), text(fresh))).toBe(
      `${head}@@ -2,12 +2,12 @@
 line 2
 line 3
 line 4
-line 5
+five
 line 6
 line 7
 line 8
 line 9
-line 10
+ten
 line 11
 line 12
 line 13
@@ -22,7 +22,7 @@
 line 22
 line 23
 line 24
-line 25
+twenty-five
 line 26
 line 27
 line 28
`,
    )
  })

  test('of a file that did not exist, or was empty, or becomes empty', () => {
    expect(diff(null, 'a\nb\n')).toBe('--- /dev/null\n+++ /etc/x\n@@ -0,0 +1,2 @@\n+a\n+b\n')
    expect(diff('', 'a\n')).toBe(`${head}@@ -0,0 +1 @@\n+a\n`)
    expect(diff('a\n', '')).toBe(`${head}@@ -1 +0,0 @@\n-a\n`)
  })

  test('shows a newline that is missing', () => {
    const none = '\\ No newline at end of file'
    expect(diff('a', 'a\n')).toBe(`${head}@@ -1 +1 @@\n-a\n${none}\n+a\n`)
    expect(diff('a\nb', 'c\nb')).toBe(`${head}@@ -1,2 +1,2 @@\n-a\n+c\n b\n${none}\n`)
  })

  test('of any two texts leads from one to the other', () => {
    let state = 1
    const random = (below: number): number => {
      state = Math.imul(state, 1103515245) + 12345
      return ((state >>> 8) & 0xffff) % below
    }
    for (let round = 0; round < 300; round++) {
      const old = Array.from({ length: random(30) }, () => `l${random(6)}`)
      const fresh = old.flatMap((line) => {
        const chance = random(8)
        return chance === 0 ? [] : chance === 1 ? [line, `n${random(6)}`] : [line]
      })
      if (random(3) === 0) fresh.splice(random(5), random(8), `n${random(9)}`)
      const [a, b] = [text(old), text(fresh)]
      expect(a === b ? b : patched(a, diff(a, b))).toBe(b)
    }
  })

  test('of contents that are no text says their sizes', () => {
    const disk = new FakeDisk()
    disk.put('/a', 'a\0b')
    disk.put('/b', 'text')
    const side = (path: string, bytes: number): { path: string; bytes: number } => ({ path, bytes })
    expect(diffFiles(disk, '/etc/x', side('/a', 3), side('/b', 4))).toBe(
      'binary, 3 bytes -> 4 bytes\n',
    )
    expect(diffFiles(disk, '/etc/x', null, side('/a', 3))).toBe('binary, 0 bytes -> 3 bytes\n')
  })

  test('has no control characters that a terminal obeys', () => {
    expect(diff('a\n', '\x1b[2Jb\tc\r\n')).toBe(`${head}@@ -1 +1 @@\n-a\n+ [2Jb\tc \n`)
  })

  test('is at most 8 KiB, and says what is left out', () => {
    for (const fresh of [
      text(numbered(5000, 'new')),
      'é'.repeat(100_000),
      text(numbered(5000, 'ééé')),
    ]) {
      const result = diff(text(numbered(5000)), fresh)
      expect(Buffer.byteLength(result)).toBeLessThanOrEqual(diffBytesMax)
      expect(Buffer.byteLength(result)).toBeGreaterThan(3000)
      expect(result).toMatch(/more lines are removed|left out/)
      expect(result).toMatch(/\n-line 1\n/)
      expect(result).toMatch(/\n\+/)
    }
  })

  test('of 50 000 lines that all differ is made in bounded work', () => {
    const reversed = numbered(50_000).reverse()
    const shuffled = numbered(50_000).map((line, n) => (n % 2 === 0 ? line : `x${line}`))
    const same = Array.from({ length: 50_000 }, (_, n) => (n % 3 === 0 ? 'a' : 'b'))
    const started = performance.now()
    for (const fresh of [reversed, shuffled, same]) diff(text(numbered(50_000)), text(fresh))
    diff(text(same), text([...same.slice(1000), 'c', ...same]))
    expect(performance.now() - started).toBeLessThan(4000)
  })
})

describe('the diff hides', () => {
  const secret = 'hunter2'
  /** What is shown of the last line of a text. */
  const shown = (lines: string): string => {
    const added = diff('', `${lines}\n`).trimEnd().split('\n')
    return (added.at(-1) as string).slice(1)
  }

  test.each([
    ['password: hunter2', 'password: ***'],
    ['PASSWORD=hunter2', 'PASSWORD=***'],
    ['export API_KEY="hunter2"', 'export API_KEY="***'],
    ['requirepass hunter2', 'requirepass ***'],
    ['  "token": "hunter2",', '  "token": "***'],
    ['db.credentials = hunter2', 'db.credentials = ***'],
    ['proxy_set_header Authorization "Basic hunter2";', 'proxy_set_header Authorization "***'],
    ['client_secret:hunter2', 'client_secret:***'],
    ['url: https://me:hunter2@example.com/x', 'url: https://me:***@example.com/x'],
    ['a http://a:hunter2@b c http://d:hunter2@e', 'a http://a:***@b c http://d:***@e'],
    ['{"a":1,"passwd":"hunter2"}', '{"a":1,"passwd":"***'],
    ['password: |\n  hunter2', '  ***'],
    ['auth:\n  user:\n    name: hunter2', '    name: ***'],
    ['tokens:\n- hunter2', '***'],
    ['tokens:\n  - a\n  - hunter2', '  ***'],
    ['"keys": [\n  "hunter2"', '  ***'],
    ['-----BEGIN PRIVATE KEY-----\nAAAA\nhunter2', '***'],
    [`secret: >\n${'  x\n'.repeat(1000)}  hunter2`, '  ***'],
  ])('%j', (line, expected) => {
    if (!line.includes('x\n')) expect(shown(line)).toBe(expected)
    expect(diff('', `${line}\n`)).not.toContain(secret)
    expect(diff(`${line}\n`, 'a: b\n')).not.toContain(secret)
  })

  test.each([
    'listen: 8080',
    'allow tokens.example.com',
    'user: web',
    '[auth]',
    'url: https://example.com:8080/a@b',
    'tokens: []\nlisten: 80',
    'secret: a\nlisten: 80',
    'a:\n  secret: b\n  listen: 80',
  ])('nothing of %j', (line) => {
    expect(shown(line)).toBe(line.split('\n').at(-1))
  })

  test('but a changed secret is still a change', () => {
    expect(diff('a: 1\nkey: one\n', 'a: 1\nkey: two\n')).toBe(
      `${head}@@ -1,2 +1,2 @@\n a: 1\n-key: ***\n+key: ***\n`,
    )
  })

  test('a secret in lines of context, far from its name', () => {
    const lines = ['secret:', ...numbered(20, '  value')]
    const result = diff(text(lines), text(lines.with(18, '  value: other')))
    expect(result).toContain('-  ***')
    expect(result).toContain('+  value: ***')
    expect(result).not.toContain('value 1')
  })
})
