/** Durations: parses those of the bundle file and formats those of messages. Without regular
 *  expressions, since the engine of the init has none. */

const units = [
  { unit: 'h', ms: 3_600_000 },
  { unit: 'm', ms: 60_000 },
  { unit: 's', ms: 1000 },
  { unit: 'ms', ms: 1 },
] as const

/** More digits are a typing error and could not be represented exactly. */
const maxDigits = 12

/**
 * Reads "500ms", "2s", "1.5s", "1m30s" or "1h": pairs of number and unit, the larger unit first,
 * each unit once.
 *
 * @returns Whole milliseconds; null for anything else: no unit, a sign, a space, a fraction of a
 *          millisecond. A number without a unit is refused: some programs mean seconds by it and
 *          others milliseconds.
 */
export function parseDuration(text: string): number | null {
  let totalMs = 0
  let position = 0
  let largest = -1
  do {
    const numberEnd = skip(text, position, isDigitOrPoint)
    const unitEnd = skip(text, numberEnd, isLetter)
    const rank = units.findIndex(({ unit }) => unit === text.slice(numberEnd, unitEnd))
    const unitMs = units[rank]?.ms
    const count = parseDecimal(text.slice(position, numberEnd))
    if (unitMs === undefined || count === null || rank <= largest) return null
    totalMs += count * unitMs
    largest = rank
    position = unitEnd
  } while (position < text.length)
  const wholeMs = Math.round(totalMs)
  return Math.abs(totalMs - wholeMs) < 1e-6 ? wholeMs : null
}

/** "200 ms", "9 s", "1.5 s", "1 min 30 s", "1 h": exact to the millisecond. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms)
  if (whole < 1000) return `${whole} ms`
  const hours = Math.floor(whole / 3_600_000)
  const minutes = Math.floor((whole % 3_600_000) / 60_000)
  const seconds = (whole % 60_000) / 1000
  const parts: string[] = []
  if (hours > 0) parts.push(`${hours} h`)
  if (minutes > 0) parts.push(`${minutes} min`)
  if (seconds > 0) parts.push(`${seconds} s`)
  return parts.join(' ')
}

/** "12", "1.5", ".5"; not "", "1.", "1.2.3". */
function parseDecimal(text: string): number | null {
  const point = text.indexOf('.')
  if (text === '' || text.length > maxDigits) return null
  if (point !== text.lastIndexOf('.') || point === text.length - 1) return null
  return Number(text)
}

function skip(text: string, from: number, belongs: (char: string) => boolean): number {
  let position = from
  while (position < text.length && belongs(text.charAt(position))) position++
  return position
}

function isDigitOrPoint(char: string): boolean {
  return (char >= '0' && char <= '9') || char === '.'
}

function isLetter(char: string): boolean {
  return char >= 'a' && char <= 'z'
}
