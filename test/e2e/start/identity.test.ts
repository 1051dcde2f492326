/** The user and groups of a daemon, with test versions of /etc/passwd and /etc/group. An error
 *  here would run a daemon as root. FAULTS 45, 51. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { canUnshare, fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import { outputOf } from '../support/processes.ts'

const canMount = process.getuid?.() === 0 && canUnshare
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-etc-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const passwd = `# users of the test
root:x:0:0:root:/root:/bin/sh
app:x:1000:1000:App:/home/app:/bin/sh
alias:x:1000:50::/home/alias:/bin/sh
bare:x:1001:50
empty:x::1000::/:
nogroup:x:1002:::/:
all:x:4294967295:1000::/:
1234:x:1003:1003::/home/digits:
`
const group = `root:x:0:
app:x:1000:
web:x:80:app,other
video:x:44:other,app
`

interface Etc {
  /** null: the file does not exist. */
  readonly passwd?: string | null
  readonly group?: string | null
  /** The user of pitcrew; root by default. */
  readonly uid?: number
  readonly mode?: number
}

/** In place of a text: opening the file blocks forever. */
const hangs = 'hangs'
let count = 0

/** pitcrew with one daemon that prints its identity, with these files in /etc. */
function started(daemon: object, etc: Etc, others: object = {}): Pitcrew {
  const own = join(folder, `${++count}`)
  const mounts = ['passwd', 'group'].map((name) => {
    const text = { passwd, group, ...etc }[name as 'passwd' | 'group']
    const path = `${own}.${name}`
    if (text === hangs) return `mkfifo ${path} && mount --bind ${path} /etc/${name}`
    if (text !== null) writeFileSync(path, text, { mode: etc.mode ?? 0o644 })
    return text === null
      ? `mount --bind /dev/null /etc/${name}`
      : `mount --bind ${path} /etc/${name}`
  })
  chmodSync(folder, 0o755)
  const become =
    etc.uid === undefined
      ? 'exec '
      : `chmod -R a+rwX "$PITCREW_RUN_DIR"; exec setpriv --reuid ${etc.uid} --regid ${etc.uid} --clear-groups `
  const script = `${mounts.join(' && ')} && ${become}"$@"`
  const wrap = ['unshare', '--mount', '/bin/sh', '-c', script, 'sh']
  const a = {
    command: ['/bin/sh', `${fixtures}/scripts/prints-identity.sh`],
    restart: 'never',
    ...daemon,
  }
  return new Pitcrew(
    { daemons: { a, ...others } },
    { wrap, env: { HOME: '/ours', USER: 'us', LOGNAME: 'us' } },
  )
}

/** The identity that the daemon prints, or why it was not started. */
async function identityOf(daemon: object, etc: Etc = {}): Promise<string> {
  await using pitcrew = started(daemon, etc)
  await pitcrew.exitCode()
  const printed = outputOf(pitcrew, 'a')
  if (printed.length > 0) return printed.join(', ')
  const line = pitcrew.lines.find((one) => one.includes('cannot start')) ?? pitcrew.transcript()
  return line.replace(/^pitcrew: a: cannot start \(run 1\): (.*); restart policy is never$/, '$1')
}

const ofApp = 'HOME=/home/app USER=app LOGNAME=app'

describe.runIf(canMount)('the identity of a daemon with', () => {
  test.each<[what: string, daemon: object, expected: string]>([
    ['neither user nor group is that of pitcrew', {}, '0 0 0, HOME=/ours USER=us LOGNAME=us'],
    [
      'a user: its own group and its supplementary groups',
      { user: 'app' },
      `1000 1000 1000 44 80, ${ofApp}`,
    ],
    [
      'a user and a group: that group as the primary one',
      { user: 'app', group: 'web' },
      `1000 80 80 44, ${ofApp}`,
    ],
    ['a group alone', { group: 'web' }, '0 80 80, HOME=/ours USER=us LOGNAME=us'],
    ['the number of a user', { user: '1000' }, `1000 1000 1000 44 80, ${ofApp}`],
    [
      'one of two names of a number',
      { user: 'alias' },
      '1000 50 50, HOME=/home/alias USER=alias LOGNAME=alias',
    ],
    [
      'an unknown number and a group',
      { user: '4000', group: '4001' },
      '4000 4001 4001, HOME=/ USER= LOGNAME=',
    ],
    [
      'a number that is the name of another user',
      { user: '1234', group: '7' },
      '1234 7 7, HOME=/ USER= LOGNAME=',
    ],
    ['root', { user: 'root' }, '0 0 0, HOME=/root USER=root LOGNAME=root'],
    ['a short line', { user: 'bare' }, '1001 50 50, HOME=/ USER=bare LOGNAME=bare'],
    [
      'variables set by the bundle',
      { user: 'app', env: { set: { HOME: '/mine' } } },
      '1000 1000 1000 44 80, HOME=/mine USER=app LOGNAME=app',
    ],
    [
      'variables set by the bundle for an unknown number',
      { user: '4000', group: '1', env: { set: { USER: 'me' } } },
      '4000 1 1, HOME=/ USER=me LOGNAME=',
    ],
    [
      'an unknown user',
      { user: 'nobody2' },
      'cannot switch to its user: user nobody2 is not in /etc/passwd',
    ],
    [
      'an unknown group',
      { user: 'app', group: 'none' },
      'cannot switch to its user: group none is not in /etc/group',
    ],
    [
      'an unknown number without a group',
      { user: '4000' },
      'cannot switch to its user: user 4000 is not in /etc/passwd: name its group, too',
    ],
    [
      'a line without a group',
      { user: 'nogroup' },
      'cannot switch to its user: user nogroup is not in /etc/passwd: name its group, too',
    ],
    ['a line without a number', { user: 'empty' }, '/etc/passwd: it has an incomplete line'],
    [
      'a line with the uid 4294967295, which means "unchanged"',
      { user: 'all' },
      '/etc/passwd: it has an incomplete line',
    ],
  ])('%s', async (_, daemon, expected) => {
    expect(await identityOf(daemon)).toBe(expected)
  })

  test('a user in 1 100 groups: all of them', async () => {
    const many = Array.from({ length: 1100 }, (_, n) => `g${n}:x:${10_000 + n}:app\n`).join('')
    const identity = await identityOf({ user: 'app' }, { group: `${group}${many}` })
    expect(identity.split(',')[0]?.split(' ')).toHaveLength(2 + 3 + 1100)
  })

  test('long files: 100 000 lines, and a line of a megabyte', async () => {
    const users = Array.from(
      { length: 100_000 },
      (_, n) => `u${n}:x:${n + 5000}:100::/home/u${n}:/bin/sh\n`,
    )
    const members = Array.from({ length: 100_000 }, (_, n) => `u${n}`)
    const etc = { passwd: users.join(''), group: `big:x:77:${members.join(',')}\n` }
    expect(await identityOf({ user: 'u99999' }, etc)).toBe(
      '104999 100 100 77, HOME=/home/u99999 USER=u99999 LOGNAME=u99999',
    )
    expect(await identityOf({ user: 'u100000' }, etc)).toContain(
      'user u100000 is not in /etc/passwd',
    )
  })

  test.each<[what: string, daemon: object, etc: Etc, expected: string]>([
    [
      'of a user',
      { user: 'late' },
      { passwd: `${passwd}late:x:1` },
      '/etc/passwd: it has an incomplete line',
    ],
    [
      'inside a name',
      { user: 'late' },
      { passwd: `${passwd}lat` },
      '/etc/passwd: it has an incomplete line',
    ],
    [
      'of a group',
      { user: 'app' },
      { group: `${group}more:x` },
      '/etc/group: it has an incomplete line',
    ],
    [
      'only before its newline',
      { user: 'app' },
      { group: `${group}more:x:9:app` },
      `1000 1000 1000 9 44 80, ${ofApp}`,
    ],
  ])('a truncated last line %s', async (_, daemon, etc, expected) => {
    expect(await identityOf(daemon, etc)).toBe(expected)
  })

  test('the user that pitcrew already has: unchanged, with its name', async () => {
    expect(await identityOf({ user: 'app' }, { uid: 1000 })).toBe(`1000 1000 1000, ${ofApp}`)
    const unknown = await identityOf({ user: '4000', group: '4000' }, { uid: 4000 })
    expect(unknown).toBe('4000 4000 4000, HOME=/ours USER=us LOGNAME=us')
  })

  test('files that cannot be read: the start fails, with the path', async () => {
    const hidden = { uid: 1000, mode: 0o600 }
    const error = ': permission denied (EACCES)'
    expect(await identityOf({ user: 'app' }, { ...hidden, group: null })).toBe(
      `/etc/passwd${error}`,
    )
    expect(await identityOf({ group: 'app' }, hidden)).toBe(`/etc/group${error}`)
  })

  test('a file that hangs: only that start fails, with the reason', async () => {
    await using pitcrew = started(
      { user: 'app' },
      { passwd: hangs },
      { beside: { command: sh('echo up; exec sleep 1000') } },
    )
    await pitcrew.line('[beside] up')
    await pitcrew.line(
      'a: cannot start (run 1): timed out before it executed /bin/sh (step "user")',
    )
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(126)
  })

  test('missing files: numbers work, and names do not', async () => {
    const etc = { passwd: null, group: null }
    expect(await identityOf({ user: '1000', group: '1000' }, etc)).toContain(
      '1000 1000 1000, HOME=/ ',
    )
    expect(await identityOf({ user: 'app', group: '1' }, etc)).toContain(
      'user app is not in /etc/passwd',
    )
    expect(await identityOf({ group: 'app' }, etc)).toContain('group app is not in /etc/group')
  })
})
