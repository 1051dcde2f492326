/** What a run leaves to be told when its leader has ended. */
import { beforeAll, expect, test } from 'vitest'
import type { Legacy } from '../../../src/host/host.ts'
import { buildChannels, Channels, played, run } from '../../host/images/channels.ts'
import { isSanitized } from '../support/cost.ts'

beforeAll(buildChannels, 300_000)

/** Of a run of this script. */
async function legacyOf(script: string): Promise<Legacy> {
  const channels = await played([run('web', script)])
  const [exited] = channels.told('exited')
  if (!exited?.legacy) throw new Error(channels.transcript())
  return exited.legacy
}

test('processor time is that of the leader and of those that it waited for', async () => {
  const idle = await legacyOf('true')
  expect(idle.cpuMs).toBeLessThan(isSanitized ? 200 : 50)
  const busy = await legacyOf('sh -c "i=0; while [ \\$i -lt 200000 ]; do i=\\$((i+1)); done"; true')
  expect(busy.cpuMs).toBeGreaterThan(50)
})

test('memory is the most that one of them had', async () => {
  expect((await legacyOf('true')).memoryKib).toBeLessThan(isSanitized ? 200_000 : 20_000)
  const large = await legacyOf('dd if=/dev/zero of=/dev/null bs=64M count=1 2>&-')
  expect(large.memoryKib).toBeGreaterThan(60_000)
})

test.each([
  ['nothing', 'true', ''],
  ['one line', 'echo one', 'one'],
  ['lines of both kinds', 'echo one; echo two >&2', 'one\ntwo'],
  ['a line without an end', 'echo one; printf two', 'one\ntwo'],
  ['an empty last line', 'echo one; echo', 'one\n'],
  ['bytes that are no text', "printf 'a\\377b\\n'", 'a\ufffdb'],
  [
    'an output that was closed before',
    'echo one; exec >&- 2>&-; "$NOTIFIES" barrier || true',
    'one',
  ],
])('of %s the last lines are told', async (_, script, lines) => {
  expect((await legacyOf(script)).lastLines).toBe(lines)
})

test.each([1, 10, 63, 127, 128, 500, 1023])(
  'of lines of %i bytes, as many as fit',
  async (bytes) => {
    // Together less than what we keep for a slow reader: with stdout full, nobody would read the last of them.
    const count = Math.min(5000, Math.floor(150_000 / (bytes + 1)))
    const lines = Array.from({ length: count }, (_, n) => `${n + 1}`.padStart(bytes, 'x'))
    const { lastLines } = await legacyOf(`seq -f %${bytes}.0f 1 ${count} | tr " " x`)
    const fitting: string[] = []
    while (lines.length > 0 && [lines.at(-1), ...fitting].join('\n').length <= 1024)
      fitting.unshift(lines.pop() as string)
    expect(lastLines).toBe(fitting.join('\n'))
  },
)

test('of lines that come one by one, too', async () => {
  const script = 'i=0; while [ $i -lt 700 ]; do echo line $i; i=$((i+1)); done'
  const lines = Array.from({ length: 700 }, (_, n) => `line ${n}`)
  expect((await legacyOf(script)).lastLines).toBe(lines.slice(-113).join('\n')) // 113 * 9 - 1 = 1016
})

test('of a line that is longer alone, its end', async () => {
  expect((await legacyOf('printf "one\\n%3000s\\n" last')).lastLines).toBe('last'.padStart(1024))
})

test('a run that lives has none', async () => {
  const channels = await played([
    run('web', '"$NOTIFIES" barrier STATUS=up; echo last', { notify: true }),
  ])
  expect(channels.told('notify')).toMatchObject([{ fields: { STATUS: 'up' }, legacy: null }])
})

test('what is left of a run when its leader has ended is told as long as something lives', async () => {
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
  expect(channels.told('exited', 'web')).toMatchObject([{ legacy: { lastLines: 'last' } }])
  expect(channels.told('gone', 'web')).toMatchObject([{ legacy: { lastLines: 'last\nlater' } }])
})
