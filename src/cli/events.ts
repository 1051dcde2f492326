/** `events`: the journal, and what comes. */

import { connectionLost } from '../client/request-error.ts'
import type { Entry, EventsAnswer } from '../control/answers.ts'
import type { EventsArgs } from '../control/requests.ts'
import { describeError, type ErrorCode, PitcrewError } from '../errors.ts'
import type { Command, Input } from './command.ts'
import { connect } from './connection.ts'
import { eventLine } from './event-line.ts'
import { follow, given, json, readCount, socket } from './options.ts'
import { paperOf } from './paper.ts'

interface Options extends Record<string, string | true> {
  since: string
  tail: string
  follow: true
  json: true
  socket: string
}

/** Errors after which it is worth to try again. */
const losses: readonly ErrorCode[] = ['NO_PITCREW', 'LAGGED', 'INTERNAL', 'BUSY', 'SUPERSEDED']

/** Names that are longer move those behind them. */
const usualNameWidth = 8

/** Between two tries to reach a pitcrew that was lost. */
const againMs = 1000

export const events: Command<Options> = {
  name: 'events',
  group: 'Look',
  summary: 'Show what happened, and what happens',
  usage: 'events [NAME...] [--follow] [--tail N] [--since CURSOR] [--json]',
  details: `\
The journal is bounded and outlives pitcrew's restarts. With --json each event is a line
and holds its cursor; --since CURSOR gives what followed it.

--follow goes on until Ctrl-C. When the connection is lost, since pitcrew is restarted or
this reader was too slow, it is taken up again where it was, which is said on stderr.`,
  args: ['[NAME...]'],
  options: {
    follow,
    tail: { value: 'N', short: 'n', help: 'the last N events; all that are kept, if absent' },
    since: { value: 'CURSOR', help: 'what followed the event with this cursor' },
    json,
    socket,
  },

  async run(input) {
    const { args, options, talk } = input
    let asked: EventsArgs = given({
      daemons: args.length === 0 ? undefined : args,
      tail: readCount(events, 'tail', options.tail),
      since: options.since,
      follow: options.follow,
    })
    const print = printer(input)
    const printAndRemember = (entry: Entry): void => {
      print(entry)
      const { tail, ...others } = asked
      asked = { ...others, since: entry.cursor }
    }
    if (options.follow) return followFrom(input, () => asked, printAndRemember)
    const { missed } = await readAll(input, asked, print)
    if (missed) talk('pitcrew: older events are not kept any more')
    return 0
  },
}

function printer({ system, options, print }: Input<Options>): (entry: Entry) => void {
  if (options.json) return (entry) => print(JSON.stringify(entry))
  const paper = paperOf(system, 1)
  let nameWidth = usualNameWidth
  return (entry) => {
    nameWidth = Math.max(nameWidth, entry.daemon?.length ?? 0)
    print(eventLine(paper, entry, nameWidth))
  }
}

async function readAll(
  input: Input<Options>,
  args: EventsArgs,
  print: (entry: Entry) => void,
  patienceMs?: number,
): Promise<EventsAnswer> {
  const { client, transport } = await connect(input)
  if (patienceMs !== undefined) transport.patienceMs = patienceMs
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
  let wasThere = false
  let isSaid = false
  for (;;) {
    const why = await followUntilLost(input, args(), (entry) => {
      wasThere = true
      isSaid = false
      print(entry)
    })
    if (!wasThere) throw why
    if (!isSaid) input.talk(`pitcrew: ${describeError(why)}; trying again`)
    isSaid = true
    input.system.sleep(againMs)
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
    if (error instanceof PitcrewError && losses.includes(error.code)) return error
    throw error
  }
}
