/** Text from outside as part of a line. */

/** The text on one line: a space in the place of characters that end a line, move the cursor,
 *  change the direction or show nothing. */
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

/** Without a regular expression, which PID 1 has none of. */
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
