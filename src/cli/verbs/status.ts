/** `status`: the state of each daemon, once or refreshed. */
import type { DaemonStatus, StatusAnswer } from '../../control/protocol/status.ts'
import type { Command, Input } from '../command.ts'
import { connect } from '../connection.ts'
import { definedFields, json, socket } from '../options.ts'
import { colourOf, statusPage, summary } from '../terminal/status-page.ts'
import { type Colour, canRedraw, terminalStyleOf } from '../terminal/style.ts'

interface Options extends Record<string, string | true> {
  json: true
  watch: true
  socket: string
}

/** Between two refreshes of --watch. */
const refreshMs = 1000

export const status: Command<Options> = {
  name: 'status',
  group: 'Inspect',
  summary: 'Show the state of each daemon',
  usage: 'status [NAME...] [--watch] [--json]',
  details: `\
CPU is the share of one processor that the daemon's processes use, averaged over
the run; with --watch, since the last refresh. MEM is their resident memory. The
last column shows what matters most: the dependency that the daemon waits for,
when it restarts, its own status text, or how it died.

--watch refreshes every second until Ctrl-C. If the screen is too small for all
daemons, those in trouble come first. If stdout is not a terminal, each refresh
prints one line.

In a narrow terminal, CPU, MEM, RESTARTS and UPTIME are dropped, in this order.`,
  args: ['[NAME...]'],
  options: {
    watch: { value: null, short: 'w', help: 'refresh every second' },
    json,
    socket,
  },

  async run(input) {
    const { client } = await connect(input)
    const fetchStatus = (): Promise<StatusAnswer> => {
      const daemons = input.args.length === 0 ? undefined : [...new Set(input.args)]
      return client.call('status', definedFields({ daemons, usage: true }))
    }
    if (input.options.watch === undefined) {
      const answer = await fetchStatus()
      if (input.options.json) input.print(JSON.stringify(answer))
      else input.print(statusPage(terminalStyleOf(input.system, 1), answer, null).join('\n'))
      return 0
    }
    const show = statusPrinter(input)
    for (let before: StatusAnswer | null = null; ; input.system.sleep(refreshMs)) {
      const answer = await fetchStatus()
      show(answer, before)
      before = answer
    }
  },
}

/** @returns What prints one refresh of --watch. */
function statusPrinter(
  input: Input<Options>,
): (answer: StatusAnswer, before: StatusAnswer | null) => void {
  const { system, options, print } = input
  if (options.json) return (answer) => print(JSON.stringify(answer))
  if (!canRedraw(system, 1)) return (answer) => print(briefLine(answer))
  // Scrolls the screen up, so that its content stays readable.
  system.write(1, '\n'.repeat(rowsOf(input)))
  return (answer, before) => {
    const rows = rowsOf(input)
    const all = statusPage(terminalStyleOf(system, 1), answer, before)
    // If rows are cut off, they are those of healthy daemons.
    const lines =
      all.length < rows
        ? all
        : statusPage(terminalStyleOf(system, 1), unhealthyFirst(answer), before)
    system.write(1, drawFrame(lines, rows))
  }
}

function unhealthyFirst(answer: StatusAnswer): StatusAnswer {
  const of = (...colours: readonly Colour[]): DaemonStatus[] =>
    answer.daemons.filter(({ state }) => colours.includes(colourOf[state]))
  return { ...answer, daemons: [...of('red'), ...of('yellow'), ...of('green', 'dim')] }
}

/** "shop: 4 daemons, 3 ready: web ready, db backoff" */
function briefLine(answer: StatusAnswer): string {
  const states = answer.daemons.map(({ name, state }) => `${name} ${state}`)
  return `${answer.name}: ${summary(answer)}: ${states.join(', ')}`
}

function rowsOf({ system }: Input<Options>): number {
  return system.terminalSize()?.rows ?? 24
}

/** One write that replaces the last one without flicker. It leaves the cursor below the text, so
 *  that Ctrl-C at any time leaves the terminal in order. */
function drawFrame(lines: readonly string[], rows: number): string {
  const room = Math.max(1, rows - 1)
  const more = lines.length - room
  const shown = more > 0 ? [...lines.slice(0, room - 1), `and ${more + 1} more`] : lines
  const text = shown.map((line) => `${line}\x1b[K\n`).join('')
  return `\x1b[?2026h\x1b[H${text}\x1b[J\x1b[?2026l`
}
