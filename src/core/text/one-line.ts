/** Text from outside pitcrew as a part of one of its lines. */

/** Replaces each run of characters that end a line, move the cursor, change the direction of text
 *  or are invisible by one space. */
export function oneLine(text: string): string {
  let line = ''
  let isGap = false
  for (const char of text) {
    const wasGap = isGap
    isGap = isUnprintable(char.codePointAt(0) ?? 0)
    if (!isGap) line += char
    else if (!wasGap) line += ' '
  }
  return line
}

/** Without a regular expression, since PID 1 runs none. */
function isUnprintable(code: number): boolean {
  if (code < 0xad) return code < 0x20 || (code >= 0x7f && code < 0xa0)
  return ranges.some(([from, to]) => code >= from && code <= to)
}

/** Beyond control characters: soft hyphen, marks of direction, spaces of no width, separators of
 *  lines and paragraphs, byte order mark, annotations, tags. */
const ranges: readonly (readonly [from: number, to: number])[] = [
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe007f],
]
