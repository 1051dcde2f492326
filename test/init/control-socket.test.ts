/** The way in: a folder, a lock, a socket. DESIGN §5, Places; FAULTS 26. */
import { describe, expect, test } from 'vitest'
import { PitcrewError } from '../../src/errors.ts'
import type { LockAnswer } from '../../src/host/control.ts'
import type { Host } from '../../src/host/host.ts'
import { adoptClient, openControlSocket } from '../../src/init/control/control-socket.ts'
import { runArguments } from '../../src/init/start/arguments.ts'

interface World {
  readonly env?: Readonly<Record<string, string>>
  /** What is wrong with a folder, a lock or a socket. */
  readonly errnos?: Readonly<Record<string, string>>
  readonly locks?: Readonly<Record<string, LockAnswer>>
}

function open({ env = {}, errnos = {}, locks = {} }: World): {
  message: string | null
  calls: string[]
} {
  const calls: string[] = []
  const host: Partial<Host> = {
    uid: 1000,
    pid: 1,
    wallMs: () => Date.UTC(2026, 10, 21, 17, 0, 0),
    getenv: (name) => env[name] ?? null,
    makeFolder: (path) => {
      calls.push(`folder ${path}`)
      return errnos[path] ?? null
    },
    lock: (path, text) => {
      calls.push(`lock ${path}: ${text.trimEnd()}`)
      const errno = errnos[path]
      return errno === undefined ? (locks[path] ?? null) : { errno }
    },
    listen: (path) => {
      calls.push(`listen ${path}`)
      return errnos[path] ?? null
    },
    adoptClient: (fd) => (fd === 3 ? null : 'EBADF'),
  }
  return { message: openControlSocket(host as Host, 'box', '/etc/pitcrew/bundle.yaml'), calls }
}

function refusal(world: World): PitcrewError {
  try {
    open(world)
  } catch (error) {
    if (error instanceof PitcrewError) return error
    throw error
  }
  throw new Error('it was let in')
}

describe('the control socket', () => {
  test('is in the first writable folder, without a message', () => {
    const { message, calls } = open({})
    expect(message).toBeNull()
    expect(calls).toMatchInlineSnapshot(`
      [
        "folder /run/pitcrew",
        "lock /run/pitcrew/box.lock: pid 1, started 2026-11-21T17:00:00.000Z, bundle /etc/pitcrew/bundle.yaml",
        "listen /run/pitcrew/box.sock",
      ]
    `)
  })

  test('is in the next folder if the first is read-only', () => {
    const { message, calls } = open({ errnos: { '/run/pitcrew': 'EROFS' } })
    expect(message).toBeNull()
    expect(calls.at(-1)).toBe('listen /dev/shm/pitcrew-1000/box.sock')
  })

  test('is in the next folder if the lock cannot be written', () => {
    const { calls } = open({ errnos: { '/run/pitcrew/box.lock': 'EROFS' } })
    expect(calls.at(-1)).toBe('listen /dev/shm/pitcrew-1000/box.sock')
  })

  test('is at the path of PITCREW_RUN_DIR and PITCREW_SOCKET', () => {
    const env = { PITCREW_RUN_DIR: '/mine', PITCREW_SOCKET: '/share/box.sock' }
    expect(open({ env }).calls.map((line) => line.split(':')[0])).toEqual([
      'folder /mine',
      'lock /mine/box.lock',
      'listen /share/box.sock',
    ])
  })

  test('is missing without a writable folder: one message, and pitcrew goes on', () => {
    const errnos = { '/run/pitcrew': 'EROFS', '/dev/shm/pitcrew-1000': 'EACCES' }
    const { message, calls } = open({ errnos })
    expect(message).toBe(
      'no control socket: cannot write to /run/pitcrew: read-only file system (EROFS); /dev/shm/pitcrew-1000: permission denied (EACCES)',
    )
    expect(calls.some((line) => line.startsWith('listen'))).toBe(false)
  })

  test('is missing if the socket cannot be made', () => {
    expect(open({ errnos: { '/run/pitcrew/box.sock': 'ENAMETOOLONG' } }).message).toBe(
      'no control socket: cannot listen on /run/pitcrew/box.sock: name too long (ENAMETOOLONG)',
    )
  })
})

describe('a second pitcrew of the same bundle', () => {
  const holder = 'pid 7, started 2026-11-21T17:00:00.000Z, bundle /etc/pitcrew/bundle.yaml\n'
  const locks = { '/run/pitcrew/box.lock': { holder, pid: 7 } }

  test('is refused, with the holder of the lock', () => {
    const error = refusal({ locks })
    expect(error.code).toBe('ALREADY_RUNNING')
    expect(error.message).toMatchInlineSnapshot(
      `"cannot run the bundle: another pitcrew runs it (pid 7, started 2026-11-21T17:00:00.000Z, bundle /etc/pitcrew/bundle.yaml; /run/pitcrew/box.lock)"`,
    )
    expect(error.hint).toMatchInlineSnapshot(
      `"see "pitcrew status"; a second instance needs another "name:" or PITCREW_RUN_DIR"`,
    )
  })

  test('is refused whatever the lock file contains', () => {
    const of = (text: string, pid: number): string =>
      refusal({ locks: { '/run/pitcrew/box.lock': { holder: text, pid } } }).message
    expect(of('', 7)).toContain('(pid 7; /run/pitcrew/box.lock)')
    expect(of('', 0)).toContain('(pid unknown; /run/pitcrew/box.lock)')
    expect(of(`${'x'.repeat(4000)}`, 7).length).toBeLessThan(500)
  })
})

test('an inherited connection is taken over; another descriptor is a usage error', () => {
  const host: Partial<Host> = { adoptClient: (fd) => (fd === 3 ? null : 'ENOTSOCK') }
  expect(() => adoptClient(host as Host, 3)).not.toThrow()
  expect(() => adoptClient(host as Host, 4)).toThrow('cannot use --control-fd 4: ENOTSOCK')
})

describe('the arguments of run', () => {
  test.each<[words: string, bundle: string | null, trace: string | null, controlFd: number | null]>(
    [
      ['', null, null, null],
      ['b.yaml', 'b.yaml', null, null],
      ['--control-fd 3 b.yaml', 'b.yaml', null, 3],
      ['--control-fd=12 --trace=a=b', null, 'a=b', 12],
    ],
  )('%s', (words, bundle, trace, controlFd) => {
    expect(runArguments(words.split(' ').filter(Boolean))).toEqual({ bundle, trace, controlFd })
  })

  test.each<[words: string, why: string]>([
    ['--control-fd', '--control-fd needs a value'],
    ['--trace', '--trace needs a value'],
    ['--control-fd 2', '--control-fd "2" is not the number of a descriptor from 3 to 1023'],
    ['--control-fd 0x3', '--control-fd "0x3" is not'],
    ['--control-fd= b.yaml', '--control-fd "" is not'],
    ['--contol-fd 3', 'unknown option "--contol-fd"'],
    ['a b', 'too many arguments: "b"'],
  ])('%s is refused', (words, why) => {
    expect(() => runArguments(words.split(' '))).toThrow(why)
  })
})
