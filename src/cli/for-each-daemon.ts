/** One request for each of several daemons, at once over one connection; what becomes of each is
 *  told when it is known. */

import type { Client } from '../client/client.ts'
import { RequestError } from '../client/messages.ts'
import type { Progress } from '../control/protocol/answers.ts'
import { exitStatus, withHint } from '../errors.ts'
import type { Input } from './command.ts'
import { connect } from './connection.ts'
import { definedFields } from './options.ts'
import { formatLastLines } from './terminal/outcome.ts'
import { ProgressLine } from './terminal/progress.ts'

export interface DaemonRequest<Answer> {
  send(client: Client, name: string, onProgress: (progress: Progress) => void): Promise<Answer>
  describe(answer: Answer): string
}

/** Requests that are open at a time: a connection may have no more than 1024. */
const maxConcurrent = 256

interface Options extends Record<string, string | true> {
  json: true
  socket: string
}

/** @returns The worst exit status of all. */
export async function forEachDaemon<Answer>(
  input: Input<Options>,
  names: readonly string[],
  { send, describe }: DaemonRequest<Answer>,
): Promise<number> {
  const { client } = await connect(input)
  const progress = new ProgressLine(input.system)
  const one = async (name: string): Promise<number> => {
    try {
      const answer = await send(client, name, (news) => progress.tell(name, news))
      progress.end(name)
      input.print(input.options.json ? JSON.stringify(answer) : describe(answer))
      return 0
    } catch (error) {
      progress.end(name)
      // Of the connection: it is told once for all of them.
      if (!(error instanceof RequestError)) throw error
      reportFailure(input, name, error)
      return exitStatus(error)
    }
  }
  let worst = 0
  const left = [...new Set(names)].values()
  const worker = async (): Promise<void> => {
    for (const name of left) {
      const status = await one(name)
      worst = Math.max(worst, status)
    }
  }
  await Promise.all(Array.from({ length: maxConcurrent }, worker))
  return worst
}

/** The cause, the remedy, and what the daemon printed last. */
function reportFailure(
  { print, report, options }: Input<Options>,
  name: string,
  error: RequestError,
): void {
  const { code, message, hint, ticket, lastLines } = error
  if (options.json) {
    const optional = definedFields({
      ticket: ticket ?? undefined,
      lastLines: lastLines.length === 0 ? undefined : lastLines,
    })
    print(JSON.stringify({ daemon: name, failed: { code, message, hint, ...optional } }))
  }
  const about = message.includes(name) ? message : `${name}: ${message}`
  // Where the time is up, or another took its place, the words name the ticket that goes on.
  const which = ticket !== null && code === 'FAILED' ? ` (ticket ${ticket})` : ''
  report(`pitcrew: ${withHint(about + which, hint)}`)
  for (const line of formatLastLines(lastLines)) report(line)
}
