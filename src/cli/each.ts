/** One request for each of several daemons, at once over one connection; what becomes of each is
 *  told when it is known. */

import type { Client } from '../client/client.ts'
import { RequestError } from '../client/request-error.ts'
import type { Progress } from '../control/answers.ts'
import { describeError, exitStatus } from '../errors.ts'
import type { Input } from './command.ts'
import { type Connection, connect } from './connection.ts'
import { quoteLines } from './outcome.ts'
import { ProgressLine } from './progress.ts'

export interface Each<Answer> {
  ask(client: Client, name: string, onProgress: (progress: Progress) => void): Promise<Answer>
  describe(answer: Answer): string
}

interface Options extends Record<string, string | true> {
  json: true
  socket: string
}

/** @returns The worst exit status of all. */
export async function forEach<Answer>(
  input: Input<Options>,
  names: readonly string[],
  { ask, describe }: Each<Answer>,
): Promise<number> {
  const connection = await connect(input)
  const progress = new ProgressLine(input.system)
  const statuses = await Promise.all(
    [...new Set(names)].map(async (name) => {
      try {
        const answer = await ask(connection.client, name, (news) => progress.tell(name, news))
        progress.end(name)
        input.print(input.options.json ? JSON.stringify(answer) : describe(answer))
        return 0
      } catch (error) {
        progress.end(name)
        // Of the connection: it is told once for all of them.
        if (!(error instanceof RequestError)) throw error
        await tellFailure(input, connection, name, error)
        return exitStatus(error)
      }
    }),
  )
  return Math.max(...statuses)
}

/** The cause, the last lines of the daemon, and where to read on. */
async function tellFailure(
  { print, talk, options }: Input<Options>,
  { client }: Connection,
  name: string,
  error: RequestError,
): Promise<void> {
  const { code, message, hint, ticket } = error
  if (options.json) {
    const failed = { code, message, hint, ...(ticket === null ? {} : { ticket }) }
    print(JSON.stringify({ daemon: name, failed }))
  }
  talk(`pitcrew: ${name}: ${describeError(error)}${ticket === null ? '' : ` (ticket ${ticket})`}`)
  if (code !== 'FAILED') return
  const lines = ticket === null ? [] : await lastLines(client, ticket)
  for (const line of [...quoteLines(lines), `  see: pitcrew explain ${name}`]) talk(line)
}

/** None when the ticket is not known any more. */
async function lastLines(client: Client, ticket: number): Promise<readonly string[]> {
  try {
    return (await client.call('ticket', { ticket })).lastLines
  } catch {
    return []
  }
}
