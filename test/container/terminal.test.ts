/** `docker run -it`: keys, and what holds when the client or its terminal goes. */
import { expect, test } from 'vitest'
import { channelArgv, sendToChannel, type } from '../e2e/support/channel.ts'
import { childrenOf, sh } from '../e2e/support/pitcrew.ts'
import { ctrlC } from '../e2e/support/terminal.ts'
import { Container, type ContainerOptions, describeInDocker } from './container.ts'

const bundle = {
  signals: { USR1: { restart: ['b'] } },
  daemons: {
    a: { command: sh('echo up; exec sleep 1000') },
    b: { command: sh('echo up; exec sleep 1000') },
  },
}

/** On a terminal of its own, as if somebody sat there. */
function interactive(given: object | null, options: ContainerOptions = {}): Container {
  const docker = ['--interactive', '--tty']
  return new Container(given, { ...options, docker, via: channelArgv('terminal') })
}

/** The docker client, behind the channel that holds its terminal. */
function clientBehind({ process: { pid } }: Container): number {
  return childrenOf(pid ?? 0)[0] ?? 0
}

describeInDocker('a bundle on a terminal', () => {
  test('Ctrl-C ends it well', async () => {
    await using container = interactive(bundle)
    await container.linesWith('] up', 2)
    type(container, ctrlC)
    expect(await container.exitCode()).toBe(0)
    await container.line('pitcrew: INT: stopping 2 daemons')
  })

  const losses: readonly [string, (container: Container) => unknown][] = [
    ['its terminal is closed', (container) => sendToChannel(container, 'close')],
    ['the client is killed', (container) => process.kill(clientBehind(container), 'SIGKILL')],
  ]
  test.each(losses)('%s: the daemons run on, restart and stop as ever', async (_, lose) => {
    await using container = interactive(bundle)
    await container.linesWith('] up', 2)
    await lose(container)
    const log = container.log()
    await log.linesWith('] up', 2)
    await container.signal('SIGUSR1')
    await log.line('b: restart (USR1): done')
    await container.stop()
    expect(await log.exitCode()).toBe(0)
    expect(log.lines.filter((line) => line.includes(': stopped: '))).toHaveLength(3)
    expect(await container.inspect('{{.State.ExitCode}}')).toBe('0')
  })
})

describeInDocker('one command on a terminal', () => {
  test.each(['/pitcrew', 'tini', 'dumb-init'])(
    '%s: Ctrl-C ends the command, not its init, and an answer reaches it',
    async (entrypoint) => {
      const script = `
        trap 'echo kept' INT; echo up
        until read -r x; do :; done
        echo "got $x"; exit 3`
      await using container = interactive(null, { entrypoint, args: ['--', ...sh(script)] })
      await container.line('up')
      type(container, ctrlC)
      await container.line('kept')
      type(container, 'yes\n')
      await container.line('got yes')
      expect(await container.exitCode()).toBe(3)
    },
  )
})
