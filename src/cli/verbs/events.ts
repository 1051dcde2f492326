/** `events`: the journal, and what comes. */

import { connectionLost } from '../../client/messages.ts'
import type { Entry, EventsAnswer } from '../../control/protocol/answers.ts'
import type { EventsArgs } from '../../control/protocol/requests.ts'
import { parseDuration } from '../../core/text/duration.ts'
import { isoTime } from '../../core/text/iso-time.ts'
import { describeError, type ErrorCode, PitcrewError } from '../../errors.ts'
import { type Command, type Input, usageError } from '../command.ts'
import { connect } from '../connection.ts'
import { definedFields, follow, json, readCount, socket } from '../options.ts'
import { eventLine } from '../terminal/event-line.ts'
import { terminalStyleOf } from '../terminal/style.ts'

interface Options extends Record<string, string | true> {
  since: string
  tail: string
  follow: true
  json: true
  socket: string
}

/** Errors after which it is worth to try again. */
const retriableErrors: readonly ErrorCode[] = [
  'NO_PITCREW',
  'LAGGED',
  'INTERNAL',
  'BUSY',
  'SUPERSEDED',
]

/** Names grow up to this width together; one that is longer moves its own line alone. */
const nameWidths = { usual: 8, max: 20 }

/** Between two tries to reach a pitcrew that was lost. */
const retryDelayMs = 1000

export const events: Command<Options> = {
  name: 'events',
  group: 'Look',
  summary: 'Show what happened, and what happens',
  usage: 'events [NAME...] [--follow] [--tail N] [--since TIME|CURSOR] [--json]',
  details: `\
The journal is bounded and outlives pitcrew's restarts. Its times are UTC. With --json
each event is a line and holds its cursor; --since CURSOR gives what followed it.

--follow goes on until Ctrl-C. When the connection is lost, since pitcrew is restarted or
this reader was too slow, it is taken up again where it was, which is said on stderr.`,
  args: ['[NAME...]'],
  options: {
    follow,
    tail: { value: 'N', short: 'n', help: 'the last N events; all that are kept, if absent' },
    since: {
      value: 'TIME',
      help: 'none that is older than this, such as 5m; or what followed a cursor',
    },
    json,
    socket,
  },

  async run(input) {
    const { args, options, system, report } = input
    const { cursor, fromMs } = parseSince(options.since, system.wallMs())
    let request: EventsArgs = definedFields({
      daemons: args.length === 0 ? undefined : args,
      tail: readCount(events, 'tail', options.tail),
      since: cursor,
      follow: options.follow,
    })
    const printOne = entryPrinter(input)
    const from = isoTime(fromMs)
    const print = (entry: Entry): void => {
      if (entry.at >= from) printOne(entry)
    }
    const printAndRemember = (entry: Entry): void => {
      print(entry)
      const { tail, ...others } = request
      request = { ...others, since: entry.cursor }
    }
    if (options.follow) return followFrom(input, () => request, printAndRemember)
    const { missed } = await readAll(input, request, print)
    if (missed) report('pitcrew: older events are not kept any more')
    return 0
  },
}

/** "1795287768623-137" is a cursor, "5m" a time. */
function parseSince(
  since: string | undefined,
  nowMs: number,
): { readonly cursor: string | undefined; readonly fromMs: number } {
  if (since === undefined) return { cursor: undefined, fromMs: 0 }
  if (/^\d+-\d+$/.test(since)) return { cursor: since, fromMs: 0 }
  const ms = parseDuration(since)
  if (ms !== null && ms > 0) return { cursor: undefined, fromMs: Math.max(0, nowMs - ms) }
  const hint = 'write a time like 500ms, 30s or 5m, or the cursor of an event'
  throw usageError(events, `cannot read --since ${since}`, hint)
}

function entryPrinter({ system, options, print }: Input<Options>): (entry: Entry) => void {
  if (options.json) return (entry) => print(JSON.stringify(entry))
  const style = terminalStyleOf(system, 1)
  let nameWidth = nameWidths.usual
  return (entry) => {
    const { length } = entry.daemon ?? ''
    if (length <= nameWidths.max) nameWidth = Math.max(nameWidth, length)
    print(eventLine(style, entry, nameWidth))
  }
}

async function readAll(
  input: Input<Options>,
  args: EventsArgs,
  print: (entry: Entry) => void,
  idleTimeoutMs?: number,
): Promise<EventsAnswer> {
  const { client, transport } = await connect(input)
  if (idleTimeoutMs !== undefined) transport.idleTimeoutMs = idleTimeoutMs
  const stream = client.events(args)
  for (;;) {
    const step = await stream.next()
    if (step.done !== true) print(step.value)
    else return step.value ?? { cursor: '', missed: false }
  }
}

/** Until Ctrl-C. What makes no sense to try again is thrown; and when it never began, whatever it
 *  is. */
async function followFrom(
  input: Input<Options>,
  args: () => EventsArgs,
  print: (entry: Entry) => void,
): Promise<never> {
  let hasReceived = false
  let isReported = false
  for (;;) {
    const why = await followUntilLost(input, args(), (entry) => {
      hasReceived = true
      isReported = false
      print(entry)
    })
    if (!hasReceived) throw why
    if (!isReported) input.report(`pitcrew: ${describeError(why)}; trying again`)
    isReported = true
    input.system.sleep(retryDelayMs)
  }
}

/** @returns Why it was lost. */
async function followUntilLost(
  input: Input<Options>,
  args: EventsArgs,
  print: (entry: Entry) => void,
): Promise<PitcrewError> {
  try {
    await readAll(input, args, print, Number.POSITIVE_INFINITY)
    return connectionLost()
  } catch (error) {
    if (error instanceof PitcrewError && retriableErrors.includes(error.code)) return error
    throw error
  }
}
