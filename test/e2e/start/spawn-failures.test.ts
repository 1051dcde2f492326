/** Commands that cannot be started: the exact error is logged, the code counts, and other
 *  daemons run. FAULTS 1, 2. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { descriptorsOf, eventually, processesUnder } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000'), restart: 'never' }
const isRoot = process.getuid?.() === 0

interface Failure {
  readonly daemon: object
  /** The message after "cannot start (run 1): ". */
  readonly message: string
  readonly counts: 126 | 127
  /** A file that is made in pitcrew's folder: its text and mode. */
  readonly file?: readonly [text: string, mode: number]
}

const failures: Readonly<Record<string, Failure>> = {
  'a name that is not in PATH': {
    daemon: { command: ['no-such-program', '-x'] },
    message: 'cannot execute no-such-program: no such file or directory (ENOENT)',
    counts: 127,
  },
  'a path that does not exist': {
    daemon: { command: ['/no/such/program'] },
    message: 'cannot execute /no/such/program: no such file or directory (ENOENT)',
    counts: 127,
  },
  'a folder': {
    daemon: { command: ['/etc'] },
    message: 'cannot execute /etc: permission denied (EACCES)',
    counts: 126,
  },
  'a path through a file': {
    daemon: { command: ['/etc/passwd/x'] },
    message: 'cannot execute /etc/passwd/x: a part of the path is not a directory (ENOTDIR)',
    counts: 126,
  },
  'a file that is not executable': {
    daemon: { command: ['./it'] },
    message: 'cannot execute ./it: permission denied (EACCES)',
    counts: 126,
    file: ['#!/bin/sh\n', 0o644],
  },
  'a file that is neither a script nor a program': {
    daemon: { command: ['./it'] },
    message:
      'cannot execute ./it: it is a script without "#!" in its first line, or no program (ENOEXEC)',
    counts: 126,
    file: ['neither a script nor a program\n', 0o755],
  },
  'a script with an interpreter that does not exist': {
    daemon: { command: ['./it'] },
    message: 'cannot execute ./it: its interpreter /no/such/interpreter does not exist (ENOENT)',
    counts: 127,
    file: ['#!/no/such/interpreter -x\n', 0o755],
  },
  'a script with CR LF at its line ends': {
    daemon: { command: ['./it'] },
    message:
      'cannot execute ./it: its lines end with CR LF, and the CR counts as a part of its interpreter: save it with LF (ENOENT)',
    counts: 127,
    file: ['#!/bin/sh\r\necho\r\n', 0o755],
  },
  'a program for another machine': {
    daemon: { command: ['./it'] },
    message: 'cannot execute ./it: it is built for another architecture (ENOEXEC)',
    counts: 126,
    file: ['\x7fELF and no more', 0o755],
  },
  'a command that is too long': {
    daemon: { command: ['true', 'x'.repeat(140_000)] },
    message:
      'cannot execute true: its arguments and environment are larger than the kernel allows (E2BIG); pass less of the environment: env: { pass: [NAME] }',
    counts: 126,
  },
  'a file in PATH that is not executable': {
    daemon: { command: ['it'], env: { set: { PATH: '/usr/bin:.:/bin' } } },
    message: 'cannot execute it: permission denied (EACCES)',
    counts: 126,
    file: ['#!/bin/sh\n', 0o644],
  },
  'a working directory that does not exist': {
    daemon: { command: ['true'], cwd: '/no/such/folder' },
    message: 'cannot enter its working directory: no such file or directory (ENOENT)',
    counts: 126,
  },
  'an unknown user': {
    daemon: { command: ['true'], user: 'no-such-user' },
    message: 'cannot switch to its user: user no-such-user is not in /etc/passwd',
    counts: 126,
  },
  'an unknown group': {
    daemon: { command: ['true'], group: 'no-such-group' },
    message: 'cannot switch to its user: group no-such-group is not in /etc/group',
    counts: 126,
  },
  'an unknown uid without a group': {
    daemon: { command: ['true'], user: '54321' },
    message: 'cannot switch to its user: user 54321 is not in /etc/passwd: name its group, too',
    counts: 126,
  },
}

test.each(Object.entries(failures))(
  '%s is logged, its code counts, and other daemons run',
  async (_, failure) => {
    const { daemon, message, counts, file } = failure
    const daemons = {
      before: long,
      it: { cwd: 'FOLDER', restart: 'never', ...daemon },
      behind: long,
    }
    await using pitcrew = new Pitcrew(null, { args: ['run', 'later'], program: '/bin/true' })
    await pitcrew.exitCode()
    await using real = new Pitcrew({ daemons: withFolder(daemons, pitcrew.folder, file) })
    await real.line('[before] up')
    await real.line('[behind] up')
    await real.line(`pitcrew: it: cannot start (run 1): ${message}; restart policy is never`)
    real.signal('SIGTERM')
    expect(await real.exitCode()).toBe(counts)
    expect(real.exitReport().from).toBe('it')
  },
)

/** The daemons with this folder as FOLDER, after writing the file into it. */
function withFolder(
  daemons: Record<string, object>,
  folder: string,
  file?: readonly [string, number],
): object {
  if (file !== undefined) {
    writeFileSync(join(folder, 'it'), file[0])
    chmodSync(join(folder, 'it'), file[1])
  }
  return JSON.parse(JSON.stringify(daemons).replaceAll('FOLDER', folder)) as object
}

test('fifty failed starts leave no descriptor, no process and no zombie', async () => {
  const signals = { USR1: { restart: ['b'] } }
  const b = { command: ['./no'], restart: 'never' }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  await pitcrew.line('b: cannot start (run 1)')
  const before = descriptorsOf(pitcrew).length
  for (let run = 2; run <= 50; run++) {
    pitcrew.signal('SIGUSR1')
    await pitcrew.line(`b: cannot start (run ${run})`)
  }
  expect(descriptorsOf(pitcrew)).toHaveLength(before)
  await eventually('only the other daemon is left', () => processesUnder(pitcrew).length === 1)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(127)
})

test('when descriptors run out, the daemons that were started run on, and pitcrew ends normally', async () => {
  const daemons = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`d${n}`, long]))
  const wrap = ['/bin/sh', '-c', 'ulimit -n 28; exec "$@"', 'sh']
  await using pitcrew = new Pitcrew({ daemons }, { wrap })
  await pitcrew.line('d29: cannot start (run 1): pipe: too many open files (EMFILE)')
  await pitcrew.line('[d0] up')
  const living = pitcrew.lines.filter((line) => line.includes(': started')).length
  expect(living).toBeGreaterThan(5)
  expect(processesUnder(pitcrew)).toHaveLength(living)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(126)
  expect(pitcrew.lines.filter((line) => line.includes(': stopped: signal TERM'))).toHaveLength(
    living,
  )
})

test.skipIf(!isRoot)('a limit that the kernel refuses is a failure to start', async () => {
  const b = { command: ['true'], restart: 'never', limits: { nofile: '4000000000' } }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.line('b: cannot start (run 1): cannot set its limits: not permitted (EPERM)')
  await eventually('the other daemon runs', () => processesUnder(pitcrew).length === 1)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(126)
})
