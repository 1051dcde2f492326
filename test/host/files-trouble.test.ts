/** Disks that are full, read-only, foreign or hanging: the failure is reported, no line is torn, and nothing waits. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { canUnshare, sh } from '../e2e/support/pitcrew.ts'
import { eventually, isAlive } from '../e2e/support/processes.ts'
import { buildWriter, Writer } from './images/files.ts'

beforeAll(buildWriter, 300_000)

/** Words in front of the program. */
const behind = (script: string): string[] => [...sh(`${script} && exec "$@"`), 'sh']

test.skipIf(!canUnshare)(
  'a full disk: no part is written, and all of it when there is room',
  async () => {
    const mount =
      'mkdir -p "$PITCREW_RUN_DIR/disk" && mount -t tmpfs -o size=16k none "$PITCREW_RUN_DIR/disk"'
    await using writer = await Writer.start({ wrap: behind(mount) })
    const path = join(writer.folder, 'disk/journal')
    const text = `${'x'.repeat(9999)}\n`
    expect(await writer.append([path], text)).toBeNull()
    expect(await writer.append([path], text)).toBe('ENOSPC')
    expect(await writer.tail(path)).toBe(text)
    expect(await writer.append([path], 'little\n')).toBeNull()
    expect(await writer.tail(path)).toBe(`${text}little\n`)
  },
)

test('a limit of the file size has the same effect', async () => {
  await using writer = await Writer.start({ wrap: behind('ulimit -f 24') })
  const path = join(writer.folder, 'journal')
  const text = `${'x'.repeat(9999)}\n`
  expect(await writer.append([path], text)).toBeNull()
  expect(await writer.append([path], text)).toBe('EFBIG')
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test.skipIf(!canUnshare)('a read-only disk', async () => {
  const mount =
    'mkdir -p "$PITCREW_RUN_DIR/disk" && mount -t tmpfs -o ro none "$PITCREW_RUN_DIR/disk" && mount --bind "$PITCREW_RUN_DIR/disk" "$PITCREW_RUN_DIR/disk"'
  await using writer = await Writer.start({ wrap: behind(mount) })
  expect(await writer.append([join(writer.folder, 'disk/shop/journal')], 'one\n')).toBe('EROFS')
})

const canBeNobody = spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'true']).status === 0
test.skipIf(!canBeNobody)("another user's folder", async () => {
  const wrap = ['setpriv', '--reuid=65534', '--clear-groups', '--']
  await using writer = await Writer.start({ wrap })
  const open = join(writer.folder, 'open')
  mkdirSync(open)
  chmodSync(open, 0o777)
  expect(await writer.append([join(writer.folder, 'a/b/journal')], 'one\n')).toBe('EACCES')
  // Another user with write access may have made it.
  expect(await writer.append([join(open, 'journal')], 'one\n')).toBe('EPERM')
})

test('only regular files are written', async () => {
  await using writer = await Writer.start()
  const at = (name: string): string => join(writer.folder, name)
  mkdirSync(at('folder'))
  writeFileSync(at('file'), '')
  symlinkSync(at('file'), at('link'))
  spawnSync('mkfifo', [at('fifo')])
  expect(await writer.append([at('folder')], 'one\n')).toBe('EISDIR')
  expect(await writer.append([at('link')], 'one\n')).toBe('ELOOP')
  expect(await writer.append([at('fifo')], 'one\n')).toBe('EINVAL')
  expect(await writer.append([join(at('file'), 'journal')], 'one\n')).toBe('ENOTDIR')
  expect(readFileSync(at('file'), 'utf8')).toBe('')
})

/** Simulates a hanging disk: a child is stopped at its first call for the disk. */
const calls = '?mkdir,mkdirat'
const inject = `inject=${calls}:signal=SIGSTOP:when=1`
const strace = ['strace', '-f', '-qq', '-e', `trace=${calls}`, '-e', inject, '--']
const canStop = spawnSync('strace', ['-qq', '-o', '/dev/null', '--', 'true']).status === 0
if (!canStop) console.warn('strace is not here or may not trace: disks that hang are not tested')

const start = (): Promise<Writer> => Writer.start({ via: strace, asPid1: false })

/** The children that were stopped so far. */
function stoppedOf({ errors }: Writer): number[] {
  const found = errors.map((line) => /^\[pid +(\d+)\] --- stopped by SIGSTOP/.exec(line)?.[1])
  return found.filter((pid) => pid !== undefined).map(Number)
}

async function hanging(writer: Writer, count = 1): Promise<number> {
  await eventually('a child hangs', () => stoppedOf(writer).length >= count)
  return stoppedOf(writer)[count - 1] as number
}

describe.skipIf(!canStop)('a disk that hangs', () => {
  const appendTo = (writer: Writer, text = 'one\n') =>
    ({ append: [join(writer.folder, 'journal')], text, maxBytes: 1e6 }) as const

  test('delays only writes to the same file', async () => {
    await using writer = await start()
    const append = appendTo(writer)
    await writer.start(append)
    await hanging(writer)
    const more = Array.from({ length: 8 }, () => writer.order(append))
    expect(await writer.execute(...more)).toEqual(Array(8).fill(null))
    expect(await writer.tail(append.append[0])).toBe('')
    expect((await writer.run({ exists: writer.folder })).errno).toBeNull()
    expect(await writer.execute(writer.order(append))).toEqual(['EBUSY'])
    expect(writer.ends()).toHaveLength(2)
  })

  test('that recovers gets all writes, in order', async () => {
    await using writer = await start()
    const orders = ['1\n', '2\n', '3\n'].map((text) => writer.order(appendTo(writer, text)))
    expect(await writer.execute(...orders)).toEqual([null, null, null])
    for (const [index, { id }] of orders.entries()) {
      process.kill(await hanging(writer, index + 1), 'SIGCONT')
      expect((await writer.endOf(id)).errno).toBeNull()
    }
    expect(readFileSync(join(writer.folder, 'journal'), 'utf8')).toBe('1\n2\n3\n')
  })

  test('beyond the timeout: the child is killed, and the next task starts', async () => {
    await using writer = await start()
    const append = appendTo(writer)
    const [first, second] = [writer.order(append, 300), writer.order(append)]
    expect(await writer.execute(first, second)).toEqual([null, null])
    const child = await hanging(writer)
    expect(await writer.endOf(first.id)).toMatchObject({ errno: 'ETIMEDOUT', timedOut: true })
    expect(isAlive(child)).toBe(false)
    process.kill(await hanging(writer, 2), 'SIGCONT')
    expect(await writer.endOf(second.id)).toMatchObject({ errno: null, timedOut: false })
  })

  test('delays the end for its time only', async () => {
    await using writer = await start()
    await writer.start(appendTo(writer))
    const child = await hanging(writer)
    await writer.execute({ finish: 200 })
    expect(await writer.exitCode()).toBe(0)
    await eventually('the child is ended', () => !isAlive(child))
  })

  test('a killed child is reported as a failure', async () => {
    await using writer = await start()
    const id = await writer.start(appendTo(writer))
    process.kill(await hanging(writer), 'SIGKILL')
    expect((await writer.endOf(id)).errno).toBe('EIO')
  })

  test('keeps no descriptor of pitcrew open', async () => {
    await using writer = await start()
    await writer.start(appendTo(writer))
    expect(readdirSync(`/proc/${await hanging(writer)}/fd`)).toEqual(['2'])
  })

  test('a cancelled task is ended, and its event is not delivered', async () => {
    await using writer = await start()
    const id = await writer.start(appendTo(writer))
    const child = await hanging(writer)
    await writer.execute({ forget: id })
    await eventually('the child is ended', () => !isAlive(child))
    await writer.run({ exists: writer.folder })
    expect(writer.ends().map((end) => end.id)).not.toContain(id)
  })
})
