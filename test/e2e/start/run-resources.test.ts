/** The resources of a run: the usage and the last lines that are reported when its leader has
 *  ended. */
import { beforeAll, expect, test } from 'vitest'
import type { RunResources } from '../../../src/host/host.ts'
import { buildChannels, Channels, played, run } from '../../host/images/channels.ts'
import { isSanitized } from '../support/cost.ts'

beforeAll(buildChannels, 300_000)

/** The resources of a run of this script. */
async function resourcesOf(script: string): Promise<RunResources> {
  const channels = await played([run('web', script)])
  const [exited] = channels.eventsOf('exited')
  if (!exited?.resources) throw new Error(channels.transcript())
  return exited.resources
}

test('processor time is that of the leader and of the children that it reaped', async () => {
  const idle = await resourcesOf('true')
  expect(idle.cpuMs).toBeLessThan(isSanitized ? 200 : 50)
  const busy = await resourcesOf(
    'sh -c "i=0; while [ \\$i -lt 200000 ]; do i=\\$((i+1)); done"; true',
  )
  expect(busy.cpuMs).toBeGreaterThan(50)
})

test('memory is the maximum that one of the processes had', async () => {
  expect((await resourcesOf('true')).memoryKib).toBeLessThan(isSanitized ? 200_000 : 20_000)
  const large = await resourcesOf('dd if=/dev/zero of=/dev/null bs=64M count=1 2>&-')
  expect(large.memoryKib).toBeGreaterThan(60_000)
})

test.each([
  ['nothing', 'true', ''],
  ['one line', 'echo one', 'one'],
  ['lines of both kinds', 'echo one; echo two >&2', 'one\ntwo'],
  ['a line without an end', 'echo one; printf two', 'one\ntwo'],
  ['an empty last line', 'echo one; echo', 'one\n'],
  ['invalid UTF-8', "printf 'a\\377b\\n'", 'a\ufffdb'],
  [
    'an output that was closed before',
    'echo one; exec >&- 2>&-; "$NOTIFIES" barrier || true',
    'one',
  ],
])('the last lines after %s are reported', async (_, script, lines) => {
  expect((await resourcesOf(script)).lastLines).toBe(lines)
})

test.each([1, 10, 63, 127, 128, 500, 1023])(
  'as many last lines of %i bytes as fit are reported',
  async (bytes) => {
    // Less than pitcrew keeps for a slow reader: with a full stdout it would not read the last ones.
    const count = Math.min(5000, Math.floor(150_000 / (bytes + 1)))
    const lines = Array.from({ length: count }, (_, n) => `${n + 1}`.padStart(bytes, 'x'))
    const { lastLines } = await resourcesOf(`seq -f %${bytes}.0f 1 ${count} | tr " " x`)
    const fitting: string[] = []
    while (lines.length > 0 && [lines.at(-1), ...fitting].join('\n').length <= 1024)
      fitting.unshift(lines.pop() as string)
    expect(lastLines).toBe(fitting.join('\n'))
  },
)

test('as many last lines as fit are reported when they are written one by one', async () => {
  const script = 'i=0; while [ $i -lt 700 ]; do echo line $i; i=$((i+1)); done'
  const lines = Array.from({ length: 700 }, (_, n) => `line ${n}`)
  expect((await resourcesOf(script)).lastLines).toBe(lines.slice(-113).join('\n')) // 113 * 9 - 1 = 1016
})

test('the end of a single line that is too long is reported', async () => {
  expect((await resourcesOf('printf "one\\n%3000s\\n" last')).lastLines).toBe('last'.padStart(1024))
})

test('a running run has no resources', async () => {
  const channels = await played([
    run('web', '"$NOTIFIES" barrier STATUS=up; echo last', { notify: true }),
  ])
  expect(channels.eventsOf('notify')).toMatchObject([{ fields: { STATUS: 'up' }, resources: null }])
})

test('lines of processes that outlive the leader are added to the resources', async () => {
  const runs = [run('web', '(read _ <go; echo later) & echo last')].map((one) => ({
    ...one,
    command: [
      '/bin/sh',
      '-c',
      `cd "$PITCREW_STATE_DIR"; mkfifo go; ${(one.command as string[])[2]}`,
    ],
  }))
  const go = run('other', 'echo >"$PITCREW_STATE_DIR/go"', { on: 'exited web' })
  await using channels = new Channels({ runs: [...runs, go] })
  await channels.exitCode()
  expect(channels.eventsOf('exited', 'web')).toMatchObject([{ resources: { lastLines: 'last' } }])
  expect(channels.eventsOf('gone', 'web')).toMatchObject([
    { resources: { lastLines: 'last\nlater' } },
  ])
})
