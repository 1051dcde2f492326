/** A server in memory, with the answers to each verb. */
import type { DaemonStatus, StatusAnswer } from '../../src/control/protocol/status.ts'
import type { VerbName } from '../../src/control/protocol/verbs.ts'

export interface Request {
  readonly id: number
  readonly verb: VerbName
  readonly args: Readonly<Record<string, unknown>>
}

/** The lines of an answer without their id; a text is sent unchanged; null ends the connection. */
export type Line = object | string | null

export class FakeServer {
  readonly requests: Request[] = []
  readonly contents: string[] = []
  readonly #answers: Partial<Record<VerbName, (request: Request, nth: number) => readonly Line[]>>
  /** The first line of each connection. */
  greeting: string = JSON.stringify({
    pitcrew: 1,
    version: '0.1.0',
    name: 'shop',
    pid: 1,
    access: 'operate',
    daemon: null,
  })
  connections = 0
  #lines: (string | null)[] = []

  constructor(answers: FakeServer['answersOf'] = {}) {
    this.#answers = answers
  }

  declare readonly answersOf: Partial<
    Record<VerbName, (request: Request, nth: number) => readonly Line[]>
  >

  connected(): void {
    this.connections++
    this.#lines = [`${this.greeting}\n`]
  }

  receiveContent(text: string): void {
    this.contents.push(text)
  }

  receive(text: string): null {
    for (const line of text.trimEnd().split('\n')) {
      const request: Request = JSON.parse(line)
      this.requests.push(request)
      const nth = this.requests.filter(({ verb }) => verb === request.verb).length
      const answers = this.#answers[request.verb]?.(request, nth) ?? []
      for (const answer of answers.flatMap(splitIntoItems)) {
        this.#lines.push(
          typeof answer === 'object' && answer !== null
            ? `${JSON.stringify({ id: request.id, ...answer })}\n`
            : answer,
        )
      }
    }
    return null
  }

  /** The next line; '' when there is none; null at the end. */
  nextLine(): string | null {
    const [line] = this.#lines
    if (line === undefined) return ''
    if (line !== null) this.#lines.shift()
    return line
  }
}

/** An answer with a list of daemons is sent as an item for each of them, and the rest. */
function splitIntoItems(line: Line): readonly Line[] {
  if (typeof line !== 'object' || line === null || !('done' in line)) return [line]
  const { daemons, ...done } = line.done as { daemons?: readonly DaemonStatus[] }
  return daemons === undefined ? [line] : [...daemons.map((item) => ({ item })), { done }]
}

/** A ready daemon, with changes. */
export function daemon(name: string, changes: Partial<DaemonStatus> = {}): DaemonStatus {
  return {
    name,
    kind: 'daemon',
    state: 'ready',
    run: 1,
    pid: 7,
    uptimeMs: 7_500_000,
    readyMs: 7_499_000,
    restarts: 0,
    waitsFor: null,
    nextAttemptMs: null,
    killMs: null,
    status: '',
    lastDeath: null,
    ticket: null,
    usage: { cpuMs: 7500, memoryKib: 12_600, processes: 2 },
    ...changes,
  }
}

export function statusAnswer(
  daemons: readonly DaemonStatus[],
  changes: Partial<StatusAnswer> = {},
): StatusAnswer {
  return {
    name: 'shop',
    version: '0.1.0',
    pid: 1,
    uptimeMs: 7_500_000,
    cursor: '1-9',
    stopping: null,
    outputStall: null,
    daemons,
    ...changes,
  }
}
