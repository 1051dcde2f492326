/** Prints the answer of `status` as text: once, or every second with --watch. */
import type { DaemonStatus, StatusAnswer } from '../../control/protocol/status.ts'
import type { Input } from '../command.ts'
import type { Options } from '../verbs/status.ts'
import { colourOf, statusPage, summary } from './status-page.ts'
import { type Colour, canRedraw, terminalStyleOf } from './style.ts'

type StatusInput = Input<Options>

/** Between two refreshes of --watch. */
const refreshMs = 1000

export function printStatus({ system, print }: StatusInput, answer: StatusAnswer): void {
  print(statusPage(terminalStyleOf(system, 1), answer, null).join('\n'))
}

/** Does not end. */
export async function watchStatus(
  input: StatusInput,
  fetchStatus: () => Promise<StatusAnswer>,
): Promise<never> {
  const show = statusPrinter(input)
  for (let before: StatusAnswer | null = null; ; input.system.sleep(refreshMs)) {
    const answer = await fetchStatus()
    show(answer, before)
    before = answer
  }
}

/** @returns What prints one refresh of --watch. */
function statusPrinter(
  input: StatusInput,
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

function rowsOf({ system }: StatusInput): number {
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
