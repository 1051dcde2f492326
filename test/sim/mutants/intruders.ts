/** Faults in the refusal of clients without rights and of invalid requests. */
import type { Mutant } from '../mutants.ts'

/** The promises that a forbidden request breaks when it is performed. */
const wrongDeeds = ['startRequested', 'answeredOnce', 'siblings', 'endsForReason', 'byPolicyOnly']

export const intruderMutants: readonly Mutant[] = [
  {
    name: 'another user may read the status',
    file: 'control/server/access.ts',
    from: "return uid === 0 || uid === own ? 'operate' : null",
    to: "return uid === 0 || uid === own ? 'operate' : 'look'",
    seed: 7,
    breaks: ['intrudersRefused'],
  },
  {
    name: 'a client without rights stays connected',
    file: 'control/server/server.ts',
    from: 'if (access === null) return this.#close(id, accessDenied)',
    to: 'if (access === null) return',
    seed: 7,
    breaks: ['intrudersRefused'],
  },
  {
    name: 'a process of a daemon has the rights of an operator',
    file: 'control/server/access.ts',
    from: "if (access === 'operate') return null",
    to: 'if (access !== null) return null',
    seed: 7,
    breaks: ['intrudersAnswered', ...wrongDeeds],
  },
  {
    name: 'an invalid request is not answered',
    file: 'control/server/server.ts',
    from: 'if (id === null) return this.#refuse(connection, null, read.failed, text)',
    to: 'if (id === null) return',
    seed: 7,
    breaks: ['intrudersAnswered'],
  },
  {
    name: 'a line that is too long is skipped',
    file: 'control/server/server.ts',
    from: 'if (text === null) return this.#close(client, tooLong)',
    to: 'if (text === null) return',
    seed: 7,
    breaks: ['intrudersAnswered'],
  },
  {
    name: 'a request with an unknown key is performed',
    file: 'control/server/read-request.ts',
    from: 'if (extra !== undefined) {',
    to: "if (extra === '') {",
    seed: 7,
    breaks: ['intrudersAnswered', ...wrongDeeds],
  },
]
