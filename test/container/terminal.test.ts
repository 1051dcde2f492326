/** `docker run -it`: keys, and the loss of the client or its terminal. */
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

/** A container with an interactive terminal, which the test holds. */
function interactive(given: object | null, options: ContainerOptions = {}): Container {
  const docker = ['--interactive', '--tty']
  return new Container(given, { ...options, docker, via: channelArgv('terminal') })
}

/** The pid of the docker client, a child of the channel that holds its terminal. */
function clientPid({ process: { pid } }: Container): number {
  return childrenOf(pid ?? 0)[0] ?? 0
}

describeInDocker('with a terminal, a bundle', () => {
  test('shuts down on Ctrl-C', async () => {
    await using container = interactive(bundle)
    await container.linesWith('] up', 2)
    type(container, ctrlC)
    expect(await container.exitCode()).toBe(0)
    await container.line('pitcrew: INT: stopping 2 daemons')
  })

  const losses: readonly [string, (container: Container) => unknown][] = [
    ['the terminal is closed', (container) => sendToChannel(container, 'close')],
    ['the client is killed', (container) => process.kill(clientPid(container), 'SIGKILL')],
  ]
  test.each(losses)('runs on when %s, and restarts and stops normally', async (_, lose) => {
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

describeInDocker('with a terminal, one command', () => {
  test.each(['/pitcrew', 'tini', 'dumb-init'])(
    'under %s gets Ctrl-C and reads the terminal',
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
