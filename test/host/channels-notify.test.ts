/** Messages of sd_notify: which processes may send them, and their events. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ReadyChannel } from '../../src/host/host.ts'
import { outputOf } from '../e2e/support/processes.ts'
import { buildChannels, Channels, notifies, played, run } from './images/channels.ts'

const isRoot = process.getuid?.() === 0
const byNotify: { ready: ReadyChannel } = { ready: { type: 'notify' } }
const systemdNotify = '/usr/bin/systemd-notify'
if (!existsSync(systemdNotify))
  console.warn('no systemd-notify here: sd_notify is tested with our own sender only')

beforeAll(buildChannels, 300_000)

test('a message is delivered as it was sent, and READY=1 is kept', async () => {
  const script = '"$NOTIFIES" "STATUS=getting up" "READY=1\\nSTATUS=ä 100%" STOPPING=1'
  const channels = await played([run('web', script, byNotify)])
  expect(channels.notes('web')).toEqual([
    'STATUS=getting up',
    'READY=1\nSTATUS=ä 100%',
    'STOPPING=1',
  ])
  expect(channels.eventsOf('notify').map(({ liveReady }) => liveReady)).toEqual([false, true, true])
  expect(channels.eventsOf('ready')).toEqual([])
})

test.each(['READY=0', 'READY=10', 'READY=1 ', 'STATUS=READY=1'])(
  '"%s" does not mean ready',
  async (text) => {
    const channels = await played([run('web', `"$NOTIFIES" "${text}"`, byNotify)])
    expect(channels.notes('web')).toEqual([text])
    expect(channels.eventsOf('notify')).toMatchObject([{ liveReady: false }])
  },
)

test('the known fields of a message are delivered, the last one of each', async () => {
  const many = 'WATCHDOG=1\\n'.repeat(300)
  const script = `"$NOTIFIES" "XREADY=1" "${many}STATUS=a\\nFDNAME=x\\nWATCHDOG=trigger\\nSTATUS=b"`
  const channels = await played([run('web', script, byNotify)])
  expect(channels.eventsOf('notify').map(({ fields }) => fields)).toEqual([
    { WATCHDOG: 'trigger', STATUS: 'b' },
  ])
})

test('READY=1 is a message like any other if readiness has another channel', async () => {
  const web = run('web', '"$NOTIFIES" READY=1', { notify: true, ready: { type: 'fd', fd: 3 } })
  const channels = await played([web, run('db', '"$NOTIFIES" READY=1', { notify: true })])
  expect(channels.eventsOf('notify').map(({ liveReady }) => liveReady)).toEqual([false, false])
})

test('each run has its own socket, whatever NOTIFY_SOCKET it would inherit', async () => {
  const script = 'echo "$NOTIFY_SOCKET"; tr "\\0" "\\n" </proc/$$/environ | grep -c NOTIFY_SOCKET='
  const more = { notify: true, moreEnv: ['NOTIFY_SOCKET=/a', 'NOTIFY_SOCKET=/b'] }
  const channels = await played(
    [run('web', script, more), run('db', script, more), run('x', 'echo "$NOTIFY_SOCKET"')],
    {
      env: { NOTIFY_SOCKET: '/outer' },
    },
  )
  const [name, count] = outputOf(channels, 'web')
  expect(name).toMatch(/^@pitcrew-[0-9a-f]{32}$/)
  expect(count).toBe('1')
  expect(outputOf(channels, 'db')[0]).not.toBe(name)
  expect(outputOf(channels, 'x')).toEqual(['/outer']) // What is inherited is for the policy to say.
})

test('an empty message, one that is too long and one without fields are ignored', async () => {
  const script = '"$NOTIFIES" "" ; "$NOTIFIES" long STATUS=long; "$NOTIFIES" STATUS=end'
  const channels = await played([run('web', script, byNotify)])
  expect(channels.notes('web')).toEqual(['STATUS=end'])
})

test('invalid UTF-8 in a message is tolerated', async () => {
  const channels = await played([
    run('web', '"$NOTIFIES" "$(printf "STATUS=\\377x")" READY=1', byNotify),
  ])
  expect(channels.notes('web')).toEqual(['STATUS=\ufffdx', 'READY=1'])
})

describe('the sender', () => {
  test.each([
    ['the leader', 'exec "$NOTIFIES" READY=1'],
    ['a child', '"$NOTIFIES" barrier READY=1'],
    ['a child in a session of its own', 'setsid "$NOTIFIES" barrier READY=1 & wait'],
    ['an orphan', '(setsid "$NOTIFIES" barrier READY=1 &); read _ <go'],
  ])('may be %s', async (_, script) => {
    const go = run('other', 'echo >"$PITCREW_STATE_DIR/go"', { on: 'notify web' })
    await using channels = new Channels({
      runs: [inState('mkfifo go', run('web', script, byNotify)), go],
    })
    await channels.line('"READY":"1"')
    expect(channels.notes('web')[0]).toBe('READY=1')
  })

  test('may be any process in the group of an unmarked run, or a descendant of it', async () => {
    const script = '"$NOTIFIES" barrier STATUS=group; setsid "$NOTIFIES" barrier STATUS=left & wait'
    const channels = await played([run('web', script, byNotify)], {
      wrap: ['/bin/sh', '-c', 'ulimit -m 1000000; exec "$@"', 'sh'],
    })
    expect(channels.notes('web')).toEqual(['STATUS=group', 'STATUS=left'])
  })

  test.runIf(isRoot)('may be of another user', async () => {
    const channels = await played([
      run('web', '"$NOTIFIES" barrier READY=1', { ...byNotify, user: '65534', group: '65534' }),
      run('db', 'setpriv --reuid 65534 --clear-groups "$NOTIFIES" barrier READY=1', byNotify),
    ])
    expect(channels.notes('web')[0]).toBe('READY=1')
    expect(channels.notes('db')[0]).toBe('READY=1')
  })

  test('may have ended before it is identified', async () => {
    // Its parent, the shell, has reaped it, too, while pitcrew is stopped.
    const script =
      '"$NOTIFIES" STATUS=up; read _ <go; "$NOTIFIES" READY=1; echo sent >done; read _ <go'
    const web = inState('mkfifo go done', run('web', script, byNotify))
    await using channels = new Channels({ runs: [web] })
    await channels.line('"STATUS":"up"')
    channels.signal('SIGSTOP')
    await writeFile(join(channels.folder, 'go'), '\n')
    await readFile(join(channels.folder, 'done'))
    expect(channels.notes('web')).toEqual(['STATUS=up'])
    channels.signal('SIGCONT')
    await channels.line('"READY":"1"')
    await writeFile(join(channels.folder, 'go'), '\n')
    await channels.exitCode()
  })

  test('may be a leader that has ended: its message comes before its end', async () => {
    const runs = Array.from({ length: 50 }, (_, n) =>
      run(`d${n}`, 'exec "$NOTIFIES" READY=1', byNotify),
    )
    const channels = await played(runs)
    for (const { daemon } of runs) {
      const own = channels.story().filter((line) => line.split(' ')[1] === daemon)
      expect(own).toEqual([`notify ${daemon} READY=1`, `exited ${daemon}`])
    }
  })

  /** `web` publishes the name of its socket; a lifted barrier shows that the message was read. */
  const web = inState(
    'mkfifo names go',
    run(
      'web',
      '"$NOTIFIES" STATUS=up; echo "$NOTIFY_SOCKET" >names; read _ <go; "$NOTIFIES" STATUS=mine',
      byNotify,
    ),
  )
  const forges =
    'read name <names; "$NOTIFIES" "socket=$name" barrier READY=1 && echo heard; echo >go'

  test('must not be in another run that learned the name', async () => {
    const stranger = inState('', run('stranger', forges, { on: 'notify web', notify: true }))
    const channels = await played([web, stranger])
    expect(outputOf(channels, 'stranger')).toEqual(['heard'])
    expect(channels.story().filter((line) => line.startsWith('notify'))).toEqual([
      'notify web STATUS=up',
      'notify web STATUS=mine',
    ])
    expect(channels.eventsOf('exited', 'web')).toMatchObject([{ liveReady: false }])
  })

  test.runIf(isRoot).each([
    ['in its own run', '"$@" & read _ <over; wait'],
    ['after it left that run', '(setsid "$@" &); read _ <over'],
  ])('must not be another user with the mark of the run, %s', async (_, how) => {
    const files = 'mkfifo names go over; chmod 666 *; chmod 755 .'
    const tells =
      '"$NOTIFIES" STATUS=up; echo "$$ $NOTIFY_SOCKET" >names; read _ <go; "$NOTIFIES" STATUS=mine'
    const lies = `read pid name <names; mark=$(cut -d" " -f25 /proc/$pid/stat)
      set -- prlimit --rss=$mark:$mark sh -c '"$NOTIFIES" "socket='$name'" barrier READY=1 && echo heard; echo >go; echo >over'
      ${how}`
    const runs = [
      run('files', files),
      run('web', tells, { ...byNotify, user: '1000', on: 'exited files' }),
      run('stranger', lies, { user: '65534', on: 'notify web' }),
    ]
    const channels = await played(runs.map((one) => inState('', one)))
    expect(channels.notes('web')).toEqual(['STATUS=up', 'STATUS=mine'])
    expect(outputOf(channels, 'stranger')).toEqual(['heard'])
  })

  test.runIf(isRoot).each([
    ['must not have another user', 65533, []],
    ['is accepted if it has the same user', 65534, ['READY=1']],
  ])('that has ended %s', async (_, uid, heard) => {
    // It has ended, and its parent has reaped it, while pitcrew is stopped.
    const files = 'mkfifo names go sent web stranger; chmod 666 *; chmod 755 .'
    const tells = '"$NOTIFIES" STATUS=up; echo "$NOTIFY_SOCKET" >names; read _ <web'
    const sends =
      'read name <names; read _ <go; "$NOTIFIES" "socket=$name" READY=1; echo >sent; read _ <stranger'
    const runs = [
      run('files', files),
      run('web', tells, { ...byNotify, user: '65534', group: '65534', on: 'exited files' }),
      run('stranger', sends, { user: `${uid}`, group: `${uid}`, on: 'notify web' }),
    ]
    await using channels = new Channels({ runs: runs.map((one) => inState('', one)) })
    await channels.line('"daemon":"stranger"')
    const at = (name: string): string => join(channels.folder, name)
    channels.signal('SIGSTOP')
    await writeFile(at('go'), '\n')
    await readFile(at('sent'))
    channels.signal('SIGCONT')
    for (const name of ['web', 'stranger']) await writeFile(at(name), '\n')
    await channels.exitCode()
    expect(channels.notes('web')).toEqual(['STATUS=up', ...heard])
  })

  test('must not be an outside process, though /proc/net/unix shows the name', async () => {
    const script = `"$NOTIFIES" STATUS=up; echo "$NOTIFY_SOCKET"; read _ <go; "$NOTIFIES" STATUS=mine`
    await using channels = new Channels({
      runs: [inState('mkfifo go', run('web', script, byNotify))],
    })
    const name = (await channels.line('[web] @pitcrew-')).slice('[web] '.length)
    expect(readFileSync(`/proc/${channels.pid}/net/unix`, 'latin1')).toContain(name)
    const sent = spawnSync(notifies(), [`socket=${name}`, 'barrier', 'READY=1'])
    expect(sent.status).toBe(0)
    await writeFile(join(channels.folder, 'go'), '\n')
    await channels.exitCode()
    expect(channels.notes('web')).toEqual(['STATUS=up', 'STATUS=mine'])
  })
})

describe('BARRIER=1', () => {
  test('is lifted when all earlier messages were delivered', async () => {
    const script = '"$NOTIFIES" times=100 barrier STATUS=x && echo lifted'
    const channels = await played([run('web', script, { notify: true })])
    const lines = channels.lines.map((line) => (line.includes('"STATUS":"x"') ? 'x' : line))
    expect(lines.lastIndexOf('x')).toBeLessThan(lines.indexOf('[web] lifted'))
    expect(channels.eventsOf('notify')).toHaveLength(100)
  })

  test.skipIf(!existsSync(systemdNotify))('of the real systemd-notify is lifted, too', async () => {
    const script = `${systemdNotify} --ready --status=up && echo lifted`
    const channels = await played([run('web', script, byNotify)])
    expect(outputOf(channels, 'web')).toEqual(['lifted'])
    expect(channels.notes('web')).toEqual(['READY=1\nSTATUS=up'])
  })
})

test('a flood of messages delays nothing else', async () => {
  const flood = run('flood', 'exec "$NOTIFIES" times=10000 STATUS=x', { notify: true })
  const other = run('other', 'echo ready', {
    on: 'notify flood',
    ready: { type: 'log', text: 'ready' },
  })
  await using channels = new Channels({ runs: [flood, other] })
  await channels.line('"STATUS":"x"')
  channels.signal('SIGUSR1')
  await channels.exitCode()
  const kinds = channels.events().map(({ type, daemon }) => `${type} ${daemon ?? ''}`.trim())
  const last = kinds.lastIndexOf('notify flood')
  expect(channels.eventsOf('notify')).toHaveLength(10_000)
  for (const kind of ['signal', 'ready other', 'exited other'])
    expect([kind, kinds.indexOf(kind) < last && kinds.includes(kind)]).toEqual([kind, true])
})

/** In the test's own folder, behind this. */
function inState<R extends ReturnType<typeof run>>(first: string, one: R): R {
  const script = (one.command as string[])[2] as string
  return {
    ...one,
    command: ['/bin/sh', '-c', `cd "$PITCREW_STATE_DIR"; ${first || true}; ${script}`],
  }
}
