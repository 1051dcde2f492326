/** Numbers for people: durations, memory, shares. */

/** "312 ms", "3.2 s", "45 s", "4 min 10 s", "2 h 5 min", "3 d 4 h": at most two units. For exact
 *  durations see formatDuration in core/text. */
export function formatElapsed(ms: number): string {
  const whole = Math.max(0, Math.round(ms))
  if (whole < 1000) return `${whole} ms`
  if (whole < 9950) return `${Number((whole / 1000).toFixed(1))} s`
  const seconds = Math.round(whole / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return pair(seconds, 60, 'min', 's', 1)
  if (seconds < 86_400) return pair(seconds, 3600, 'h', 'min', 60)
  return pair(seconds, 86_400, 'd', 'h', 3600)
}

/** The same for a table: "312ms", "4m 10s". */
export function formatElapsedShort(ms: number): string {
  const units = formatElapsed(ms).replace('min', 'm')
  return units.replaceAll(/(\d) (?=[a-z])/g, '$1')
}

function pair(seconds: number, unit: number, large: string, small: string, rest: number): string {
  const left = Math.floor((seconds % unit) / rest)
  const first = `${Math.floor(seconds / unit)} ${large}`
  return left === 0 ? first : `${first} ${left} ${small}`
}

/** "812 KiB", "12.3 MiB", "1.4 GiB" */
export function formatMemory(kib: number): string {
  if (kib < 1000) return `${Math.round(kib)} KiB`
  const mib = kib / 1024
  return mib < 1000 ? `${tenths(mib)} MiB` : `${tenths(mib / 1024)} GiB`
}

/** A share of one processor: "0.3%", "12%", "180%". */
export function formatPercent(share: number): string {
  const hundredths = share * 100
  return `${hundredths < 10 ? hundredths.toFixed(1) : Math.round(hundredths)}%`
}

function tenths(value: number): string {
  return value < 100 ? value.toFixed(1) : String(Math.round(value))
}
