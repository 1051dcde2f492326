/** Loads a bundle for a test. */
import { loadBundle } from '../../src/bundle/load.ts'
import { describeProblem } from '../../src/bundle/problems.ts'
import type { Plan } from '../../src/core/plan/plan.ts'

/** The problems as printed, one per line. */
export function problemsOf(text: string): string {
  const answer = loadBundle(text)
  if ('plan' in answer) return 'valid'
  const lines = answer.problems.map((problem) => describeProblem('b.yaml', problem))
  if (answer.more > 0) lines.push(`and ${answer.more} more`)
  return lines.join('\n')
}

/** The problems of a bundle with one daemon that has these keys besides its command. */
export function problemsOfDaemon(keys: string): string {
  return problemsOf(`daemons:\n  web:\n    command: [web]\n    ${keys}`)
}

export function planOf(text: string): Plan {
  const answer = loadBundle(text)
  if ('plan' in answer) return answer.plan
  throw new Error(problemsOf(text))
}

/** The one daemon of the plan, with these keys besides its command. */
export function daemonOf(keys: string): Plan['daemons'][number] {
  const [daemon] = planOf(`daemons:\n  web:\n    command: [web]\n    ${keys}`).daemons
  if (daemon === undefined) throw new Error('no daemon')
  return daemon
}
