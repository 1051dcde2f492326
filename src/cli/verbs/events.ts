/** `events`: the journal, and new entries as they come. */

import { connectionLost } from '../../client/messages.ts'
import type { Entry, EventsAnswer } from '../../control/protocol/answers.ts'
import type { EventsArgs } from '../../control/protocol/requests.ts'
import { parseDuration } from '../../core/text/duration.ts'
import { isoTime } from '../../core/text/iso-time.ts'
import { describeError, type ErrorCode, PitcrewError } from '../../errors.ts'
import type { Command, Input } from '../command.ts'
import { connect } from '../connection.ts'
import { invalidValue, readCount } from '../option-values.ts'
import { definedFields, follow, json, socket } from '../options.ts'
import { eventLine } from '../terminal/event-line.ts'
import { terminalStyleOf } from '../terminal/style.ts'

interface Options extends Record<string, string | true> {
  since: string
  tail: string
  follow: true
  json: true
  socket: string
}

/** Errors after which --follow reconnects. */
const retriableErrors: readonly ErrorCode[] = [
  'NO_PITCREW',
  'LAGGED',
  'INTERNAL',
  'BUSY',
  'SUPERSEDED',
]

/** The width of the column of names grows up to `max`; a longer name shifts only its own line. */
const nameWidths = { usual: 8, max: 20 }

/** Between two attempts to reconnect. */
const retryDelayMs = 1000

export const events: Command<Options> = {
  name: 'events',
  group: 'Inspect',
  summary: 'Print the journal: starts, deaths, requests',
  usage: 'events [NAME...] [--follow] [--tail N] [--since TIME|CURSOR] [--json]',
  details: `\
The journal is bounded in size and survives restarts of pitcrew. Times are UTC.
With --json, each line is one event and has a cursor; --since CURSOR prints the
events after it.

--follow reconnects if pitcrew restarts or this reader is too slow, continues
after the last event that was printed, and says so on stderr.`,
  args: ['[NAME...]'],
  options: {
    follow,
    tail: { value: 'N', short: 'n', help: 'only the last N events; default: all' },
    since: {
      value: 'TIME',
      help: 'only events younger than TIME, such as 5m, or after a cursor',
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
    if (missed) report('pitcrew: older events are no longer in the journal')
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
  const hint = 'write a time such as 500ms, 30s or 5m, or the cursor of an event'
  throw invalidValue(events, 'since', since, hint)
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

/** Follows until Ctrl-C. @throws Errors that a retry cannot cure, and any error before the first
 *  entry. */
async function followFrom(
  input: Input<Options>,
  args: () => EventsArgs,
  print: (entry: Entry) => void,
): Promise<never> {
  let hasReceived = false
  let isReported = false
  for (;;) {
    const loss = await followUntilLost(input, args(), (entry) => {
      hasReceived = true
      isReported = false
      print(entry)
    })
    if (!hasReceived) throw loss
    if (!isReported) input.report(`pitcrew: ${describeError(loss)}; reconnecting`)
    isReported = true
    input.system.sleep(retryDelayMs)
  }
}

/** @returns Why the connection was lost. */
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
