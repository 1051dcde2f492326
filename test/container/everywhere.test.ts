/** The contract holds in every kind of container: what docker can take away is not needed. */
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
/** In /dev/shm, which goes with the container. */
const gone = null
const told = /^pitcrew: cannot write \/dev\/shm\/pitcrew-\d+\/pitcrew\/exit-report.json: /

/** Where it runs, and what becomes of its exit report: a file that is still there when the container has ended,
 *  nothing, or a line that says that it could not be written. */
const places: readonly [string, ContainerOptions, string | null | RegExp][] = [
  ['as docker has it', {}, kept],
  ['with a log that is followed', { detached: true }, kept],
  ['on a read-only root', { docker: ['--read-only'] }, gone],
  [
    'on a read-only root with a volume for its state',
    { docker: ['--read-only', '--volume', '/var/lib/pitcrew'] },
    '/var/lib/pitcrew/pitcrew/exit-report.json',
  ],
  ['as a user that nobody knows', { docker: ['--user', '12345'] }, gone],
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
    'with next to nothing',
    {
      docker: [
        ...['--read-only', '--user', '12345:12345', '--cap-drop', 'ALL', '--ipc', 'none'],
        ...['--security-opt', 'no-new-privileges', '--pids-limit', '16', '--memory', '24m'],
      ],
    },
    told,
  ],
]

describeInDocker(
  'it starts, prefixes, restarts one, reaps, stops in order and ends with its code',
  () => {
    test.concurrent.each(places)('%s', async (_, options, report) => {
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
