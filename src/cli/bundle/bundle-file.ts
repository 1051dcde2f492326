/** Loads a bundle file as a plan, for the verbs that take a bundle. */
import { loadBundle } from '../../bundle/load.ts'
import type { ProblemList } from '../../bundle/problems.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { type BundleFile, readBundleFile } from '../../host/find-bundle.ts'
import type { Input } from '../command.ts'

export type LoadResult =
  | { readonly path: string; readonly plan: Plan }
  | { readonly path: string; readonly invalid: ProblemList }

/** @param path From the command line; absent = the first of the default paths that exists. */
export function loadBundleFile({ system }: Pick<Input, 'system'>, path?: string): LoadResult {
  const file: BundleFile = readBundleFile(system, path ?? null)
  const answer = loadBundle(file.text)
  return 'plan' in answer
    ? { path: file.path, plan: answer.plan }
    : { path: file.path, invalid: answer }
}
