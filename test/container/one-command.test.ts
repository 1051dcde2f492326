/** `pitcrew -- COMMAND`, tini and dumb-init in the same environments behave alike; where they
 *  differ, the title says how. */
import { expect, test } from 'vitest'
import { sh } from '../e2e/support/pitcrew.ts'
import { eventually, processesUnder, zombiesUnder } from '../e2e/support/processes.ts'
import { Container, describeInDocker } from './container.ts'

const inits = ['/pitcrew', 'tini', 'dumb-init'] as const
type Init = (typeof inits)[number]

const environments: Readonly<Record<string, readonly string[]>> = {
  'with the defaults of docker': [],
  'with all restrictions': ['--read-only', '--user', '12345', '--cap-drop', 'ALL'],
  'under --init': ['--init'],
  'in the PID namespace of the machine': ['--pid', 'host'],
}

function run(init: Init, command: readonly string[], docker: readonly string[] = []): Container {
  return new Container(null, { entrypoint: init, args: ['--', ...command], docker })
}

const combinations = inits.flatMap((init) =>
  Object.entries(environments).map(([where, docker]) => [init, where, docker] as const),
)

describeInDocker('one command, as with tini and dumb-init', () => {
  test.concurrent.each(combinations)(
    '%s %s passes on the output and the exit code, which is 128 + n after signal n',
    async (init, _, docker) => {
      await using ends = run(init, sh('echo out; echo err >&2; exit 3'), docker)
      expect(await ends.exitCode()).toBe(3)
      expect(ends.lines).toEqual(['out'])
      expect(ends.errors).toContain('err')
      await using killed = run(init, sh('kill -KILL $$'), docker)
      expect(await killed.exitCode()).toBe(137)
    },
  )

  test.concurrent.each(combinations)(
    '%s %s forwards the TERM of docker stop, and exits with the code of the command',
    async (init, _, docker) => {
      const words = sh('trap "echo stopping; exit 5" TERM; sleep 1000 & echo up; wait')
      await using container = run(init, words, docker)
      await container.line('up')
      await container.stop()
      expect(await container.exitCode()).toBe(5)
      expect(container.lines).toEqual(['up', 'stopping'])
    },
  )

  test.concurrent.each(inits)('%s reaps orphans while the command runs', async (init) => {
    const words = sh('for i in 1 2 3 4 5; do (true &); done; echo made; exec sleep 1000')
    await using container = run(init, words)
    await container.line('made')
    const first = { pid: await container.hostPid() }
    await eventually('only the command is left', () => processesUnder(first).length === 1)
    await container.stop()
    expect(await container.exitCode()).toBe(143)
  })

  test('a first process that does not reap leaves zombies, which the test finds', async () => {
    // The orphans outlive the shell, which would otherwise reap them.
    const words = ['-c', 'for i in 1 2 3 4 5; do (sleep 1 &); done; echo made; exec sleep 1000']
    await using container = new Container(null, { entrypoint: '/bin/sh', args: words })
    await container.line('made')
    const first = { pid: await container.hostPid() }
    await eventually('five zombies', () => zombiesUnder(first).length === 5)
    expect(processesUnder(first)).toHaveLength(5)
  })

  test.concurrent.each(inits)(
    '%s exits with 137 when the kernel kills the command for its memory',
    async (init) => {
      const greedy = sh('x=0123456789; while :; do x=$x$x; done')
      await using container = run(init, greedy, ['--memory', '32m', '--memory-swap', '32m'])
      expect(await container.exitCode()).toBe(137)
    },
  )

  test.concurrent.each([
    { init: '/pitcrew', missing: 127, refused: 126 },
    { init: 'tini', missing: 127, refused: 126 },
    { init: 'dumb-init', missing: 2, refused: 2 },
  ] as const)(
    '$init exits with $missing if the command does not exist, $refused if it is not executable',
    async ({ init, missing, refused }) => {
      await using none = run(init, ['no-such-command'])
      expect(await none.exitCode()).toBe(missing)
      await using plain = run(init, ['/etc/passwd'])
      expect(await plain.exitCode()).toBe(refused)
    },
  )

  test.concurrent.each([
    { init: '/pitcrew', code: 126, message: 'a system limit is reached (EAGAIN)' },
    { init: 'tini', code: 1, message: 'Resource temporarily unavailable' },
    { init: 'dumb-init', code: 1, message: 'Unable to fork' },
  ] as const)(
    '$init exits with $code and a message at the process limit (1 could also be the code of the command)',
    async ({ init, code, message }) => {
      await using container = run(init, ['true'], ['--pids-limit', '1'])
      expect(await container.exitCode()).toBe(code)
      expect(container.errors.join('\n')).toContain(message)
    },
  )

  test.concurrent.each([
    { init: '/pitcrew', group: 'the command' },
    { init: 'tini', group: 'the command' },
    { init: 'dumb-init', group: 'its session' },
  ] as const)('$init forwards a signal to $group', async ({ init, group }) => {
    await using container = run(init, ['reports-group-signals', '3'])
    await container.line('3 ready')
    await container.signal('SIGUSR1')
    await container.line('leader got 10')
    if (group !== 'the command') await container.linesWith('member got 10', 2)
    await container.signal('SIGQUIT')
    expect(await container.exitCode()).toBe(42)
    const members = container.lines.filter((line) => line === 'member got 10')
    expect(members).toHaveLength(group === 'the command' ? 0 : 2)
  })

  test.concurrent.each([
    { init: '/pitcrew', parent: '/pitcrew' },
    { init: 'tini', parent: 'docker-init' },
    { init: 'dumb-init', parent: 'docker-init' },
  ] as const)(
    '$init under --init: orphans become children of $parent',
    async ({ init, parent }) => {
      const words = sh('(sleep 1000 & echo $!); exec sleep 2000')
      await using container = run(init, words, ['--init'])
      const orphan = await container.line(/^\d+$/)
      const { out } = await container.exec([
        '/bin/sh',
        '-c',
        `read -r _ _ _ parent _ < /proc/${orphan}/stat; tr '\\0' ' ' < /proc/$parent/cmdline`,
      ])
      expect(out.split(' ')[0]).toMatch(new RegExp(`${parent}$`))
    },
  )
})
