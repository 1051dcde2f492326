/** Command probes, and `alive:`. FAULTS 19: "A probe hangs, forks, prints megabytes, overlaps a
 *  stop." */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createRawServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fullListener, listen, scratchFolder } from '../support/listeners.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import {
  descriptorsOf,
  eventually,
  leftoverProcesses,
  outputOf,
  pidsOf,
  processesUnder,
  zombiesUnder,
} from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
/** A probe that hangs and ignores TERM, like its child in a session of its own. Each adds a line
 *  to the file "probes". */
const hangs = (folder: string): string[] =>
  sh(`trap '' TERM; setsid sh -c 'echo child >> ${folder}/probes; exec sleep 1000' &
    echo probe >> ${folder}/probes; wait; wait`)
const probesIn = (folder: string): string[] =>
  existsSync(join(folder, 'probes')) ? readFileSync(join(folder, 'probes'), 'utf8').split('\n') : []
const probesStarted = (folder: string, times: number): Promise<void> =>
  eventually(`${times} probes are in progress`, () => {
    const lines = probesIn(folder)
    return ['probe', 'child'].every((word) => lines.filter((it) => it === word).length >= times)
  })

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
}

describe('a probe that hangs and forks', () => {
  test('delays no other daemon, and is ended with its whole tree at the readiness timeout', async () => {
    const folder = scratchFolder()
    const ready = { command: hangs(folder), timeout: '400ms', interval: '10ms' }
    const b = { ...long, ready, restart: 'never' }
    await using pitcrew = new Pitcrew({
      signals: { USR1: { restart: ['a'] } },
      daemons: { a: long, b },
    })
    await pitcrew.line('[a] up')
    await probesStarted(folder, 1)
    pitcrew.signal('SIGUSR1')
    await pitcrew.line('a: restart (USR1): done')
    await pitcrew.line('b: not ready in time')
    await eventually('only a is left', () => processesUnder(pitcrew).length === 1)
    expect(probesIn(folder).filter((word) => word === 'probe')).toHaveLength(1) // Never two at once.
    await end(pitcrew, 1)
  })

  test.each([true, false])('is ended when its daemon stops (PID 1: %s)', async (asPid1) => {
    const folder = scratchFolder()
    const b = { ...long, ready: { command: hangs(folder) } }
    await using pitcrew = new Pitcrew({ deadline: '3s', daemons: { a: long, b } }, { asPid1 })
    await probesStarted(folder, 1)
    await pitcrew.line('[a] up')
    await pitcrew.line('[b] up')
    const beganAtMs = performance.now()
    await end(pitcrew)
    expect(performance.now() - beganAtMs).toBeLessThan(2000)
    await eventually('no process is left', () => leftoverProcesses(pitcrew).length === 0)
  })

  test('is ended when its daemon restarts, and the next run has a probe of its own', async () => {
    const folder = scratchFolder()
    const probe = sh(`[ "$(cat ${folder}/run)" = 2 ] && exit 0; ${hangs(folder)[2]}`)
    const command = sh(
      `echo x >> ${folder}/runs; wc -l < ${folder}/runs > ${folder}/run; echo up; exec sleep 1000`,
    )
    const b = { command, ready: { command: probe, interval: '10ms' } }
    const signals = { USR1: { restart: ['b'] } }
    await using pitcrew = new Pitcrew({ signals, daemons: { b } })
    await probesStarted(folder, 1)
    await pitcrew.line('[b] up')
    pitcrew.signal('SIGUSR1')
    await pitcrew.line(/b: ready after .* \(run 2\)/)
    await eventually('only b is left', () => processesUnder(pitcrew).length === 1)
    await end(pitcrew)
  })

  test('has failed at its timeout, so that the daemon is not alive', async () => {
    const folder = scratchFolder()
    const alive = { command: hangs(folder), interval: '10ms', timeout: '150ms', failures: 2 }
    const b = { ...long, alive, restart: { backoff: '1m' } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await pitcrew.line('b: not alive')
    await pitcrew.line('b: stopped')
    expect(probesIn(folder).filter((word) => word === 'probe').length).toBeGreaterThanOrEqual(2)
    await eventually('only a is left', () => processesUnder(pitcrew).length === 1)
    await end(pitcrew, 1)
  })
})

test('a probe that prints megabytes succeeds, and its output is discarded', async () => {
  const probe = sh(
    'head -c 50000000 /dev/zero | tr "\\0" x; head -c 5000000 /dev/zero >&2; read -r x; [ -z "$x" ]',
  )
  const b = { ...long, ready: { command: probe } }
  await using pitcrew = new Pitcrew({ daemons: { b } })
  await pitcrew.line('b: ready after')
  await end(pitcrew)
  expect(pitcrew.lines.every((line) => line.startsWith('pitcrew: ') || line === '[b] up')).toBe(
    true,
  )
})

test('processes that a probe leaves behind are ended with it', async () => {
  // Ending them may take longer than the interval, which does not count as a failure of the daemon.
  const probe = sh('for n in $(seq 30); do setsid sleep 1000 & sleep 1000 & done; exit 0')
  const b = { ...long, alive: { command: probe, interval: '10ms', timeout: '5s', failures: 1 } }
  await using pitcrew = new Pitcrew({ daemons: { b } })
  await pitcrew.line('[b] up')
  for (let times = 0; times < 5; times++) {
    await eventually('a probe is in progress', () => processesUnder(pitcrew).length > 1)
    await eventually('a probe is over', () => processesUnder(pitcrew).length === 1)
  }
  expect(pidsOf(pitcrew, 'b')).toHaveLength(1)
  await end(pitcrew)
})

test('many probes leave no descriptor and no zombie', async () => {
  const folder = scratchFolder()
  const counts = sh(`echo probe >> ${folder}/probes; exit $(($(wc -l < ${folder}/probes) % 2))`)
  let requests = 0
  const port = await listen(
    createServer((_, response) => response.writeHead(requests++ % 2 ? 200 : 500).end()),
  )
  const often = { interval: '10ms', failures: 2 }
  const daemons = {
    a: { ...long, alive: { http: `http://127.0.0.1:${port}`, ...often } },
    b: { ...long, alive: { command: counts, ...often, timeout: '5s' } },
  }
  await using pitcrew = new Pitcrew({ daemons })
  await eventually('both were probed', () => requests > 5 && probesIn(folder).length > 5)
  const before = descriptorsOf(pitcrew).length
  await eventually('both were probed often', () => requests > 30 && probesIn(folder).length > 30)
  await eventually('no more descriptors than before', () => descriptorsOf(pitcrew).length <= before)
  await eventually('no zombie is left', () => zombiesUnder(pitcrew).length === 0)
  // Every second probe has failed, but never two in a row.
  expect([...pidsOf(pitcrew, 'a'), ...pidsOf(pitcrew, 'b')]).toHaveLength(2)
  await end(pitcrew)
})

test('a probe with a program that does not exist fails, and is retried', async () => {
  const ready = { command: ['./absent'], timeout: '100ms', interval: '10ms' }
  await using pitcrew = new Pitcrew({
    daemons: { a: long, b: { ...long, ready, restart: 'never' } },
  })
  await pitcrew.line('b: not ready in time')
  await pitcrew.line('[a] up')
  await end(pitcrew, 1)
})

describe('a listener that does not respond', () => {
  test('because its backlog is full is not ready', async () => {
    const port = await fullListener()
    const b = { ...long, ready: { tcp: String(port), timeout: '200ms' }, restart: 'never' }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await pitcrew.line('b: not ready in time')
    await pitcrew.line('[a] up')
    await end(pitcrew, 1)
  })

  test('because it accepts without an answer is not alive after the timeouts of its probes', async () => {
    let ended = 0
    const server = createRawServer((socket) => {
      socket.on('error', () => {})
      socket.on('close', () => ended++)
      socket.resume()
    })
    const port = await listen(server)
    const alive = {
      http: `http://127.0.0.1:${port}`,
      interval: '10ms',
      timeout: '60ms',
      failures: 3,
    }
    const b = { ...long, alive, restart: { backoff: '1m' } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await pitcrew.line('[a] up')
    await pitcrew.line('b: not alive')
    await pitcrew.line('b: stopped')
    await eventually('each connection has ended', () => ended >= 3)
    await end(pitcrew, 1)
    expect(ended).toBe(3)
  })
})

describe('`alive`', () => {
  test('restarts a daemon after so many consecutive failures', async () => {
    const file = join(scratchFolder(), 'alive')
    const b = {
      command: sh(`: > ${file}; echo up; exec sleep 1000`),
      ready: { file, interval: '10ms' },
      alive: { file, interval: '10ms', failures: 3 },
      restart: { backoff: '1ms' },
    }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await pitcrew.line('b: ready after')
    await pitcrew.line('[a] up')
    for (let run = 1; run <= 2; run++) {
      await pitcrew.line(new RegExp(`b: ready after .*run ${run}\\)`))
      rmSync(file)
      const line = await pitcrew.line(new RegExp(`b: not alive, pid \\d+, run ${run},`))
      expect(line).toMatch(/after [\d.]+ m?s: stopping it; restarting in \d ms/)
      await pitcrew.line(new RegExp(`b: stopped: signal TERM, pid \\d+, run ${run}`))
    }
    await pitcrew.line(/b: ready after .*run 3\)/)
    await end(pitcrew)
    expect(outputOf(pitcrew, 'a')).toEqual(['up'])
  })

  test('is probed neither before the daemon is ready nor while it stops', async () => {
    const folder = scratchFolder()
    const b = {
      command:
        sh(`trap 'echo stopping; sleep 0.2; exit 0' TERM; sleep 0.2; echo begun >> ${folder}/probes
        echo >&3; echo up; while :; do sleep 0.01; done`),
      ready: 'fd',
      alive: {
        command: sh(`echo probe >> ${folder}/probes; exit 1`),
        interval: '10ms',
        failures: 5,
      },
      restart: 'never',
    }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await pitcrew.line('b: not alive')
    await pitcrew.line('b: stopped: exit code 0')
    await end(pitcrew, 1)
    expect(probesIn(folder)).toEqual(['begun', ...Array(5).fill('probe'), ''])
  })
})
