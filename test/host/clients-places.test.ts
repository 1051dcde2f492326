/** Folder, lock and socket of the control plane. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { isSanitized, residentKib } from '../e2e/support/cost.ts'
import { canUnshare } from '../e2e/support/pitcrew.ts'
import { buildHub, Hub } from './images/clients.ts'
import type { Order } from './images/clients-entry.ts'

const isRoot = process.getuid?.() === 0
const listens = { listen: 's' }
const lock = { lock: 'l', text: '{"pid":7}' }
const modeOf = (path: string): number => lstatSync(path).mode & 0o7777

beforeAll(buildHub, 300_000)

describe('the socket', () => {
  test('is accessible to its user only, whatever the umask is', async () => {
    const wrap = ['/bin/sh', '-c', 'umask 0; exec "$@"', 'sh']
    await using hub = await Hub.start([listens], { wrap })
    expect(modeOf(hub.socket)).toBe(0o600)
    const inFolder = await hub.connect()
    expect(await first(inFolder, { folder: 'new' })).toBe(null)
    expect(modeOf(join(hub.folder, 'new'))).toBe(0o700)
  })

  test('is replaced if another process left it behind', async () => {
    await using hub = await Hub.start([listens])
    const client = await hub.connect()
    // It has no listener; it was only not removed.
    await new Promise<void>((done) => {
      const server = createServer().listen(join(hub.folder, 'old'), () => {
        renameSync(join(hub.folder, 'old'), join(hub.folder, 'left'))
        server.close(() => done())
      })
    })
    await using second = await Hub.start([{ listen: join(hub.folder, 'left') }])
    expect(second.answers).toEqual([null])
    const other = await second.connect(join(hub.folder, 'left'))
    expect(await other.ask({ echo: 'new' })).toBe('new')
    expect(await client.ask({ echo: 'first' })).toBe('first')
  })

  test.each([
    ['file', 'EEXIST', (path: string) => writeFileSync(path, 'mine')],
    ['folder', 'EEXIST', (path: string) => mkdirSync(path)],
    ['link', 'EEXIST', (path: string) => symlinkSync('/nowhere', path)],
  ])('does not replace a %s: %s', async (_, errno, make) => {
    await using hub = await Hub.start()
    const path = join(hub.folder, 'taken')
    make(path)
    await using second = await Hub.start([{ listen: path }])
    expect(second.answers).toEqual([errno])
    expect(existsSync(path) || lstatSync(path).isSymbolicLink()).toBe(true)
  })

  test.each([
    ['in no folder', 'none/s', 'ENOENT'],
    ['without a name', 'none/', 'EINVAL'],
    ['with a name that is too long', 'x'.repeat(256), 'EINVAL'],
    ['below a file', '/etc/passwd/s', 'ENOTDIR'],
  ])('%s cannot be made', async (_, listen, errno) => {
    await using hub = await Hub.start([{ listen }, listens])
    expect(hub.answers).toEqual([errno, null])
  })

  test('may have a path that is longer than a socket address', async () => {
    const name = 'x'.repeat(100)
    await using hub = await Hub.start([{ folder: name }, { listen: `${name}/s` }, { listen: 't' }])
    expect(hub.answers).toEqual([null, null, 'EBUSY'])
    // A process that is in the folder finds it by a short name.
    const before = process.cwd()
    process.chdir(join(hub.folder, name))
    const client = await hub.connect('s').finally(() => process.chdir(before))
    expect(modeOf(join(hub.folder, name, 's'))).toBe(0o600)
    client.order({ finish: 'bye' })
    expect(await hub.exitCode()).toBe(0)
    expect(existsSync(join(hub.folder, name, 's'))).toBe(false)
  })

  test.runIf(canUnshare)('with such a path needs /proc', async () => {
    const wrap = ['unshare', '--mount', '--', '/bin/sh', '-c', 'umount -l /proc; exec "$@"', 'sh']
    const long = 'x'.repeat(100)
    await using hub = await Hub.start([{ folder: long }, { listen: `${long}/s` }, listens], {
      asPid1: false,
      wrap,
    })
    expect(hub.answers).toEqual([null, 'ENAMETOOLONG', null])
    const client = await hub.connect()
    expect(await client.ask({ echo: 'all the same' })).toBe('all the same')
  })

  test('is removed at the end only if it is still the same', async () => {
    await using hub = await Hub.start()
    const client = await hub.connect()
    rmSync(hub.socket)
    await using second = await Hub.start([{ listen: hub.socket }])
    client.order({ finish: 'bye' })
    expect(await hub.exitCode()).toBe(0)
    const other = await second.connect(hub.socket)
    expect(await other.ask({ echo: 'of the second' })).toBe('of the second')
  })

  test.skipIf(isSanitized)('costs little memory', async () => {
    await using without = await Hub.start([])
    await using hub = await Hub.start()
    expect(residentKib(hub) - residentKib(without)).toBeLessThan(200)
  })
})

describe('a lock', () => {
  test('that is free is taken, and its file has the text', async () => {
    await using hub = await Hub.start([lock])
    expect(hub.answers).toEqual([null])
    expect(readFileSync(join(hub.folder, 'l'), 'utf8')).toBe('{"pid":7}')
    expect(modeOf(join(hub.folder, 'l'))).toBe(0o600)
  })

  test('of another process is reported with its holder, and is left as it is', async () => {
    await using hub = await Hub.start([lock], { asPid1: false })
    const path = join(hub.folder, 'l')
    await using second = await Hub.start([{ lock: path, text: 'mine' }], { asPid1: false })
    expect(second.answers).toEqual([{ holder: '{"pid":7}', pid: hub.pid }])
    expect(readFileSync(path, 'utf8')).toBe('{"pid":7}')
  })

  test.runIf(canUnshare)('of a process in another PID namespace has the pid 0', async () => {
    await using hub = await Hub.start([lock], { asPid1: true })
    await using second = await Hub.start([{ ...lock, lock: join(hub.folder, 'l') }], {
      asPid1: true,
    })
    expect(second.answers).toEqual([{ holder: '{"pid":7}', pid: 0 }])
  })

  test('of a killed process is free, whatever its file says', async () => {
    await using hub = await Hub.start([lock], { asPid1: false })
    const path = join(hub.folder, 'l')
    writeFileSync(path, '{"pid":1} and much more than what is written now')
    hub.signal('SIGKILL')
    await hub.end()
    await using second = await Hub.start([{ lock: path, text: 'mine' }], { asPid1: false })
    expect(second.answers).toEqual([null])
    expect(readFileSync(path, 'utf8').trimEnd()).toBe('mine') // What was longer is blank.
  })

  test('is not inherited: it is free while a daemon of a killed pitcrew lives on', async () => {
    const spawn = { daemon: 'web', command: ['sleep', '1000'] }
    // In a group that is not killed, without a parent-death signal.
    const script = 'setsid sleep 1000 & echo $!; wait'
    const sleeps = { ...spawn, command: ['/bin/sh', '-c', script] }
    await using hub = await Hub.start([lock, { spawn: sleeps }], { asPid1: false })
    const pid = Number((await hub.line('[web] ')).slice('[web] '.length))
    try {
      hub.signal('SIGKILL')
      await hub.end()
      await using second = await Hub.start([{ ...lock, lock: join(hub.folder, 'l') }])
      expect(second.answers).toEqual([null])
      expect(existsSync(`/proc/${pid}`)).toBe(true)
    } finally {
      process.kill(pid, 'SIGKILL')
    }
  })

  test('is one per process, and stays taken when it is requested again', async () => {
    await using hub = await Hub.start([lock, lock, { lock: 'other', text: '' }], { asPid1: false })
    expect(hub.answers).toEqual([null, { errno: 'EBUSY' }, { errno: 'EBUSY' }])
    await using second = await Hub.start([{ ...lock, lock: join(hub.folder, 'l') }], {
      asPid1: false,
    })
    expect(second.answers).toMatchObject([{ pid: hub.pid }])
  })

  test.each([
    ['a folder', '/tmp', 'EISDIR'],
    ['a device', '/dev/null', 'EINVAL'],
    ['a link', '/proc/self/exe', 'ELOOP'],
    ['in no folder', '/nowhere/l', 'ENOENT'],
  ])('cannot be %s', async (_, path, errno) => {
    await using hub = await Hub.start([{ lock: path, text: '' }])
    expect(hub.answers).toEqual([{ errno }])
  })

  test.runIf(canUnshare)('is taken on a full disk, too', async () => {
    const script =
      'mount -t tmpfs -o size=4k tmpfs /mnt; : >/mnt/l; head -c 9999 /dev/zero >/mnt/full 2>/dev/null; exec "$@"'
    const wrap = ['unshare', '--mount', '--', '/bin/sh', '-c', script, 'sh']
    await using hub = await Hub.start([{ ...lock, lock: '/mnt/l' }], { wrap })
    expect(hub.answers).toEqual([null])
  })
})

describe('a folder', () => {
  test('is made with the one above it, and is found if it exists', async () => {
    await using hub = await Hub.start([listens])
    const client = await hub.connect()
    expect(await first(client, { folder: 'a/b' })).toBe(null)
    expect(await first(client, { folder: 'a/b' })).toBe(null)
    expect(modeOf(join(hub.folder, 'a/b'))).toBe(0o700)
    expect(await first(client, { folder: 'x/y/z' })).toBe('ENOENT')
  })

  test.each([
    ['a file', '/etc/passwd', 'ENOTDIR'],
    ['a link to a folder', 'link', 'ENOTDIR'],
    ['below a file', '/etc/passwd/x', 'ENOTDIR'],
    ['with a path that is too long', 'x'.repeat(5000), 'ENAMETOOLONG'],
  ])('cannot be %s', async (_, folder, errno) => {
    await using hub = await Hub.start([listens])
    symlinkSync('/tmp', join(hub.folder, 'link'))
    expect(await first(await hub.connect(), { folder })).toBe(errno)
  })

  test.runIf(isRoot)('of another user is refused, unless pitcrew is root', async () => {
    const wrap = ['setpriv', '--reuid=1234', '--clear-groups', '--']
    await using hub = await Hub.start([listens])
    const strangers = join(hub.folder, 'strangers')
    chmodSync(hub.folder, 0o755)
    mkdirSync(strangers)
    chownSync(strangers, 4321, 4321)
    await using asUser = await Hub.start([{ folder: strangers }], { wrap })
    await using asRoot = await Hub.start([{ folder: strangers }])
    expect([asUser.answers, asRoot.answers]).toEqual([['EPERM'], [null]])
  })

  test.runIf(isRoot)('of another user where any user may make one is a trap for root', async () => {
    const strangers = join('/tmp', `pitcrew-strangers-${process.pid}`)
    mkdirSync(strangers)
    try {
      chownSync(strangers, 4321, 4321)
      await using asRoot = await Hub.start([{ folder: strangers }])
      expect(asRoot.answers).toEqual(['EPERM'])
    } finally {
      rmSync(strangers, { recursive: true })
    }
  })
})

async function first(
  client: { ask(order: Order): Promise<string> },
  what: Extract<Order, { first: unknown }>['first'],
): Promise<unknown> {
  return JSON.parse(await client.ask({ first: what }))
}
