/** Requests a change of a configuration file, waits for its outcome, and prints it. */
import type { Client } from '../client/client.ts'
import { RequestError } from '../client/messages.ts'
import type { Progress, TicketAnswer } from '../control/protocol/answers.ts'
import type { ApplyArgs, RollbackArgs } from '../control/protocol/operations.ts'
import { exitStatus, withHint } from '../errors.ts'
import type { Command, Input, OptionSpec } from './command.ts'
import { connect } from './connection.ts'
import { readDuration } from './option-values.ts'
import { definedFields, json, noWait, socket, timeout, why } from './options.ts'
import {
  type ChangeTicket,
  changePage,
  confirmationLine,
  diffLines,
  failurePage,
} from './terminal/change-page.ts'
import { formatLastLines } from './terminal/outcome.ts'
import { ProgressLine } from './terminal/progress.ts'
import { terminalStyleOf } from './terminal/style.ts'

export interface ChangeOptions extends Record<string, string | true> {
  file: string
  'dry-run': true
  diff: true
  confirm: string
  why: string
  'no-wait': true
  timeout: string
  json: true
  socket: string
}

const file: OptionSpec = {
  value: 'PATH',
  help: 'file to change, one of "config:" in the bundle; may be left out if it has one',
}

export const changeOptions: { readonly [Name in keyof ChangeOptions]-?: OptionSpec } = {
  file,
  'dry-run': { value: null, help: 'change nothing; show what would change' },
  diff: { value: null, help: 'show the difference, too' },
  confirm: {
    value: 'TIME',
    help: 'undo the change after TIME, such as 60s, unless it is confirmed',
  },
  why,
  'no-wait': noWait,
  timeout,
  json,
  socket,
}

/** What is requested, without what every change has. */
export type Requested =
  | { readonly verb: 'apply'; readonly args: Pick<ApplyArgs, 'bytes' | 'ifMatch'> }
  | { readonly verb: 'rollback'; readonly args: Pick<RollbackArgs, 'to'> }

interface Run {
  readonly input: Input<ChangeOptions>
  readonly client: Client
  readonly daemon: string
  readonly progress: ProgressLine
}

/** @param isDry Only a plan. @returns The exit status. */
export async function changeFile(
  command: Pick<Command, 'name'>,
  input: Input<ChangeOptions>,
  requested: Requested,
  isDry: boolean,
): Promise<number> {
  const { args, options, system, print } = input
  const [daemon = ''] = args
  const timeoutMs = readDuration(command, 'timeout', options.timeout)
  const confirmMs = readDuration(command, 'confirm', options.confirm)
  const { client } = await connect(input)
  const run: Run = { input, client, daemon, progress: new ProgressLine(system) }
  const waitsForConfirmation = confirmMs !== undefined && !isDry && !options['no-wait']
  const common = definedFields({
    file: options.file,
    confirmMs,
    dryRun: isDry ? true : undefined,
    why: options.why,
    wait: options['no-wait'] || waitsForConfirmation ? false : undefined,
    timeoutMs: waitsForConfirmation ? undefined : timeoutMs,
  })
  try {
    const first = await request(run, requested, common)
    const answer = waitsForConfirmation ? await confirmed(run, first, timeoutMs) : first
    if (options.json) print(JSON.stringify(answer))
    else printChange(input, answer, isDry)
    return 0
  } catch (error) {
    // An error of the connection is reported by `main`.
    if (!(error instanceof RequestError)) throw error
    reportFailure(input, daemon, error)
    return exitStatus(error)
  } finally {
    run.progress.remove(daemon)
  }
}

function request(
  { client, daemon, progress, input }: Run,
  { verb, args }: Requested,
  common: object,
): Promise<TicketAnswer> {
  const all = { daemon, ...args, ...common }
  const onProgress = (news: Progress): void => progress.update(daemon, news)
  if (verb === 'rollback') return client.call(verb, all, { onProgress })
  const sendContent = (): void => {
    // A connection that has ended shows when it is read.
    input.system.sendContent()
  }
  return client.call(verb, all as ApplyArgs, { onProgress, sendContent })
}

/** Waits for the outcome, and says when the change waits for its confirmation.
 *  @throws {RequestError} The outcome is a failure. */
async function confirmed(
  run: Run,
  { ticket }: TicketAnswer,
  timeoutMs: number | undefined,
): Promise<TicketAnswer> {
  const { client, daemon, progress, input } = run
  let isTold = false
  const tell = async (): Promise<void> => {
    const now = await client.call('ticket', { ticket })
    if (now.change?.step !== 'confirming') return
    progress.remove(daemon)
    const line = confirmationLine({ ...now, change: now.change })
    if (input.options.json) input.report(`pitcrew: ${line}`)
    else input.print(line)
  }
  const onProgress = (news: Progress): void => {
    if (!news.words.startsWith('confirming')) return progress.update(daemon, news)
    if (isTold) return progress.update(daemon, { ...news, words: 'waits for a confirmation' })
    isTold = true
    // Its failure is that of the request that is waited for.
    tell().catch(() => {})
  }
  const args = { ticket, wait: true, ...definedFields({ timeoutMs }) }
  const answer = await client.call('ticket', args, { onProgress })
  return asSuccess(answer)
}

/** @throws {RequestError} What a request that waits for this outcome fails with. */
function asSuccess(answer: TicketAnswer): TicketAnswer {
  const { ticket, verb, daemon, outcome, cause, supersededBy, lastLines, change } = answer
  if (outcome === 'done' || outcome === 'open') return answer
  const isSuperseded = outcome === 'superseded'
  const why = isSuperseded ? `replaced by ticket ${supersededBy}` : (cause ?? 'cause unknown')
  throw new RequestError(isSuperseded ? 'SUPERSEDED' : 'FAILED', {
    code: isSuperseded ? 'SUPERSEDED' : 'FAILED',
    message: `cannot ${verb} ${daemon}: ${why}`,
    hint: null,
    ticket,
    lastLines,
    ...(change !== null && { change }),
  })
}

/** @param withDiff Also if --diff is absent. */
export function printChange(
  { system, options, print }: Input<ChangeOptions>,
  answer: TicketAnswer,
  withDiff: boolean,
): void {
  const { change } = answer
  if (change === null) return
  const style = terminalStyleOf(system, 1)
  const lines = changePage(style, { ...answer, change } satisfies ChangeTicket)
  const diff = withDiff || options.diff ? diffLines(style, change.diff) : []
  print([...lines, ...diff].join('\n'))
}

function reportFailure(
  { system, options, print, report }: Input<ChangeOptions>,
  daemon: string,
  error: RequestError,
): void {
  const { code, message, hint, ticket, lastLines, change } = error
  if (options.json) {
    const optional = definedFields({
      ticket: ticket ?? undefined,
      lastLines: lastLines.length === 0 ? undefined : lastLines,
      change: change ?? undefined,
    })
    print(JSON.stringify({ daemon, failed: { code, message, hint, ...optional } }))
  }
  if (change === null || ticket === null || code !== 'FAILED') {
    report(`pitcrew: ${withHint(message, hint)}`)
  } else {
    if (options.diff && change.diff !== '')
      print(diffLines(terminalStyleOf(system, 1), change.diff).join('\n'))
    const page = failurePage(terminalStyleOf(system, 2), { ticket, daemon, change })
    report(`pitcrew: ${page.join('\n')}`)
  }
  for (const line of formatLastLines(lastLines)) report(line)
}
