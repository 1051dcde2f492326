/** The sum that seals a plan: see core/plan-text.ts. It is a version's own: another one may check
 *  what this one did not. */
import type { SumOf } from '../core/plan/plan-text.ts'
import type { System } from './system.ts'

export function sumWith(system: Pick<System, 'sum'>, version: string): SumOf {
  return (text) => system.sum(`${version} ${text}`)
}
