/** Hides secrets in the lines of a diff. What follows a word such as "password" or "API_KEY" in a
 *  line is replaced by `***`, and so are the lines that belong to such a line: deeper ones of YAML
 *  and JSON, items of a list, the base64 text of a PEM file. Too much is hidden rather than too
 *  little. */

const secretWords = ['pass', 'secret', 'token', 'key', 'credential', 'auth']
const hidden = '***'
/** How far above a line its parents are looked for. A line whose parents are further away is
 *  hidden. */
const linesAboveMax = 400
/** More of a line is never shown. */
const charsMax = 1000

/** @param line The line at this place, as it is shown. */
export function maskedLine(lines: readonly string[], at: number, line: string): string {
  const short = line.slice(0, charsMax)
  if (isBelowSecret(lines, at, short)) return valueHidden(short)
  return withoutPassword(secretHidden(short))
}

/** What follows the first word that announces a secret. */
function secretHidden(line: string): string {
  const end = endOfSecretWord(line)
  if (end === -1 || !hasValue(line.slice(end))) return line
  return `${line.slice(0, end)}${separatorIn(line.slice(end))}${hidden}`
}

/** @returns Behind the name that has such a word in it; -1 = there is none. */
function endOfSecretWord(line: string): number {
  const lower = line.toLowerCase()
  let first = -1
  for (const word of secretWords) {
    const at = lower.indexOf(word)
    if (at !== -1 && (first === -1 || at < first)) first = at
  }
  if (first === -1) return -1
  while (first < line.length && isNameChar(line.charCodeAt(first))) first++
  return first
}

/** Letters, digits, `_`, `-` and `.`. */
function isNameChar(code: number): boolean {
  if (code >= 0x80) return true
  const isDigit = code >= 0x30 && code <= 0x39
  const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
  return isDigit || isLetter || code === 0x5f || code === 0x2d || code === 0x2e
}

function hasValue(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (isNameChar(text.charCodeAt(at))) return true
  return false
}

/** What separates a name from its value: quotes, spaces, `:` and `=`. */
function separatorIn(text: string): string {
  let end = 0
  while (end < text.length && ' \t:=>"\'`'.includes(text.charAt(end))) end++
  return text.slice(0, end)
}

/** scheme://user:password@host */
function withoutPassword(line: string): string {
  let shown = line
  let from = 0
  for (;;) {
    const scheme = shown.indexOf('://', from)
    if (scheme === -1) return shown
    const start = scheme + 3
    let end = start
    while (end < shown.length && !' \t/"\'?#'.includes(shown.charAt(end))) end++
    const at = shown.lastIndexOf('@', end - 1)
    const colon = shown.indexOf(':', start)
    if (at >= start && colon !== -1 && colon < at) {
      shown = `${shown.slice(0, colon + 1)}${hidden}${shown.slice(at)}`
    }
    from = start
  }
}

/** The name is shown where there is one: `name: ***`. */
function valueHidden(line: string): string {
  const start = indentOf(line)
  let end = start
  while (end < line.length && isNameChar(line.charCodeAt(end))) end++
  const separator = separatorIn(line.slice(end))
  const isNamed = end > start && (separator.includes(':') || separator.includes('='))
  if (!hasValue(line)) return line
  if (!isNamed) return `${line.slice(0, start)}${hidden}`
  const isAlone = !hasValue(line.slice(end))
  return isAlone ? line : `${line.slice(0, end)}${separator}${hidden}`
}

// ---- lines above

function isBelowSecret(lines: readonly string[], at: number, line: string): boolean {
  return isInKeyFile(lines, at, line) || hasSecretParent(lines, at, line)
}

/** A line of base64 behind "-----BEGIN". */
function isInKeyFile(lines: readonly string[], at: number, line: string): boolean {
  if (!isBase64(line.trim())) return false
  for (let above = at - 1; above >= 0 && above >= at - linesAboveMax; above--) {
    const text = (lines[above] ?? '').trim()
    if (text.startsWith('-----BEGIN')) return true
    if (!isBase64(text)) return false
  }
  return at > linesAboveMax
}

function isBase64(text: string): boolean {
  if (text === '') return false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const isOther = code === 0x2b || code === 0x2f || code === 0x3d
    if (!isOther && (code >= 0x80 || code === 0x2e || code === 0x2d || !isNameChar(code))) {
      return false
    }
  }
  return true
}

/** One of the lines that are less indented announces a secret, and has no value of its own. */
function hasSecretParent(lines: readonly string[], at: number, line: string): boolean {
  let indent = indentOf(line)
  let isItem = line.charAt(indent) === '-'
  for (let above = at - 1; above >= at - linesAboveMax; above--) {
    if (indent === 0 && !isItem) return false
    if (above < 0) return false
    const text = (lines[above] ?? '').slice(0, charsMax)
    if (text.trim() === '') continue
    const depth = indentOf(text)
    // An item of a list may be as deep as the name of the list.
    const isParent = depth < indent || (isItem && depth === indent && text.charAt(depth) !== '-')
    if (!isParent) continue
    if (isOpenSecret(text)) return true
    indent = depth
    isItem = text.charAt(depth) === '-'
  }
  return true
}

/** "password:", "tokens: [", "key: |" */
function isOpenSecret(line: string): boolean {
  const end = endOfSecretWord(line)
  return end !== -1 && !hasValue(line.slice(end))
}

function indentOf(line: string): number {
  let indent = 0
  while (indent < line.length && ' \t'.includes(line.charAt(indent))) indent++
  return indent
}
