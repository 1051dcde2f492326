/** Timestamps in ISO 8601. The engine of the init has no Date. */

const minuteMs = 60_000
const dayMinutes = 24 * 60

/** The last result: frequent calls are about the same millisecond, or the same minute. */
let lastMs = Number.NaN
let lastText = ''
let lastMinute = Number.NaN
let lastMinuteText = ''

/** "2026-11-21T17:00:00.123Z" for milliseconds since 1970. */
export function isoTime(wallMs: number): string {
  if (wallMs === lastMs) return lastText
  const minute = Math.floor(wallMs / minuteMs)
  if (minute !== lastMinute) {
    lastMinute = minute
    lastMinuteText = minuteText(minute)
  }
  // 100 000 to 159 999, so that no zero is missing.
  const digits = String(Math.floor(wallMs) - minute * minuteMs + 100_000)
  lastMs = wallMs
  lastText = `${lastMinuteText}:${digits.slice(1, 3)}.${digits.slice(3)}Z`
  return lastText
}

/** The calendar is that of Howard Hinnant's "civil_from_days": years begin in March, so that the
 *  leap day is the last of them. */
function minuteText(minute: number): string {
  const days = Math.floor(minute / dayMinutes)
  const [year, month, day] = dateOf(days)
  const ofDay = minute - days * dayMinutes
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(ofDay / 60, 2)}:${pad(ofDay % 60, 2)}`
}

/** @param days Since 1970-01-01. */
function dateOf(days: number): readonly [year: number, month: number, day: number] {
  // Since 0000-03-01, in cycles of 400 years.
  const sinceMarch = days + 719_468
  const cycle = Math.floor(sinceMarch / 146_097)
  const ofCycle = sinceMarch - cycle * 146_097
  // Of them, each 4th year has a leap day, but not the 100th, and yet the 400th.
  const leapDays =
    Math.floor(ofCycle / 1460) - Math.floor(ofCycle / 36_524) + Math.floor(ofCycle / 146_096)
  const year = Math.floor((ofCycle - leapDays) / 365)
  const ofYear = ofCycle - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const marchMonth = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return [year + cycle * 400 + (month <= 2 ? 1 : 0), month, day]
}

function pad(value: number, digits: number): string {
  return String(Math.floor(value)).padStart(digits, '0')
}
