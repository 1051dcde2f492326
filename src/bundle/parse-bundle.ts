/** Reads the text of a bundle file: the result is a plan, or the list of all problems:
 *
 *      text ── parse.ts ──▶ tree ── schema.ts ──▶ plan
 *                  └──────── problems ────────┘
 *
 *  Runs in a helper or in a client verb, never in PID 1, so that a bug or a hostile file costs one
 *  short-lived process. Pure: a plan does not depend on the machine that built it. */

import type { Plan } from '../core/plan/plan.ts'
import { maxBundleBytes } from '../core/plan/plan-text.ts'
import { parseTree } from './parse.ts'
import { collectProblems, type ProblemList, type Problems } from './problems.ts'
import { readBundle } from './schema.ts'

export type LoadAnswer = { readonly plan: Plan } | ProblemList

/** @param text YAML or JSON. */
export function parseBundle(text: string): LoadAnswer {
  const problems = collectProblems()
  if (text.length > maxBundleBytes) {
    problems.add(0, 'the bundle is larger than 1 MiB', 'make it smaller, or split it')
    return problems.list(text)
  }
  const plan = tryRead(text, problems)
  return plan === null || problems.count() > 0 ? problems.list(text) : { plan }
}

/** The engine throws null when it is out of memory: the fault of the file, not a bug. */
function tryRead(text: string, problems: Problems): Plan | null {
  try {
    const root = parseTree(text, problems)
    return root === null ? null : readBundle(root, problems)
  } catch (error) {
    if (error !== null) throw error
    problems.add(0, 'the parser ran out of memory', 'make the bundle smaller')
    return null
  }
}
