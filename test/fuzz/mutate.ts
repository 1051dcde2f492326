/** Makes a new text from a corpus by a few cuts, copies, swaps and unusual characters, so that
 *  most of it stays meaningful. */
import type { Random } from '../core/random.ts'

const unusual = [
  '\0',
  '\u{feff}',
  '\u{1f600}',
  '\t',
  '\r',
  ': ',
  '- ',
  '&a ',
  '*a',
  '<<: ',
  '!!x ',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  '|\n',
  '#',
  '%',
  '0x',
  '-1',
  '1e999',
  'null',
  '~',
  '__proto__',
  'constructor',
  '\n---\n',
  '  ',
  '.inf',
  '0o77',
  '99999999999999999999',
]

export function mutate(corpus: readonly string[], random: Random): string {
  let text = pick(corpus, random)
  for (let left = random.below(5); left >= 0; left--) text = mutateOnce(text, corpus, random)
  return text
}

function mutateOnce(text: string, corpus: readonly string[], random: Random): string {
  const at = random.below(text.length + 1)
  const to = Math.min(text.length, at + random.below(random.below(4) === 0 ? 400 : 12))
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at) + text.slice(to)
    case 1:
      return text.slice(0, to) + text.slice(at)
    case 2:
      return text.slice(0, at) + pick(unusual, random) + text.slice(at)
    case 3:
      return text.slice(0, at) + pick(unusual, random) + text.slice(to)
    case 4:
      return text.slice(0, at) + String.fromCharCode(random.below(0x180)) + text.slice(at + 1)
    case 5:
      return moveLine(text, random)
    case 6:
      return text.slice(0, at) + piece(pick(corpus, random), random) + text.slice(at)
    default:
      return text.slice(0, at) + text.slice(at, to).repeat(1 + random.below(40)) + text.slice(to)
  }
}

function moveLine(text: string, random: Random): string {
  const lines = text.split('\n')
  const [line] = lines.splice(random.below(lines.length), 1)
  lines.splice(random.below(lines.length + 1), 0, line as string)
  return lines.join('\n')
}

function piece(text: string, random: Random): string {
  const at = random.below(text.length)
  return text.slice(at, at + random.below(60))
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[random.below(list.length)] as T
}
