/** The shape of what does the work of a verb. */
import type { Call } from '../server/call.ts'
import type { VerbName, Verbs } from './verbs.ts'

export type Handlers = {
  readonly [V in VerbName]: (call: Call, args: Verbs[V]['args']) => void
}
