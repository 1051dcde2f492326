/** `docker stop` kills everything after ten seconds; pitcrew has exited before that. */
import { expect, test } from 'vitest'
import { sh } from '../e2e/support/pitcrew.ts'
import { Container, describeInDocker } from './container.ts'

const stubborn = {
  daemons: {
    a: { command: sh('echo up; exec sleep 1000') },
    stubborn: { command: sh("trap '' TERM; echo up; while :; do sleep 1000; done") },
    fails: { command: sh('trap "exit 4" TERM; echo up; sleep 1000 & wait') },
  },
}

describeInDocker('docker stop', () => {
  test.concurrent('by default leaves time to kill a daemon that ignores TERM', async () => {
    await using container = new Container(stubborn)
    await container.linesWith('] up', 3)
    await container.stop()
    expect(await container.exitCode()).toBe(4)
    await container.line('stubborn: stopped: signal KILL')
    expect(await container.file('/run/pitcrew/pitcrew/exit-report.json')).toContain('"KILL"')
  })

  test.concurrent('with less time than the deadline kills pitcrew: 137, and no exit report', async () => {
    await using container = new Container(stubborn)
    await container.linesWith('] up', 3)
    await container.stop(1)
    expect(await container.exitCode()).toBe(137)
    await expect(container.file('/run/pitcrew/pitcrew/exit-report.json')).rejects.toThrow()
  })

  test.concurrent('with less time, and PITCREW_DEADLINE below it, ends normally', async () => {
    const docker = ['--env', 'PITCREW_DEADLINE=1500ms']
    await using container = new Container(stubborn, { docker })
    await container.linesWith('] up', 3)
    await container.stop(3)
    expect(await container.exitCode()).toBe(4)
  })
})
