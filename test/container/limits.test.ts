/** Limits of the container for memory and processes: one daemon fails, the others are not
 *  affected. */
import { expect, test } from 'vitest'
import { sh } from '../e2e/support/pitcrew.ts'
import { pidOf } from '../e2e/support/processes.ts'
import { Container, describeInDocker } from './container.ts'

const long = { command: sh('echo up; exec sleep 1000') }
/** Allocates memory after USR1, when all other daemons are up. */
const greedy = {
  command: sh(`trap 'x=0123456789; while :; do x=$x$x; done' USR1; echo up; sleep 1000 & wait`),
  restart: 'never',
}
const memory = ['--memory', '32m', '--memory-swap', '32m']

describeInDocker('when the memory of the container is used up', () => {
  const signals = { USR1: { forward: ['greedy'] }, HUP: { restart: ['greedy'] } }

  test('the kernel kills the daemon that uses most; the others run, and it can be restarted', async () => {
    const daemons = { a: long, greedy, b: long }
    await using container = new Container({ signals, daemons }, { docker: memory })
    await container.linesWith('] up', 3)
    const pid = await pidOf(container, 'greedy')
    await container.signal('SIGUSR1')
    await container.line(`pitcrew: greedy: died: signal KILL, pid ${pid}, run 1`)
    await container.signal('SIGHUP')
    await container.linesWith('[greedy] up', 2)
    await container.stop()
    expect(await container.exitCode()).toBe(0)
    expect(await container.inspect('{{.State.OOMKilled}}')).toBe('true')
    expect(container.lines.filter((line) => line.includes('died'))).toHaveLength(1)
    expect(container.lines.filter((line) => /: stopped: /.test(line))).toHaveLength(3)
  })

  test('a main daemon that the kernel kills ends the container with 137', async () => {
    const daemons = { a: long, greedy: { ...greedy, main: true } }
    await using container = new Container({ signals, daemons }, { docker: memory })
    await container.linesWith('] up', 2)
    await container.signal('SIGUSR1')
    expect(await container.exitCode()).toBe(137)
    await container.line('greedy is the main daemon and has ended')
  })
})

describeInDocker('when the process limit of the container is reached', () => {
  test('a daemon that cannot be started counts as 126; the others run, and can be restarted', async () => {
    const signals = { USR1: { restart: ['a'] } }
    const daemons = { a: long, b: long, c: { ...long, restart: 'never' } }
    // pitcrew and two daemons; the parser has ended before the first daemon is started.
    const docker = ['--pids-limit', '3']
    await using container = new Container({ signals, daemons }, { docker })
    await container.linesWith('] up', 2)
    await container.line(
      'pitcrew: c: cannot start (run 1): fork: a system limit is reached (EAGAIN)',
    )
    await container.signal('SIGUSR1')
    await container.line('a: restart (USR1): done')
    await container.stop()
    expect(await container.exitCode()).toBe(126)
    expect(container.lines.filter((line) => line.includes(': stopped: '))).toHaveLength(3)
  })

  test('and the parser cannot be started, the message has the remedy', async () => {
    await using container = new Container(
      { daemons: { a: long } },
      { docker: ['--pids-limit', '1'] },
    )
    expect(await container.exitCode()).toBe(2)
    expect(container.errors.at(-1)).toBe(
      'pitcrew: cannot start the parser for /etc/pitcrew/bundle.json: a system limit is reached (EAGAIN); build the plan beforehand: pitcrew build BUNDLE --out FILE',
    )
  })
})
