/** `explain`: why a daemon is in its state, and what to do. */
import type { ExplainAnswer } from '../../control/protocol/status.ts'
import { oneLine } from '../../core/text/one-line.ts'
import type { Command } from '../command.ts'
import { connect } from '../connection.ts'
import { json, socket } from '../options.ts'
import { colourOf } from '../terminal/status-page.ts'
import { paint, type TerminalStyle, terminalStyleOf, wrap } from '../terminal/style.ts'

interface Options extends Record<string, string | true> {
  json: true
  socket: string
}

export const explain: Command<Options> = {
  name: 'explain',
  group: 'Inspect',
  summary: 'Explain the state of a daemon and what to do',
  usage: 'explain NAME [--json]',
  details: `\
Prints what happened, what the daemon waits for, what happens next, and what can
be done about it.`,
  args: ['NAME'],
  options: { json, socket },

  async run(input) {
    const [daemon = ''] = input.args
    const { client } = await connect(input)
    const answer = await client.call('explain', { daemon })
    if (input.options.json) input.print(JSON.stringify(answer))
    else input.print(explainPage(terminalStyleOf(input.system, 1), answer).join('\n'))
    return 0
  },
}

function explainPage(
  style: TerminalStyle,
  { daemon, state, why, remedies }: ExplainAnswer,
): string[] {
  const indented = (sentence: string): string[] => {
    return wrap('  ', oneLine(sentence).split(' '), style.columns)
  }
  return [
    `${paint(style, 'bold', daemon)}: ${paint(style, colourOf[state], state)}`,
    ...why.flatMap(indented),
    ...(remedies.length === 0 ? [] : ['What can be done:', ...remedies.flatMap(indented)]),
  ]
}
