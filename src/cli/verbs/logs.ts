/** `logs`: the output of daemons. */
import type { LogLine } from '../../client/messages.ts'
import { isName } from '../../core/plan/names.ts'
import { isoTime } from '../../core/text/iso-time.ts'
import type { Command, Input } from '../command.ts'
import { connect } from '../connection.ts'
import { invalidValue, readCount, readDuration } from '../option-values.ts'
import { definedFields, follow, json, socket } from '../options.ts'

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
  group: 'Inspect',
  summary: 'Print the recent output of daemons',
  usage: 'logs [NAME...] [--follow] [--tail N] [--since TIME] [--grep PATTERN] [--times] [--json]',
  details: `\
pitcrew keeps the last lines of each daemon in memory, up to 16 KiB per daemon.
Without NAME, the lines of all daemons and pitcrew's own are printed.

Lines are printed as on pitcrew's stdout, byte for byte; with --grep or --json,
invalid UTF-8 is replaced. With --follow, a reader that is too slow misses
lines, and stderr says how many: a daemon never waits for a reader.`,
  args: ['[NAME...]'],
  options: {
    follow,
    tail: { value: 'N', short: 'n', help: 'only the last N lines of each daemon' },
    since: { value: 'TIME', help: 'only lines younger than TIME, such as 5m' },
    grep: { value: 'PATTERN', help: 'only lines that match this regular expression' },
    times: { value: null, help: 'prefix each line with its time (UTC)' },
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
    // The error message about an invalid name is text.
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
    const hint = 'write a regular expression; \\ escapes a special character'
    throw invalidValue(logs, 'grep', pattern, hint)
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

/** The line as on pitcrew's stdout. */
function plain({ daemon, text }: LogLine): string {
  return daemon === null ? `${text}\n` : `[${daemon}] ${text}\n`
}
