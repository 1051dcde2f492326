/** The results of reading a bundle: the text of its plan, or its problems. */
import { describeProblem, type ProblemList } from '../../bundle/problems.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { maxPlanBytes, type SumOf, sealPlan } from '../../core/plan/plan-text.ts'
import { count } from '../../core/text/describe.ts'
import { PitcrewError } from '../../errors.ts'
import type { Report } from '../exit-status.ts'

/** @throws BUNDLE_INVALID if the text is too large to be loaded. */
export function planText(plan: Plan, sumOf: SumOf): string {
  const text = sealPlan(plan, sumOf)
  if (text.length < maxPlanBytes) return text
  const hint = 'use fewer aliases in the bundle: each is written out'
  throw new PitcrewError('BUNDLE_INVALID', 'cannot build a plan of more than 4 MiB', hint)
}

/** @returns The exit status. */
export function reportInvalid(
  { report }: Report,
  path: string,
  { problems, more }: ProblemList,
): number {
  for (const problem of problems) report(describeProblem(path, problem))
  const total = count(problems.length + more, 'problem')
  const shown = more > 0 ? ` (the first ${problems.length} are shown)` : ''
  report(`pitcrew: cannot use ${path}: ${total}${shown}`)
  return 2
}
