/** In a PID namespace that is shared with another container, pitcrew is not PID 1 but a
 *  subreaper. */
import { expect, test } from 'vitest'
import { sh } from '../e2e/support/pitcrew.ts'
import { eventually, processesUnder } from '../e2e/support/processes.ts'
import { Container, describeInDocker } from './container.ts'

const bundle = { daemons: { a: { command: sh('echo up; exec sleep 1000') } } }
/** The container that owns the namespace. */
const other = { entrypoint: '/bin/sh', args: ['-c', 'echo other; exec sleep 3000'] }

describeInDocker('in the PID namespace of another container', () => {
  test.each([
    ['stopped', 'SIGTERM', 0],
    ['killed', 'SIGKILL', 137],
  ] as const)(
    'when %s, pitcrew leaves no process behind, and the other container runs on',
    async (...how) => {
      const [, signal, code] = how
      await using owner = new Container(null, other)
      await owner.line('other')
      await using container = new Container(bundle, {
        docker: ['--pid', `container:${owner.name}`],
      })
      await container.line('[a] up')
      await container.signal(signal)
      expect(await container.exitCode()).toBe(code)
      // Processes left behind would now be children of the first process.
      const first = { pid: await owner.hostPid() }
      await eventually('no process is left', () => {
        return processesUnder(first).every(({ state }) => state === 'Z')
      })
      expect(await owner.inspect('{{.State.Running}}')).toBe('true')
    },
  )
})
