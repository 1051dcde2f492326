/** The pages are true of the tree: links lead somewhere, and messages are quoted as they are. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
const pages = files.filter((path) => path.endsWith('.md'))

/** The name under which a heading can be linked to. */
function anchorOf(heading: string): string {
  const plain = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '')
  return plain.trim().replaceAll(' ', '-')
}

function deadLinks(path: string, text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : join(dirname(path), file)
    if (!existsSync(join(root, target))) return true
    if (anchor === undefined) return false
    const headings = file === '' ? text : read(target)
    return ![...headings.matchAll(/^#+ (.*)$/gm)].some(([, head = '']) => anchorOf(head) === anchor)
  })
}

test.each(pages)('every link of %s leads somewhere', (path) => {
  expect(deadLinks(path, read(path))).toEqual([])
})

test('a dead link is found', () => {
  const links = [
    '[a](docs/NONE.md)',
    '[b](#nothing)',
    '[c](README.md)',
    '[d](docs/BUNDLE.md#after)',
  ]
  expect(deadLinks('x.md', links.join('\n'))).toEqual(['docs/NONE.md', '#nothing'])
})

describe('docs/TROUBLESHOOTING.md', () => {
  const page = read('docs/TROUBLESHOOTING.md')
  const sources = files.filter((path) => /^src\/.*\.ts$/.test(path)).map(read)
  // Text that is split over two lines of code.
  const said = sources.join('\n').replaceAll(/'\s*\+\s*'/g, '')
  const quoted = [
    ...page.matchAll(/^\| (?!the log)([^|`-][^|`]*)\|/gm),
    ...page.matchAll(/"([a-z][^"\n]+)"/g),
  ].flatMap(([, text = '']) => text.split('…'))

  test('quotes messages as they are', () => {
    const fragments = quoted.map((text) => text.replace(/^[ :]+|[ :]+$/g, '')).filter(Boolean)
    const messages = fragments.filter((text) => !/^(exit status|\d+)$/.test(text))
    expect(messages.length).toBeGreaterThan(15)
    expect(messages.filter((text) => !said.includes(text))).toEqual([])
  })
})
