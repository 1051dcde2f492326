/** redis 7: readiness by its log, health checks by its own client. */
import { execFileSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../e2e/support/listeners.ts'
import { Pitcrew, sh } from '../e2e/support/pitcrew.ts'
import { eventually, outsidePid, pidOf, pidsOf, stateOf } from '../e2e/support/processes.ts'
import { Program } from '../e2e/support/program.ts'
import { describeWith, end, folderWith, isReady, path } from './debian.ts'

const long = { command: sh('echo up; exec sleep 1000') }

/** The commands of redis and of its client. */
async function redis() {
  const port = String(await freePort())
  const folder = folderWith({})
  const options = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const cli = [path('redisCli'), '-h', '127.0.0.1', '-p', port]
  const query = (...words: string[]): string =>
    execFileSync(cli[0] as string, [...cli.slice(1), ...words], { encoding: 'utf8' }).trimEnd()
  return { command: [path('redis'), ...options, '--daemonize', 'no'], cli, port, query }
}

describeWith(['redis', 'redisCli'], 'redis', () => {
  test.each(['log', 'tcp', 'command'])(
    'with `ready: %s` becomes ready, also after it was killed',
    async (kind) => {
      const { command, cli, port, query } = await redis()
      const kinds = {
        log: { log: 'Ready to accept connections' },
        tcp: { tcp: `127.0.0.1:${port}` },
        command: { command: [...cli, '-e', 'ping'] },
      }
      const db = { command, ready: kinds[kind as keyof typeof kinds], restart: { backoff: '10ms' } }
      const web = { ...long, after: ['db'] }
      await using pitcrew = new Pitcrew({ daemons: { web, db } })
      await isReady(pitcrew, 'db')
      await pitcrew.line('[web] up')
      expect(query('ping')).toBe('PONG')
      process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'db')), 'SIGKILL')
      expect(await pitcrew.line('db: died: signal KILL')).toContain('its last line: ')
      await isReady(pitcrew, 'db', 2)
      expect(query('ping')).toBe('PONG')
      expect(pidsOf(pitcrew, 'web')).toHaveLength(1)
      await end(pitcrew)
      await pitcrew.line('db: stopped: exit code 0')
    },
  )

  test('is restarted when it is suspended and so fails its health checks', async () => {
    const { command, cli, port, query } = await redis()
    const alive = {
      command: [...cli, '-e', 'ping'],
      interval: '50ms',
      timeout: '300ms',
      failures: 2,
    }
    const db = { command, ready: { tcp: port }, alive, restart: { backoff: '10ms' } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, db } })
    await isReady(pitcrew, 'db')
    const pid = outsidePid(pitcrew, await pidOf(pitcrew, 'db'))
    process.kill(pid, 'SIGSTOP')
    await eventually('it is suspended', () => stateOf(pid) === 'T')
    await pitcrew.line('db: not alive')
    await pitcrew.line('db: stopped: exit code 0')
    await isReady(pitcrew, 'db', 2)
    expect(query('ping')).toBe('PONG')
    await end(pitcrew)
  })

  test('is stopped by its own client without a signal', async () => {
    const { command, cli, port } = await redis()
    const db = { command, ready: { tcp: port }, stop: { command: [...cli, 'shutdown', 'nosave'] } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, db } })
    await isReady(pitcrew, 'db')
    await end(pitcrew, 0, 3000) // Half of the grace is longer.
    await pitcrew.line('db: stopped: exit code 0')
    expect(pitcrew.lines.join('\n')).not.toContain('SIGTERM')
  })

  test('is restarted while its port is in use, until it can bind it', async () => {
    // FAULTS 13.
    const { command } = await redis()
    const other = new Program(command, { env: {} })
    onTestFinished(() => {
      other.process.kill('SIGKILL')
    })
    await other.line('Ready to accept connections')
    const ready = { log: 'Ready to accept connections' }
    const restart = { backoff: { initial: '20ms', max: '50ms' } }
    const db = { command, ready, restart }
    await using pitcrew = new Pitcrew({ daemons: { a: long, db } })
    await pitcrew.line(
      /db: died: exit code 1 before it was ready, .*; restarting in \d+ ms, restart 3 in a row/,
    )
    other.process.kill('SIGKILL')
    await pitcrew.line('db: ready after')
    await end(pitcrew)
  })
})
