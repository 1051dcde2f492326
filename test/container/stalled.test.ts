/** Nobody takes the output of a container: its daemons wait in their writes, and pitcrew does not. */
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sh } from '../e2e/support/pitcrew.ts'
import { eventually, isAlive, processesUnder } from '../e2e/support/processes.ts'
import { Container, describeInDocker } from './container.ts'

/** Looks in a row that find everybody asleep, until all of them are taken to wait. */
const asleepLooks = 50

const bundle = {
  signals: { USR1: { restart: ['counted'] } },
  daemons: {
    flood: { command: ['yes', 'y'.repeat(1000)] },
    // Says on disk how often it was started: nobody hears it on stdout.
    counted: { command: sh('echo >> /etc/pitcrew/runs; exec sleep 1000') },
  },
}
const state = ['--env', 'PITCREW_STATE_DIR=/etc/pitcrew/state']

function runs({ folder }: Container): number {
  const path = join(folder, 'runs')
  return existsSync(path) ? readFileSync(path, 'latin1').length : 0
}

/** Everything sleeps, `yes` too, which has no other reason than a full pipe. */
async function allWait(first: { readonly pid: number }): Promise<void> {
  let looks = 0
  await eventually('everybody waits', () => {
    const states = processesUnder(first).map((seen) => seen.state)
    looks = states.length === 2 && states.every((seen) => seen === 'S') ? looks + 1 : 0
    return looks === asleepLooks
  })
}

/** Restarts and stops in a stall, seen from this machine. */
async function goesOn(container: Container, pid: number): Promise<void> {
  await allWait({ pid })
  for (const run of [2, 3]) {
    await container.signal('SIGUSR1')
    await eventually(`run ${run}`, () => runs(container) === run)
  }
  await container.signal('SIGTERM')
  await eventually('it has ended', () => !isAlive(pid))
  const report = join(container.folder, 'state/pitcrew/exit-report.json')
  expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ exitCode: 0 })
}

describeInDocker('the output of the container stalls', () => {
  test('a client that is attached and does not read: restarts go on, and a stop is in time', async () => {
    await using container = new Container(bundle, {
      docker: [...state, '--env', 'PITCREW_DEADLINE=1s'],
    })
    await container.line('[flood] y')
    const pid = await container.hostPid()
    container.process.kill('SIGSTOP')
    await goesOn(container, pid)
    // The engine itself waits for that client until it reads again.
    container.process.kill('SIGCONT')
    expect(await container.exitCode()).toBe(0)
    expect(container.errors).toEqual([
      expect.stringMatching(/^pitcrew: \d+ bytes of output \(\d+ lines\) could not be printed$/),
    ])
  })

  test('a log driver that is stuck: restarts go on, and a stop is in time', async () => {
    const collector = await LogCollector.start()
    await using container = new Container(bundle, {
      detached: true,
      docker: [
        ...[...state, '--env', 'PITCREW_DEADLINE=1s'],
        ...['--log-driver', 'syslog', '--log-opt', `syslog-address=tcp://${collector.address}`],
      ],
    })
    // Closed before the container is removed, for which the engine waits, too.
    using _open = collector
    await eventually('it runs', () => runs(container) === 1)
    await goesOn(container, await container.hostPid())
    // The engine waits until its driver has written all that it has.
    collector.read()
    expect(await container.exitCode()).toBe(0)
  })
})

/** Takes connections of a log driver, and no byte until it is told to. */
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
    // No more first, or the driver would come back.
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
