/** The contract holds in every kind of container, also with the restrictions that docker offers. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixtures, sh } from '../e2e/support/pitcrew.ts'
import {
  eventually,
  pidOf,
  pidsOf,
  processesUnder,
  zombiesUnder,
} from '../e2e/support/processes.ts'
import { Container, type ContainerOptions, describeInDocker, withoutProc } from './container.ts'

const bundle = {
  signals: { USR1: { restart: ['web'] } },
  daemons: {
    db: { command: sh("trap 'exit 3' TERM; echo up; sleep 1000 & wait") },
    web: { command: sh('echo up; exec sleep 1000'), after: ['db'] },
    orphans: { command: sh('for i in 1 2 3 4 5; do (true &); done; echo made; exec sleep 1000') },
  },
}

const kept = '/run/pitcrew/pitcrew/exit-report.json'
/** In /dev/shm, which is removed with the container. */
const removed = null
const notWritten = /^pitcrew: cannot write \/dev\/shm\/pitcrew-\d+\/pitcrew\/exit-report.json: /

/** The kinds of containers. The exit report is a file that remains after the end, is removed
 *  with the container, or cannot be written, which is reported. */
const environments: readonly [string, ContainerOptions, string | null | RegExp][] = [
  ['with the defaults of docker', {}, kept],
  ['detached', { detached: true }, kept],
  ['on a read-only root', { docker: ['--read-only'] }, removed],
  [
    'on a read-only root with a volume for its state',
    { docker: ['--read-only', '--volume', '/var/lib/pitcrew'] },
    '/var/lib/pitcrew/pitcrew/exit-report.json',
  ],
  ['as an unknown user', { docker: ['--user', '12345'] }, removed],
  ['without any capability', { docker: ['--cap-drop', 'ALL'] }, kept],
  ['under --init, not PID 1', { docker: ['--init'] }, kept],
  ['in the PID namespace of the machine', { docker: ['--pid', 'host'] }, kept],
  ['without /proc', withoutProc, kept],
  [
    'under a seccomp profile that refuses newer system calls',
    {
      docker: [
        '--security-opt',
        `seccomp=${join(fixtures, 'scripts/seccomp-denies-new-syscalls.json')}`,
      ],
    },
    kept,
  ],
  [
    'with all restrictions at once',
    {
      docker: [
        ...['--read-only', '--user', '12345:12345', '--cap-drop', 'ALL', '--ipc', 'none'],
        ...['--security-opt', 'no-new-privileges', '--pids-limit', '16', '--memory', '24m'],
      ],
    },
    notWritten,
  ],
]

describeInDocker(
  'pitcrew starts daemons, prefixes lines, restarts one, reaps, stops in order and exits with the right code',
  () => {
    test.concurrent.each(environments)('%s', async (_, options, report) => {
      await using container = new Container(bundle, options)
      await container.linesWith('] up', 2)
      await container.line('[orphans] made')
      const first = { pid: await container.hostPid() }
      await eventually('no zombie is left', () => zombiesUnder(first).length === 0)
      expect(processesUnder(first).map(({ name }) => name)).toContain('sleep')
      const old = await pidOf(container, 'web')
      await container.signal('SIGUSR1')
      await container.line(
        new RegExp(`^pitcrew: web: restart \\(USR1\\): done in .*, pid ${old} -> \\d+$`),
      )
      await container.linesWith('[web] up', 2)
      await container.stop()
      expect(await container.exitCode()).toBe(3)
      expect(pidsOf(container, 'db')).toHaveLength(1)
      const ends = container.lines.filter((line) => line.includes(': stopped: ')).slice(1)
      expect(ends.map((line) => line.split(': ')[1]).filter((name) => name !== 'orphans')).toEqual([
        'web',
        'db',
      ])
      if (typeof report === 'string') {
        expect(JSON.parse(await container.file(report))).toMatchObject({ exitCode: 3, from: 'db' })
      }
      const complaints = container.errors.filter((line) => line.startsWith('pitcrew: '))
      expect(complaints).toEqual(report instanceof RegExp ? [expect.stringMatching(report)] : [])
    })
  },
)
