/** When the output of a container is not read, its daemons block in their writes, and pitcrew
 *  does not. */
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sh } from '../e2e/support/pitcrew.ts'
import { eventually, isAlive, processesUnder } from '../e2e/support/processes.ts'
import { Container, describeInDocker } from './container.ts'

/** The number of consecutive observations of all processes asleep after which they count as
 *  blocked. */
const observationsNeeded = 50

const bundle = {
  signals: { USR1: { restart: ['counted'] } },
  daemons: {
    flood: { command: ['yes', 'y'.repeat(1000)] },
    // Counts its starts in a file, since stdout is not read.
    counted: { command: sh('echo >> /etc/pitcrew/runs; exec sleep 1000') },
  },
}
const state = ['--env', 'PITCREW_STATE_DIR=/etc/pitcrew/state']

function runs({ folder }: Container): number {
  const path = join(folder, 'runs')
  return existsSync(path) ? readFileSync(path, 'latin1').length : 0
}

/** Waits until all processes sleep; `yes` sleeps only if its pipe is full. */
async function untilBlocked(first: { readonly pid: number }): Promise<void> {
  let observations = 0
  await eventually('all processes block', () => {
    const states = processesUnder(first).map((seen) => seen.state)
    const allSleep = states.length === 2 && states.every((seen) => seen === 'S')
    observations = allSleep ? observations + 1 : 0
    return observations === observationsNeeded
  })
}

/** Restarts a daemon and stops pitcrew during the stall. */
async function expectRestartsAndStop(container: Container, pid: number): Promise<void> {
  await untilBlocked({ pid })
  for (const run of [2, 3]) {
    await container.signal('SIGUSR1')
    await eventually(`run ${run}`, () => runs(container) === run)
  }
  await container.signal('SIGTERM')
  await eventually('it has ended', () => !isAlive(pid))
  const report = join(container.folder, 'state/pitcrew/exit-report.json')
  expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ exitCode: 0 })
}

describeInDocker(
  'while the output of the container is stalled, restarts work and a stop is in time',
  () => {
    test('with an attached client that does not read', async () => {
      await using container = new Container(bundle, {
        docker: [...state, '--env', 'PITCREW_DEADLINE=1s'],
      })
      await container.line('[flood] y')
      const pid = await container.hostPid()
      container.process.kill('SIGSTOP')
      await expectRestartsAndStop(container, pid)
      // The engine itself waits until that client reads again.
      container.process.kill('SIGCONT')
      expect(await container.exitCode()).toBe(0)
      expect(container.errors).toEqual([
        expect.stringMatching(/^pitcrew: \d+ bytes of output \(\d+ lines\) could not be printed$/),
      ])
    })

    test('with a log driver that hangs', async () => {
      const collector = await LogCollector.start()
      await using container = new Container(bundle, {
        detached: true,
        docker: [
          ...[...state, '--env', 'PITCREW_DEADLINE=1s'],
          ...['--log-driver', 'syslog', '--log-opt', `syslog-address=tcp://${collector.address}`],
        ],
      })
      // Closed before the container is removed, since the engine waits for its connections.
      using _open = collector
      await eventually('the daemon runs', () => runs(container) === 1)
      await expectRestartsAndStop(container, await container.hostPid())
      // The engine waits until its driver has written everything.
      collector.read()
      expect(await container.exitCode()).toBe(0)
    })
  },
)

/** Accepts connections of a log driver, and reads nothing before `read` is called. */
class LogCollector {
  readonly #server: Server
  readonly #sockets: Socket[] = []

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.#sockets.push(socket.pause()))
  }

  static async start(): Promise<LogCollector> {
    const server = createServer({ pauseOnConnect: true })
    const collector = new LogCollector(server)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return collector
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  read(): void {
    for (const socket of this.#sockets) socket.resume()
  }

  [Symbol.dispose](): void {
    // Close the server first, or the driver reconnects.
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
