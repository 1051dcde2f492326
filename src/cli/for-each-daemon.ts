/** Sends one request for each of several daemons over one connection, and prints each outcome as
 *  soon as it is known. */

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

/** Open requests at a time; the server allows 1024 per connection. */
const maxConcurrent = 256

interface Options extends Record<string, string | true> {
  json: true
  socket: string
}

/** @returns The highest exit status of all requests. */
export async function forEachDaemon<Answer>(
  input: Input<Options>,
  names: readonly string[],
  { send, describe }: DaemonRequest<Answer>,
): Promise<number> {
  const { client } = await connect(input)
  const progress = new ProgressLine(input.system)
  const requestOne = async (name: string): Promise<number> => {
    try {
      const answer = await send(client, name, (news) => progress.update(name, news))
      progress.remove(name)
      input.print(input.options.json ? JSON.stringify(answer) : describe(answer))
      return 0
    } catch (error) {
      progress.remove(name)
      // An error of the connection concerns all requests and is reported once.
      if (!(error instanceof RequestError)) throw error
      reportFailure(input, name, error)
      return exitStatus(error)
    }
  }
  let worst = 0
  const unique = new Set(names)
  const pending = unique.values()
  const worker = async (): Promise<void> => {
    for (const name of pending) {
      const status = await requestOne(name)
      worst = Math.max(worst, status)
    }
  }
  await Promise.all(Array.from({ length: Math.min(unique.size, maxConcurrent) }, worker))
  return worst
}

/** Reports the cause, the remedy, and the last lines of the daemon. */
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
  // The message of a timeout or of a superseded request names a ticket already.
  const which = ticket !== null && code === 'FAILED' ? ` (ticket ${ticket})` : ''
  report(`pitcrew: ${withHint(about + which, hint)}`)
  for (const line of formatLastLines(lastLines)) report(line)
}
