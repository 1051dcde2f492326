/** `explain`: why a daemon is in its state, and what to do. */

import type { ExplainAnswer } from '../../control/protocol/status.ts'
import { oneLine } from '../../core/text/one-line.ts'
import type { Command } from '../command.ts'
import { connect } from '../connection.ts'
import { json, socket } from '../options.ts'
import { colourOf } from '../terminal/status-page.ts'
import { paint, type TerminalStyle, terminalStyleOf } from '../terminal/style.ts'

interface Options extends Record<string, string | true> {
  json: true
  socket: string
}

export const explain: Command<Options> = {
  name: 'explain',
  group: 'Look',
  summary: 'Say why a daemon is in its state, and what can be done',
  usage: 'explain NAME [--json]',
  details: 'In sentences: what happened, what it waits for, what follows, and the remedies.',
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
  const headline = `${paint(style, 'bold', daemon)}: ${paint(style, colourOf[state], state)}`
  const steps = remedies.map((remedy) => `  ${oneLine(remedy)}`)
  return [
    headline,
    ...why.map((sentence) => `  ${oneLine(sentence)}`),
    ...(steps.length === 0 ? [] : ['What can be done:', ...steps]),
  ]
}
