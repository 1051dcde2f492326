/** The channels by which a run reports readiness, and other settings of a spawn. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ReadyChannel } from '../../src/host/host.ts'
import { Random } from '../core/random.ts'
import { isSanitized } from '../e2e/support/cost.ts'
import { outputOf } from '../e2e/support/processes.ts'
import { buildChannels, Channels, played, run } from './images/channels.ts'
import type { Run } from './images/channels-entry.ts'

const isRoot = process.getuid?.() === 0
const byFd = (fd: number): { ready: ReadyChannel } => ({ ready: { type: 'fd', fd } })
const byLog = (text: string): { ready: ReadyChannel } => ({ ready: { type: 'log', text } })

beforeAll(buildChannels, 300_000)

describe('a newline on a descriptor', () => {
  test.each([3, 4, 5, 6, 7, 8, 9])('%i makes the run ready', async (fd) => {
    const channels = await played([run('web', `echo >&${fd}`, byFd(fd))])
    expect(channels.story()).toEqual(['ready web', 'exited web'])
    expect(channels.eventsOf('ready')).toMatchObject([{ run: 1, liveReady: true }])
    expect(channels.eventsOf('exited')).toMatchObject([{ outputOpen: false, liveReady: true }])
  })

  test('counts anywhere in the text', async () => {
    const channels = await played([run('web', 'printf ok >&3; printf "ay\\nmore" >&3', byFd(3))])
    expect(channels.story()).toEqual(['ready web', 'exited web'])
  })

  test.each(['printf ready >&3', 'exec 3>&-; true', 'true'])(
    'is missed in "%s", and nothing is told',
    async (script) => {
      const channels = await played([run('web', script, byFd(3))])
      expect(channels.story()).toEqual(['exited web'])
      expect(channels.eventsOf('exited')).toMatchObject([{ liveReady: false }])
    },
  )

  test('is reported once, and then the channel is closed', async () => {
    const script = 'mkfifo go; echo >&3; read _ <go; trap "" PIPE; echo >&3 || echo broken'
    const runs = [run('web', script, byFd(3)), run('other', 'echo >go', { on: 'ready web' })].map(
      inState,
    )
    const channels = await played(runs)
    expect(channels.eventsOf('ready')).toHaveLength(1)
    expect(outputOf(channels, 'web').at(-1)).toBe('broken')
  })

  test('is reported before the end of the run', async () => {
    const runs = Array.from({ length: 50 }, (_, n) => run(`d${n}`, 'exec echo >&9', byFd(9)))
    const channels = await played(runs)
    for (const { daemon } of runs)
      expect(channels.story().filter((line) => line.endsWith(` ${daemon}`))).toEqual([
        `ready ${daemon}`,
        `exited ${daemon}`,
      ])
  })

  test('has the only descriptor of a run beside its stdio', async () => {
    const channels = await played([run('web', 'ls /proc/self/fd', byFd(7))])
    expect(outputOf(channels, 'web')).toEqual(['0', '1', '2', '3', '7']) // 3 is what ls itself opens.
  })

  test.runIf(isRoot)('can be written through /dev/fd by another user', async () => {
    const channels = await played([
      run('web', 'echo >/dev/fd/5', { ...byFd(5), user: '65534', group: '65534' }),
    ])
    expect(channels.story()).toEqual(['ready web', 'exited web'])
  })
})

describe('a line of the output', () => {
  const long = 'x'.repeat(100)
  test.each([
    ['ready', 'I am ready now', true],
    ['ready', 'READY', false],
    ['listen*port', 'listening on port 80', true],
    ['port*listen', 'listening on port 80', false],
    ['a?c', 'xabcx', true],
    ['a?c', 'ac', false],
    ['a*', 'a', true],
    ['*a', 'a', true],
    ['a**?b', 'a b', true],
    ['a**?b', 'ab', false],
    ['aab', 'aaab', true],
    ['one*two', 'one\ntwo', false],
    ['ü*ß', 'grün und weiß', true],
    [`${long}*${long}y`, `${long}x ${long}y`, true],
    [`${long}*${long}y`, `${long}x ${long}`, false],
  ])('with "%s" in "%s": %s', async (text, line, matches) => {
    const channels = await played([run('web', `printf '%s\\n' '${line}'`, byLog(text))])
    expect(channels.eventsOf('ready')).toHaveLength(matches ? 1 : 0)
    expect(channels.eventsOf('exited')).toMatchObject([{ liveReady: matches }])
  })

  test('matches once, and the event follows the line that matched', async () => {
    const channels = await played([run('web', 'echo no; echo yes 1; echo yes 2', byLog('yes'))])
    expect(channels.eventsOf('ready')).toHaveLength(1)
    const at = (text: string): number => channels.lines.findIndex((line) => line.includes(text))
    expect(at('yes 1')).toBeLessThan(at('"type":"ready"'))
  })

  test('may arrive in two pieces', async () => {
    // Behind two barriers, the loop has had a turn with the first piece.
    const wait = '"$NOTIFIES" barrier; "$NOTIFIES" barrier'
    const script = `printf listen; ${wait}; printf 'ing\\n'; printf listen; ${wait}; printf '\\ning\\n'`
    const web = run('web', script, { ...byLog('listening'), notify: true })
    const channels = await played([web, { ...web, daemon: 'db', command: again(script) }])
    expect(channels.eventsOf('ready').map(({ daemon }) => daemon)).toEqual(['web'])

    /** The same without the first line. */
    function again(text: string): string[] {
      return ['/bin/sh', '-c', text.slice(text.indexOf("printf 'ing\\n'; ") + 16)]
    }
  })

  test('matches like the equivalent regular expression, for any text', async () => {
    const random = new Random(1)
    const letters = (from: string, max: number): string =>
      Array.from({ length: 1 + random.below(max) }, () => from[random.below(from.length)]).join('')
    const cases = Array.from({ length: 300 }, (_, n) => {
      const text = n % 10 === 0 ? `${letters('ab?', 90)}*${letters('ab', 3)}` : letters('aab*?', 7)
      const lines = n % 10 === 0 ? letters('ab', 900) : letters('ab ', 12)
      return { text, lines }
    })
    const channels = await played(
      cases.map(({ text, lines }, n) => run(`d${n}`, `printf '%s\\n' '${lines}'`, byLog(text))),
    )
    const ready = new Set(channels.eventsOf('ready').map(({ daemon }) => daemon))
    const wrong = cases.filter(({ text, lines }, n) => {
      const pattern = text.replaceAll('*', '.*').replaceAll('?', '.')
      return new RegExp(pattern).test(lines) !== ready.has(`d${n}`)
    })
    expect(wrong).toEqual([])
    expect(ready.size).toBeGreaterThan(50)
    expect(ready.size).toBeLessThan(250)
  })
})

test('the command may be this program, with the environment of the run', async () => {
  const self = { command: { self: ['hello', 'you'] }, moreEnv: ['GREETING=hi'] }
  const runs: Run[] = [
    { daemon: 'web:ready', ...self },
    { daemon: 'web:alive', ...self, cwd: '/', ...byLog('itself') },
    // None of these is the descriptor of the program.
    ...[3, 4, 5, 6, 7, 8, 9].map((fd) => ({ daemon: `fd:${fd}`, ...self, ...byFd(fd) })),
  ]
  const channels = await played(runs)
  for (const { daemon } of runs)
    expect([daemon, outputOf(channels, daemon)]).toEqual([
      daemon,
      ['itself: hello you, GREETING=hi'],
    ])
  expect(channels.eventsOf('ready')).toMatchObject([{ daemon: 'web:alive' }])
})

test('a run without stdio has /dev/null three times, and its own session', async () => {
  const script =
    'fds=$(ls -l /proc/$$/fd); echo "$fds" >fds; cut -d" " -f1,5,6 /proc/$$/stat >stat; echo lost; echo >&3'
  await using channels = new Channels({
    rounds: 1,
    runs: [run('web', script, { stdio: 'null', ...byFd(3) })].map(inState),
  })
  await channels.line('idle')
  const [fds, stat] = ['fds', 'stat'].map((name) =>
    readFileSync(join(channels.folder, name), 'utf8'),
  ) as [string, string]
  expect(fds.match(/ [012] -> .*/g)).toEqual([0, 1, 2].map((fd) => ` ${fd} -> /dev/null`))
  const [pid, group, session] = stat.trim().split(' ')
  expect([group, session]).toEqual([pid, pid])
  expect(channels.story()).toEqual(['ready web', 'exited web', 'idle'])
  expect(channels.eventsOf('exited')).toMatchObject([
    { outputOpen: false, resources: { lastLines: '' } },
  ])
  expect(outputOf(channels, 'web')).toEqual([])
})

test('a name has up to 64 bytes', async () => {
  const name = (bytes: number): string => 'x'.repeat(bytes)
  const channels = await played([run(name(64), 'echo hi; echo; echo ho'), run(name(65), 'true')])
  expect(outputOf(channels, name(64))).toEqual(['hi', '', 'ho'])
  expect(channels.eventsOf('answer')).toMatchObject([
    { pid: expect.any(Number) },
    { step: 'spec', errno: 'EINVAL' },
  ])
})

test.each([
  [byFd(2)],
  [byFd(10)],
  [byFd(3.5)],
  [byFd(Number.NaN)],
  [byLog('x'.repeat(1025))],
  [{ ...byLog('x'), stdio: 'null' as const }],
  [{ ready: { type: 'other' } }],
  [{ ready: 'fd' }],
  [{ ready: 3 }],
  [{ notify: 1 }],
  [{ stdio: 'none' }],
  [{ command: {} }],
  [{ command: { self: 'x' } }],
  [{ cwd: 3 }],
  [{ limits: null }],
  [{ limits: { rss: { soft: 1, hard: 1 } } }],
  [{ limits: { nofile: { soft: 100 } } }],
  [{ limits: { nofile: { soft: 'none', hard: 100 } } }],
  [{ limits: { nofile: { soft: -1, hard: 100 } } }],
] as [Partial<Run>][])('a spec with %j is refused', async (more) => {
  const channels = await played([{ ...run('web', 'true'), ...more }])
  expect(channels.eventsOf('answer')).toMatchObject([{ step: 'spec', errno: 'EINVAL' }])
})

test('limits are set by their names', async () => {
  const limits = {
    as: { soft: 4e9, hard: 5e9 },
    core: { soft: 0, hard: 4096 },
    cpu: { soft: 1000, hard: 2000 },
    data: { soft: 3e9, hard: 4e9 },
    fsize: { soft: 1e9, hard: 'unlimited' },
    memlock: { soft: 4096, hard: 8192 },
    nofile: { soft: 100, hard: 200 },
    nproc: { soft: 3000, hard: 4000 },
    stack: { soft: 4_194_304, hard: 8_388_608 },
  } as const
  const named = 'address|core|cpu|data|file size|locked|open|processes|stack'
  const script = `tr -s " " </proc/self/limits | cut -d" " -f 2-6 | grep -E "^(${named})"`
  const channels = await played([run('web', script, { limits })])
  expect(outputOf(channels, 'web').sort()).toMatchInlineSnapshot(`
    [
      "address space 4000000000 5000000000 bytes",
      "core file size 0 4096",
      "cpu time 1000 2000 seconds",
      "data size 3000000000 4000000000 bytes",
      "file size 1000000000 unlimited bytes",
      "locked memory 4096 8192 bytes",
      "open files 100 200 files",
      "processes 3000 4000 processes ",
      "stack size 4194304 8388608 bytes",
    ]
  `)
})

test('runs leave no descriptor open, however they end', async () => {
  const both = { ...byFd(3), notify: true }
  const runs: Run[] = [
    run('newline', 'echo >&3', both),
    run('silent', 'true', both),
    run('messages', '"$NOTIFIES" READY=1', { ready: { type: 'notify' } }),
    run('log', 'echo ready', { ...byLog('ready'), notify: true }),
    run('null', 'true', { ...both, stdio: 'null' }),
    run('shell', 'true', { ...both, user: '65534', group: '65534', command: ['/nonexistent'] }),
  ]
  const rounds = isSanitized ? 10 : 34
  await using channels = new Channels({ runs, rounds })
  await channels.linesWith('idle', 1)
  const before = descriptors(channels)
  channels.signal('SIGUSR1')
  await channels.linesWith('idle', 2)
  expect(channels.eventsOf('answer').length).toBe(runs.length * (rounds + 1))
  expect(descriptors(channels)).toEqual(before)
})

test('a run without a descriptor for its socket is not started, and others are not affected', async () => {
  const runs = [
    run('web', 'read _ <go', {}),
    ...Array.from({ length: 60 }, (_, n) =>
      run(`d${n}`, 'read _ <go', { notify: true, stdio: 'null' }),
    ),
  ].map((one) => ({ ...one, command: ['sleep', '1000'] }))
  await using channels = new Channels(
    { runs },
    { wrap: ['/bin/sh', '-c', 'ulimit -n 40; exec "$@"', 'sh'] },
  )
  await channels.linesWith('"type":"answer"', 61)
  const answers = channels.eventsOf('answer')
  const failed = answers.filter((answer) => 'step' in answer)
  expect(failed.length).toBeGreaterThan(10)
  expect(failed[0]).toMatchObject({ step: 'socket', errno: 'EMFILE' })
  expect(answers[0]).toMatchObject({ daemon: 'web', pid: expect.any(Number) })
  expect(channels.eventsOf('exited')).toEqual([])
})

/** In the test's own folder. */
function inState(one: Run): Run {
  const [shell, option, script] = one.command as string[]
  return {
    ...one,
    command: [shell as string, option as string, `cd "$PITCREW_STATE_DIR"; ${script}`],
  }
}

function descriptors({ pid }: Channels): string[] {
  return readdirSync(`/proc/${pid}/fd`).sort()
}
