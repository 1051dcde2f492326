/** `pitcrew -- COMMAND` is transparent, except that it reaps orphans. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { binary, canUnshare, childrenOf, type Options, Pitcrew } from '../support/pitcrew.ts'
import { eventually, isAlive } from '../support/processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'pitcrew-one-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** As PID 1, and as a subreaper. */
const modes = canUnshare ? [true, false] : [false]

function run(words: readonly string[], options: Options = {}): Pitcrew {
  return new Pitcrew(null, { ...options, args: words })
}

/** Runs a shell script to its end, with the path of pitcrew as "$0". */
function shell(
  script: string,
  input: string | Buffer = '',
): { code: number | null; out: string; err: string } {
  const env = { PATH: process.env.PATH, ASAN_OPTIONS: 'detect_leaks=0' }
  const done = spawnSync('/bin/sh', ['-c', script, binary], { input, env, timeout: 10_000 })
  return {
    code: done.status,
    out: done.stdout.toString('latin1'),
    err: done.stderr.toString('latin1'),
  }
}

const ends = modes.flatMap((asPid1) =>
  (
    [
      ['exit 0', 0],
      ['exit 3', 3],
      ['exit 255', 255],
      ['kill -TERM $$', 143],
      ['kill -KILL $$', 137],
      ['kill -SEGV $$', 139],
    ] as const
  ).map(([script, code]) => ({ script, code, asPid1 })),
)

test.each(ends)(
  'after `$script` in the command the exit status is $code (PID 1: $asPid1)',
  async (end) => {
    await using pitcrew = run(['--', '/bin/sh', '-c', end.script], { asPid1: end.asPid1 })
    expect(await pitcrew.exitCode()).toBe(end.code)
    expect([pitcrew.lines, pitcrew.errors]).toEqual([[], []])
  },
)

test('a command that does not exist is reported with 127, one that cannot be executed with 126', () => {
  const expectError = (name: string, code: number, why: string): void => {
    const { code: found, out, err } = shell(`exec "$0" -- ${name}`)
    expect([found, out]).toEqual([code, ''])
    // A sanitizer may print lines before.
    expect(err.split('\n').slice(-2)).toEqual([`pitcrew: cannot execute ${name}: ${why}`, ''])
  }
  expectError('no-such-command', 127, 'no such file or directory (ENOENT)')
  expectError('/no/such/command', 127, 'no such file or directory (ENOENT)')
  expectError('/etc/passwd', 126, 'permission denied (EACCES)')
  expectError('/etc', 126, 'permission denied (EACCES)')
})

test('a script without "#!" is executed by the shell, as by execvp', () => {
  const script = join(folder, 'script')
  writeFileSync(script, 'echo "$0 $*"; exit 7\n')
  chmodSync(script, 0o755)
  const expected = { code: 7, out: `${script} a b c\n` }
  expect(shell(`exec "$0" -- ${script} a 'b c'`)).toMatchObject(expected)
  expect(shell(`PATH=${folder}:$PATH; exec "$0" -- script a 'b c'`)).toMatchObject(expected)
})

test.each(['"$0" --', '"$0" -g', '"$0" -g --'])(
  '%s without a command is a usage error',
  (words) => {
    const { code, out, err } = shell(`exec ${words}`)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('--')
  },
)

test('the command inherits stdin and stdout', () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index & 0xff))
  expect(shell('exec "$0" -- cat', bytes)).toEqual({
    code: 0,
    out: bytes.toString('latin1'),
    err: '',
  })
  expect(shell('printf x | "$0" -- cat').out).toBe('x')
  expect(shell('"$0" -- sh -c "printf no-newline; printf err >&2"')).toEqual({
    code: 0,
    out: 'no-newline',
    err: 'err',
  })
})

test('arguments are passed byte for byte', () => {
  const words = String.raw`a "" "b  c" "$(printf '\377\376x')" "--" "-g" '$HOME' "$(printf '\303\251')"`
  const print = `printf "[%s]" "$@"`
  const expected = shell(`set -- ${words}; ${print}`).out
  expect(shell(`exec "$0" -- sh -c '${print}' sh ${words}`).out).toBe(expected)
  expect(expected).toContain('[\xff\xfex]')
})

test('the environment is passed unchanged, in its order, with invalid UTF-8 and with supervisor variables', () => {
  const script = String.raw`export ODD="$(printf '\377')" EMPTY=; env -i A=1 EMPTY= ODD="$ODD" NOTIFY_SOCKET=/x Z=2`
  const direct = shell(`${script} /usr/bin/env`).out
  expect(shell(`${script} "$0" -- /usr/bin/env`).out).toBe(direct)
  expect(direct).toContain('ODD=\xff')
})

test.each(modes)('orphans are reaped while the command runs (PID 1: %s)', async (asPid1) => {
  const script = 'for i in $(seq 60); do (sh -c : &); done; echo made; exec sleep 1000'
  await using pitcrew = run(['--', 'sh', '-c', script], { asPid1 })
  await pitcrew.line('made')
  await eventually('only the command is left', () => childrenOf(pitcrew.pid).length === 1)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(143)
})

test('pitcrew exits with the command, also if orphans live on', async () => {
  const script = 'sleep 1000 > /dev/null 2>&1 & echo $!; exit 5'
  await using pitcrew = run(['--', 'sh', '-c', script], { asPid1: false })
  expect(await pitcrew.exitCode()).toBe(5)
  const orphan = Number(pitcrew.lines[0])
  expect(isAlive(orphan)).toBe(true)
  process.kill(orphan, 'SIGKILL')
})
