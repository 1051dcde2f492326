/** `limits` and `umask`: numbers with a notation of their own. */
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
    const written = value.entries.filter(({ key }) => key === 'soft' || key === 'hard')
    if (written.length === 2) return
    const hint = 'write { soft: 1024, hard: 4096 }'
    return reportProblem(location, value.offset, 'expected both soft and hard', hint)
  }
  if (asNumber(soft) > asNumber(hard)) {
    const message = `soft (${soft}) is above hard (${hard})`
    return reportProblem(location, value.offset, message, 'raise hard')
  }
  return { soft, hard }
}

export const limits: Reader<Partial<Record<LimitName, LimitSpec>>> = (value, location) => {
  const found = readLimits(value, location)
  if (found === undefined) return
  // In a fixed order, so that equal bundles give equal plans.
  const ordered: Partial<Record<LimitName, LimitSpec>> = {}
  for (const name of limitNames) {
    const spec = found[name]
    if (spec !== undefined) ordered[name] = spec
  }
  return ordered
}

/** Octal in every notation: YAML reads `022` as 22, a umask of 022 is 18. */
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
  return reportMismatch(
    location,
    value,
    'a number such as 1024, 64k, 64M or 1G, or unlimited',
    hint,
  )
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

function asNumber(limit: LimitValue): number {
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : limit
}
