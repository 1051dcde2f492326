/** Resource limits and the file mode mask: numbers with a notation of their own. */
import { type LimitName, type LimitSpec, limitNames } from '../../core/plan/plan.ts'
import { type Reader, reportMismatch, reportProblem } from '../location.ts'
import { fields } from '../read.ts'

/** 1024, 64M, unlimited, or { soft, hard }. */
const limit: Reader<LimitSpec> = (value, location) => {
  if (value.kind !== 'map') {
    const both = limitValue(value, location)
    return both === undefined ? undefined : { soft: both, hard: both }
  }
  const found = softAndHard(value, location)
  if (found === undefined) return
  const { soft, hard } = found
  if (soft === undefined || hard === undefined) {
    const given = value.entries.filter(({ key }) => key === 'soft' || key === 'hard')
    if (given.length === 2) return
    return reportProblem(
      location,
      value.offset,
      'expected both soft and hard',
      'write { soft: 1024, hard: 4096 }',
    )
  }
  if (number(soft) > number(hard)) {
    return reportProblem(
      location,
      value.offset,
      `soft (${soft}) is above hard (${hard})`,
      'raise hard',
    )
  }
  return { soft, hard }
}

export const limits: Reader<Partial<Record<LimitName, LimitSpec>>> = (value, location) => {
  const found = readLimits(value, location)
  if (found === undefined) return
  // In an order of our own, so that plans of equal meaning are equal text.
  const ordered: Partial<Record<LimitName, LimitSpec>> = {}
  for (const name of limitNames) {
    const spec = found[name]
    if (spec !== undefined) ordered[name] = spec
  }
  return ordered
}

/** Octal in every notation: `022` is 22 to YAML and 18 to everybody who writes a umask. */
export const umask: Reader<number> = (value, location) => {
  const digits = value.kind === 'text' ? /^(?:0o)?([0-7]{1,4})$/.exec(value.text)?.[1] : undefined
  const mask = digits === undefined ? Number.NaN : Number.parseInt(digits, 8)
  if (mask <= 0o777) return mask
  return reportMismatch(location, value, 'an octal mask from 000 to 777', 'write 022')
}

type LimitValue = number | 'unlimited'

const suffixes: Readonly<Record<string, number | undefined>> = {
  '': 1,
  k: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
}

const limitValue: Reader<LimitValue> = (value, location) => {
  const written = value.kind === 'text' ? value.text : ''
  if (written === 'unlimited') return written
  const [, digits, suffix = ''] = /^(\d+)([kMG]?)$/.exec(written) ?? []
  const limit = Number(digits) * (suffixes[suffix] ?? 1)
  if (Number.isSafeInteger(limit)) return limit
  const hint = /^(infinity|-1)$/.test(written) ? 'write unlimited' : null
  return reportMismatch(location, value, 'a number, one such as 64k, 64M or 1G, or unlimited', hint)
}

const softAndHard: Reader<Partial<{ soft: LimitValue; hard: LimitValue }>> = fields({
  soft: limitValue,
  hard: limitValue,
})

const readLimits: Reader<Partial<Record<LimitName, LimitSpec>>> = fields(
  Object.fromEntries(limitNames.map((name) => [name, limit])) as Record<
    LimitName,
    Reader<LimitSpec>
  >,
)

function number(limit: LimitValue): number {
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : limit
}
