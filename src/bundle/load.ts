/** The text of a bundle file → a plan, or everything that is wrong with it:
 *
 *      text ── parse.ts ──▶ tree ── schema.ts ──▶ plan
 *                  └──────── problems ────────┘
 *
 *  Runs in a helper or in a client verb, never in PID 1: a bug in here, or a file made to hurt,
 *  costs one short-lived process. Pure, and nothing of the host is in the plan, so that a plan
 *  built on one machine is the plan of another. */

import { parsePlan } from '../core/plan/check-plan.ts'
import type { Plan } from '../core/plan/plan.ts'
import { isPlanText, maxBundleBytes } from '../core/plan/plan-text.ts'
import { parseTree } from './parse.ts'
import { collectProblems, type ProblemList, type Problems } from './problems.ts'
import { readBundle } from './schema.ts'

export type LoadAnswer = { readonly plan: Plan } | ProblemList

/** @param text YAML, JSON, or a plan that `pitcrew build` wrote. */
export function loadBundle(text: string): LoadAnswer {
  const problems = collectProblems()
  if (isPlanText(text)) {
    const answer = parsePlan(text)
    if ('plan' in answer) return answer
    problems.add(0, `not a valid plan: ${answer.error}`, 'build it again with this version')
    return problems.list(text)
  }
  if (text.length > maxBundleBytes) {
    problems.add(0, 'the bundle is larger than 1 MiB', 'move what is not a daemon elsewhere')
    return problems.list(text)
  }
  const plan = tryRead(text, problems)
  return plan === null || problems.count() > 0 ? problems.list(text) : { plan }
}

/** The small engine throws null when its memory is used up: a matter of the file, not a bug. */
function tryRead(text: string, problems: Problems): Plan | null {
  try {
    const root = parseTree(text, problems)
    return root === null ? null : readBundle(root, problems)
  } catch (error) {
    if (error !== null) throw error
    problems.add(0, 'the bundle needs more memory than its parser has', 'make it smaller')
    return null
  }
}
