/** Whom a daemon runs as, with /etc/passwd and /etc/group of the test's own. To be wrong here is to run as root.
 *  FAULTS 45, 51. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { canUnshare, fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import { outputOf } from '../support/processes.ts'

const isPossible = process.getuid?.() === 0 && canUnshare
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-etc-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const passwd = `# who is who
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
  /** null = there is no such file. */
  readonly passwd?: string | null
  readonly group?: string | null
  /** As this user; root otherwise. */
  readonly uid?: number
  readonly mode?: number
}

/** In place of a text: whatever opens the file waits, and nothing comes. */
const hangs = 'hangs'
let count = 0

/** pitcrew with one daemon that says who it is, where these files are in /etc. */
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

/** What the daemon says, or why it was not started. */
async function who(daemon: object, etc: Etc = {}): Promise<string> {
  await using pitcrew = started(daemon, etc)
  await pitcrew.exitCode()
  const said = outputOf(pitcrew, 'a')
  if (said.length > 0) return said.join(', ')
  const line = pitcrew.lines.find((one) => one.includes('cannot start')) ?? pitcrew.transcript()
  return line.replace(/^pitcrew: a: cannot start \(run 1\): (.*); restart policy is never$/, '$1')
}

const ofApp = 'HOME=/home/app USER=app LOGNAME=app'

describe.runIf(isPossible)('whom a daemon becomes', () => {
  test.each<[what: string, daemon: object, expected: string]>([
    ['neither: as we are', {}, '0 0 0, HOME=/ours USER=us LOGNAME=us'],
    [
      'a user, with its group and those it is a member of',
      { user: 'app' },
      `1000 1000 1000 44 80, ${ofApp}`,
    ],
    [
      'a user and a group, which is first',
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
      'a number that is not there, with a group',
      { user: '4000', group: '4001' },
      '4000 4001 4001, HOME=/ USER= LOGNAME=',
    ],
    ['digits that are a name', { user: '1234', group: '7' }, '1234 7 7, HOME=/ USER= LOGNAME='],
    ['root', { user: 'root' }, '0 0 0, HOME=/root USER=root LOGNAME=root'],
    ['a short line', { user: 'bare' }, '1001 50 50, HOME=/ USER=bare LOGNAME=bare'],
    [
      'what the bundle sets',
      { user: 'app', env: { set: { HOME: '/mine' } } },
      '1000 1000 1000 44 80, HOME=/mine USER=app LOGNAME=app',
    ],
    [
      'what the bundle sets for a number',
      { user: '4000', group: '1', env: { set: { USER: 'me' } } },
      '4000 1 1, HOME=/ USER=me LOGNAME=',
    ],
    [
      'a user that is not there',
      { user: 'nobody2' },
      'cannot become its user: user nobody2 is not in /etc/passwd',
    ],
    [
      'a group that is not there',
      { user: 'app', group: 'none' },
      'cannot become its user: group none is not in /etc/group',
    ],
    [
      'a number without a group',
      { user: '4000' },
      'cannot become its user: user 4000 is not in /etc/passwd: name its group, too',
    ],
    [
      'a line without a group',
      { user: 'nogroup' },
      'cannot become its user: user nogroup is not in /etc/passwd: name its group, too',
    ],
    ['a line without a number', { user: 'empty' }, '/etc/passwd: a line of it is not complete'],
    [
      'a line with the number that means unchanged',
      { user: 'all' },
      '/etc/passwd: a line of it is not complete',
    ],
  ])('%s', async (_, daemon, expected) => {
    expect(await who(daemon)).toBe(expected)
  })

  test('a user in 1 100 groups is in all of them', async () => {
    const many = Array.from({ length: 1100 }, (_, n) => `g${n}:x:${10_000 + n}:app\n`).join('')
    const said = await who({ user: 'app' }, { group: `${group}${many}` })
    expect(said.split(',')[0]?.split(' ')).toHaveLength(2 + 3 + 1100)
  })

  test('files of any length: 100 000 lines, and a line of a megabyte', async () => {
    const users = Array.from(
      { length: 100_000 },
      (_, n) => `u${n}:x:${n + 5000}:100::/home/u${n}:/bin/sh\n`,
    )
    const members = Array.from({ length: 100_000 }, (_, n) => `u${n}`)
    const etc = { passwd: users.join(''), group: `big:x:77:${members.join(',')}\n` }
    expect(await who({ user: 'u99999' }, etc)).toBe(
      '104999 100 100 77, HOME=/home/u99999 USER=u99999 LOGNAME=u99999',
    )
    expect(await who({ user: 'u100000' }, etc)).toContain('user u100000 is not in /etc/passwd')
  })

  test.each<[what: string, daemon: object, etc: Etc, expected: string]>([
    [
      'of a user',
      { user: 'late' },
      { passwd: `${passwd}late:x:1` },
      '/etc/passwd: a line of it is not complete',
    ],
    [
      'that hides a name',
      { user: 'late' },
      { passwd: `${passwd}lat` },
      '/etc/passwd: a line of it is not complete',
    ],
    [
      'of a group',
      { user: 'app' },
      { group: `${group}more:x` },
      '/etc/group: a line of it is not complete',
    ],
    [
      'that only lacks its newline',
      { user: 'app' },
      { group: `${group}more:x:9:app` },
      `1000 1000 1000 9 44 80, ${ofApp}`,
    ],
  ])('a last line that is cut %s', async (_, daemon, etc, expected) => {
    expect(await who(daemon, etc)).toBe(expected)
  })

  test('who is that user already changes nothing, and only learns its name', async () => {
    expect(await who({ user: 'app' }, { uid: 1000 })).toBe(`1000 1000 1000, ${ofApp}`)
    const unknown = await who({ user: '4000', group: '4000' }, { uid: 4000 })
    expect(unknown).toBe('4000 4000 4000, HOME=/ours USER=us LOGNAME=us')
  })

  test('files that cannot be read are named, and cost the start', async () => {
    const hidden = { uid: 1000, mode: 0o600 }
    const error = ': permission denied (EACCES)'
    expect(await who({ user: 'app' }, { ...hidden, group: null })).toBe(`/etc/passwd${error}`)
    expect(await who({ group: 'app' }, hidden)).toBe(`/etc/group${error}`)
  })

  test('a file that hangs costs the start alone, with a reason', async () => {
    await using pitcrew = started(
      { user: 'app' },
      { passwd: hangs },
      { beside: { command: sh('echo up; exec sleep 1000') } },
    )
    await pitcrew.line('[beside] up')
    await pitcrew.line(
      'a: cannot start (run 1): stood still before it had executed /bin/sh (at step "user")',
    )
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(126)
  })

  test('without the files numbers do, and names do not', async () => {
    const etc = { passwd: null, group: null }
    expect(await who({ user: '1000', group: '1000' }, etc)).toContain('1000 1000 1000, HOME=/ ')
    expect(await who({ user: 'app', group: '1' }, etc)).toContain('user app is not in /etc/passwd')
    expect(await who({ group: 'app' }, etc)).toContain('group app is not in /etc/group')
  })
})
