/** Faults in how clients are turned away that may not, or that send what is no request. */
import type { Mutant } from '../mutants.ts'

/** What is seen first where a request is done that must be refused. */
const wrongDeeds = ['notUnasked', 'answeredOnce', 'siblings', 'endsForReason', 'byPolicyOnly']

export const intruderMutants: readonly Mutant[] = [
  {
    name: 'a foreign user may look',
    file: 'control/server/access.ts',
    from: "return uid === 0 || uid === own ? 'operate' : null",
    to: "return uid === 0 || uid === own ? 'operate' : 'look'",
    seed: 7,
    breaks: ['intrudersRefused'],
  },
  {
    name: 'a client without any right stays connected',
    file: 'control/server/server.ts',
    from: 'if (access === null) return this.#close(id, accessDenied)',
    to: 'if (access === null) return',
    seed: 7,
    breaks: ['intrudersRefused'],
  },
  {
    name: 'a process of a daemon may do what an operator may',
    file: 'control/server/access.ts',
    from: "if (access === 'operate') return null",
    to: 'if (access !== null) return null',
    seed: 7,
    breaks: ['intrudersAnswered', ...wrongDeeds],
  },
  {
    name: 'a line that is no request is not answered',
    file: 'control/server/server.ts',
    from: 'if (id === null) return connection.fail(null, read.failed)',
    to: 'if (id === null) return',
    seed: 7,
    breaks: ['intrudersAnswered'],
  },
  {
    name: 'a line that is too long is passed over',
    file: 'control/server/server.ts',
    from: 'if (text === null) return this.#close(client, tooLong)',
    to: 'if (text === null) return',
    seed: 7,
    breaks: ['intrudersAnswered'],
  },
  {
    name: 'a request with a key too many is done all the same',
    file: 'control/server/read-request.ts',
    from: 'if (extra !== undefined) {',
    to: "if (extra === '') {",
    seed: 7,
    breaks: ['intrudersAnswered', ...wrongDeeds],
  },
]
