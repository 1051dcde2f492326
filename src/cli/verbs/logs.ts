/** `logs`: what daemons printed, and what they print. */
import type { LogLine } from '../../client/messages.ts'
import { isName } from '../../core/plan/names.ts'
import { isoTime } from '../../core/text/iso-time.ts'
import { type Command, type Input, usageError } from '../command.ts'
import { connect } from '../connection.ts'
import { definedFields, follow, json, readCount, readDuration, socket } from '../options.ts'

interface Options extends Record<string, string | true> {
  tail: string
  since: string
  grep: string
  follow: true
  times: true
  json: true
  socket: string
}

export const logs: Command<Options> = {
  name: 'logs',
  group: 'Look',
  summary: 'Show what daemons printed, and what they print',
  usage: 'logs [NAME...] [--follow] [--tail N] [--since TIME] [--grep TEXT] [--times] [--json]',
  details: `\
The last lines of each daemon are kept in memory (16 KiB each), with their times; without
NAME, those of all daemons and pitcrew's own. They are printed as in pitcrew's own
output, byte for byte; with --grep and --json what is not UTF-8 is replaced.

Who follows and reads too slowly skips lines, which is said on stderr: no daemon ever
waits for a reader.`,
  args: ['[NAME...]'],
  options: {
    follow,
    tail: { value: 'N', short: 'n', help: 'the last N lines of each' },
    since: { value: 'TIME', help: 'none that is older than this, such as 5m' },
    grep: { value: 'TEXT', help: 'lines that this regular expression matches' },
    times: { value: null, help: 'each line with the time when it was printed (UTC)' },
    json,
    socket,
  },

  async run(input) {
    const { args, options, system, report } = input
    const sinceMs = readDuration(logs, 'since', options.since)
    const request = definedFields({
      daemons: args.length === 0 ? undefined : args,
      tail: readCount(logs, 'tail', options.tail),
      sinceMs: sinceMs === undefined ? undefined : system.wallMs() - sinceMs,
      follow: options.follow,
    })
    const matches = lineFilter(options.grep)
    const { client, transport } = await connect(input)
    // What the server says of a name that is none is text.
    transport.asBytes = options.grep === undefined && !options.json && args.every(isName)
    if (options.follow) transport.idleTimeoutMs = Number.POSITIVE_INFINITY
    const format = lineFormatter(options)
    const stream = client.logs(request)
    for (;;) {
      const lines = await stream.all()
      if (lines === null) return 0
      let text = ''
      for (const line of lines) {
        if (line.isNotice) report(`pitcrew: ${line.text}`)
        else if (matches(line.text)) text += format(line)
      }
      if (transport.asBytes) system.writeBytes(text)
      else system.write(1, text)
    }
  },
}

function lineFilter(pattern: string | undefined): (text: string) => boolean {
  if (pattern === undefined) return () => true
  try {
    const expression = new RegExp(pattern)
    return (text) => expression.test(text)
  } catch {
    const hint = 'write a regular expression; \\ in front of a sign takes its meaning away'
    throw usageError(logs, `cannot read --grep ${pattern}`, hint)
  }
}

function lineFormatter({
  json: asJson,
  times,
}: Input<Options>['options']): (line: LogLine) => string {
  if (asJson) {
    return ({ atMs, daemon, text }) => `${JSON.stringify({ at: isoTime(atMs), daemon, text })}\n`
  }
  if (times) return (line) => `${isoTime(line.atMs)} ${plain(line)}`
  return plain
}

/** As in pitcrew's own output. */
function plain({ daemon, text }: LogLine): string {
  return daemon === null ? `${text}\n` : `[${daemon}] ${text}\n`
}
