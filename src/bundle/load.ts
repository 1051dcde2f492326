/** Loads a bundle file that may be a plan which `pitcrew build` wrote. */
import { parsePlan } from '../core/plan/check-plan.ts'
import { isPlanText } from '../core/plan/plan-text.ts'
import { type LoadAnswer, parseBundle } from './parse-bundle.ts'
import { collectProblems } from './problems.ts'

/** @param text YAML, JSON, or a plan. */
export function loadBundle(text: string): LoadAnswer {
  if (!isPlanText(text)) return parseBundle(text)
  const answer = parsePlan(text)
  if ('plan' in answer) return answer
  const problems = collectProblems()
  problems.add(0, `not a valid plan: ${answer.error}`, 'build it again with this version')
  return problems.list(text)
}
