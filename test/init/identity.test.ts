/** Whom a daemon runs as. To be wrong here is to run as root. */
import { describe, expect, test } from 'vitest'
import type { FileAnswer } from '../../src/host/system.ts'
import { identityOf } from '../../src/init/identity.ts'

const passwd = `root:x:0:0:root:/root:/bin/sh
app:x:1000:1000:App:/home/app:/bin/sh
bare:x:1001:50
empty:x::1000::/:
odd:x:abc:1000::/:
nogroup:x:1002:::/:
all:x:4294967295:1000::/:
1234:x:1003:1003::/home/digits:
`
const group = `root:x:0:
app:x:1000:
web:x:80:app,other
video:x:44:other,app
same:x:1000:app
broken:x:abc:app
short:x
`

interface Fake {
  readonly uid?: number
  readonly files?: Readonly<Record<string, FileAnswer>>
}

function identity(user: string | null, of: string | null = null, fake: Fake = {}) {
  const { uid = 0, files = { '/etc/passwd': { text: passwd }, '/etc/group': { text: group } } } =
    fake
  const readFile = (path: string): FileAnswer => files[path] ?? { error: 'ENOENT' }
  return identityOf({ uid, readFile }, { user, group: of })
}

const ours = { uid: null, gid: null, groups: null, env: {} }
const appEnv = { HOME: '/home/app', USER: 'app', LOGNAME: 'app' }

describe('who runs as whom', () => {
  test.each<[what: string, user: string | null, group: string | null, expected: object]>([
    ['neither: as we do', null, null, ours],
    [
      'a user: with its group, and those it is a member of',
      'app',
      null,
      { uid: 1000, gid: 1000, groups: [1000, 80, 44], env: appEnv },
    ],
    [
      'a user and a group: the group is first, instead of its own',
      'app',
      'web',
      { uid: 1000, gid: 80, groups: [80, 44, 1000], env: appEnv },
    ],
    ['a group: nothing else changes', null, 'web', { ...ours, gid: 80 }],
    ['the number of a group that nobody has', null, '4000', { ...ours, gid: 4000 }],
    [
      'the number of a user: like its name',
      '1000',
      null,
      { uid: 1000, gid: 1000, groups: [1000, 80, 44], env: appEnv },
    ],
    [
      'the number of a user that nobody has, with a group',
      '4000',
      '4001',
      { uid: 4000, gid: 4001, groups: [4001], env: {} },
    ],
    [
      'digits are a number, also where they are a name',
      '1234',
      '7',
      { uid: 1234, gid: 7, groups: [7], env: {} },
    ],
    [
      'root, when asked for',
      'root',
      null,
      { uid: 0, gid: 0, groups: [0], env: { HOME: '/root', USER: 'root', LOGNAME: 'root' } },
    ],
    [
      'a line that is cut short',
      'bare',
      null,
      { uid: 1001, gid: 50, groups: [50], env: { HOME: '/', USER: 'bare', LOGNAME: 'bare' } },
    ],
  ])('%s', (_, user, of, expected) => {
    expect(identity(user, of)).toEqual(expected)
  })
})

describe('who is that user already changes nothing', () => {
  const fake = { uid: 1000 }
  test('and only learns its name', () => {
    expect(identity('app', null, fake)).toEqual({ ...ours, env: appEnv })
  })

  test('but the group that is asked for is not forgotten', () => {
    expect(identity('app', 'web', fake)).toEqual({ ...ours, gid: 80, env: appEnv })
  })

  test('root is not: it may have groups that it should not keep', () => {
    expect(identity('root', null, { uid: 0 })).toMatchObject({ uid: 0, gid: 0, groups: [0] })
  })
})

describe('whom nobody can become', () => {
  const userError = (user: string) => ({ error: `user ${user} is not in /etc/passwd` })
  const groupError = (name: string) => ({ error: `group ${name} is not in /etc/group` })
  const needsGroup = (user: string) => ({
    error: `user ${user} is not in /etc/passwd: name its group, too`,
  })

  test.each<[what: string, user: string | null, group: string | null, expected: object]>([
    ['a user that is not there', 'nobody2', null, userError('nobody2')],
    ['a group that is not there', 'app', 'nogroup', groupError('nogroup')],
    ['a group that is not there, alone', null, 'nogroup', groupError('nogroup')],
    ['a number without a line, which has no group', '4000', null, needsGroup('4000')],
    ['a line without a group', 'nogroup', null, needsGroup('nogroup')],
    ['a line without a number, which is not root', 'empty', null, userError('empty')],
    ['a line with an odd number', 'odd', null, userError('odd')],
    ['a group with an odd number', 'app', 'broken', groupError('broken')],
    ['a group that is cut short', 'app', 'short', groupError('short')],
    ['the number that means "unchanged" to the kernel', '4294967295', '1', userError('4294967295')],
    ['a line with that number', 'all', '1', userError('all')],
    ['a space, which is not root', ' ', '1', userError(' ')],
    ['a sign', '-1', '1', userError('-1')],
    ['a fraction', '1.0', '1', userError('1.0')],
    ['a number in another base', '0x0', '1', userError('0x0')],
  ])('%s', (_, user, of, expected) => {
    expect(identity(user, of)).toEqual(expected)
  })
})

describe('an image without /etc/passwd and /etc/group', () => {
  const fake = { files: {} }
  test('numbers do', () => {
    expect(identity('1000', '1000', fake)).toEqual({
      uid: 1000,
      gid: 1000,
      groups: [1000],
      env: {},
    })
  })

  test('names do not', () => {
    expect(identity('app', '1', fake)).toEqual({ error: 'user app is not in /etc/passwd' })
    expect(identity('1', 'app', fake)).toEqual({ error: 'group app is not in /etc/group' })
  })
})
