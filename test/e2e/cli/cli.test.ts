/** DESIGN §7: the verbs of the real binary, against a running one. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TicketAnswer, WaitAnswer } from '../../../src/control/protocol/answers.ts'
import type { ExplainAnswer, StatusAnswer } from '../../../src/control/protocol/status.ts'
import { jsonAnswer, maskVariableParts, runVerb, startVerb } from '../support/cli.ts'
import { fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import { release } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const releasable = { command: ['/bin/sh', `${fixtures}/scripts/exits-on-release.sh`] }
/** A FIFO that `release` writes into. */
const go = 'go="$PITCREW_STATE_DIR/go"; mkfifo "$go"'
const failing = {
  command: sh('echo no config here; exit 3'),
  restart: { backoff: { initial: '1h', max: '1h' } },
}

test('status, for people and for programs', async () => {
  await using pitcrew = new Pitcrew({ daemons: { web: long, db: failing } })
  await pitcrew.line('restarting in ')
  await runVerb(pitcrew, 'wait', 'web')
  const { status, out } = await runVerb(pitcrew, 'status')
  expect(status).toBe(0)
  expect(out[0]).toMatch(
    /^pitcrew: 2 daemons, 1 ready, up \d+ ms, pitcrew \d+\.\d+\.\d+ \(pid \d+\)$/,
  )
  expect(out[1]).toMatch(/^NAME +STATE +UPTIME +RESTARTS +CPU +MEM$/)
  expect(out[2]).toMatch(/^web +ready +\d+m?s +0 +\d+\.\d% +\d\S* [KM]iB$/)
  expect(out[3]).toMatch(
    /^db +backoff +- +0 +- +- {2}restart in (1 h|\d+ min( \d+ s)?) \(code 3\)$/,
  )
  const answer = await jsonAnswer<StatusAnswer>(pitcrew, 'status')
  expect(answer.daemons.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'web ready',
    'db backoff',
  ])
})

test('restart prints both pids; the sibling keeps its pid', async () => {
  await using pitcrew = new Pitcrew({ daemons: { web: long, db: long } })
  await pitcrew.linesWith('] up', 2)
  const before = await jsonAnswer<StatusAnswer>(pitcrew, 'status')
  const { status, out } = await runVerb(pitcrew, 'restart', 'web', '--why', 'a test')
  const after = await jsonAnswer<StatusAnswer>(pitcrew, 'status')
  const [oldWeb, oldDb] = before.daemons.map(({ pid }) => pid)
  const [web, db] = after.daemons.map(({ pid }) => pid)
  expect(status).toBe(0)
  expect(out[0]).toMatch(/^web: restarted in \S+ m?s, pid \d+ -> \d+ \(ticket \d+\)$/)
  expect(out[0]).toContain(`pid ${oldWeb} -> ${web} `)
  expect(db).toBe(oldDb)
  await pitcrew.line('web: restart (uid 0')
})

test('stop and start of several daemons at once', async () => {
  await using pitcrew = new Pitcrew({ daemons: { web: long, db: long, other: long } })
  await pitcrew.linesWith('] up', 3)
  const stopped = await runVerb(pitcrew, 'stop', 'web', 'db')
  expect(stopped.out.map(maskVariableParts).sort()).toEqual([
    'db: stopped in <time>, pid <pid> (ticket 2)',
    'web: stopped in <time>, pid <pid> (ticket 1)',
  ])
  expect((await runVerb(pitcrew, 'stop', 'web')).out).toEqual(['web: already stopped (ticket 3)'])
  const started = await runVerb(pitcrew, 'start', 'web', 'db')
  expect(started.out.map(maskVariableParts).sort()).toEqual([
    'db: started in <time>, pid <pid> (ticket 5)',
    'web: started in <time>, pid <pid> (ticket 4)',
  ])
})

test('a failed start prints its cause and last lines; status 1', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { db: { ...failing, ready: { log: 'never said' } }, web: long },
  })
  await pitcrew.line('restarting in ')
  const { status, out, err } = await runVerb(pitcrew, 'start', 'db')
  expect(status).toBe(1)
  expect(out).toEqual([])
  expect(err[0]).toMatch(
    /^pitcrew: cannot start db: .*code 3 before it was ready \(ticket \d+\); see "pitcrew explain db"/,
  )
  expect(err.slice(1)).toEqual(['  last lines:', '    no config here'])
})

test('--timeout ends the waiting for a slow stop, not the stop; its ticket has the outcome', async () => {
  await using pitcrew = new Pitcrew({ daemons: { slow: releasable, web: long } })
  await pitcrew.line('[slow] up')
  const late = await runVerb(pitcrew, 'stop', 'slow', '--timeout', '50ms')
  expect(late.status).toBe(4)
  expect(late.err[0]).toMatch(
    /^pitcrew: cannot wait any longer: stop slow is not done .* "pitcrew ticket 1 --wait" /,
  )
  const waiting = startVerb(pitcrew, 'ticket', '1', '--wait')
  await release(pitcrew)
  expect(await waiting.exitCode()).toBe(0)
  expect(maskVariableParts(waiting.lines[0] ?? '')).toBe(
    'slow: stopped in <time>, pid <pid> (ticket 1)',
  )
  expect(waiting.lines[1]).toMatch(/^ {2}requested by {2}uid 0/)
})

test('progress is reported on stderr after a second', async () => {
  await using pitcrew = new Pitcrew({ daemons: { slow: releasable, web: long } })
  await pitcrew.line('[slow] up')
  const stopping = startVerb(pitcrew, 'stop', 'slow')
  await pitcrew.line('[slow] got TERM')
  await expect
    .poll(() => stopping.errors[0], { timeout: 5000 })
    .toMatch(/^pitcrew: slow: stopping, .* \(for [\d.]+ s\)$/)
  await release(pitcrew)
  expect(await stopping.exitCode()).toBe(0)
  expect(stopping.lines).toHaveLength(1)
})

test('--no-wait prints the ticket', async () => {
  await using pitcrew = new Pitcrew({ daemons: { slow: releasable, web: long } })
  await pitcrew.line('[slow] up')
  const { ticket, outcome } = await jsonAnswer<TicketAnswer>(pitcrew, 'stop', 'slow', '--no-wait')
  expect({ ticket, outcome }).toEqual({ ticket: 1, outcome: 'open' })
  await release(pitcrew)
  expect((await jsonAnswer<TicketAnswer>(pitcrew, 'ticket', '1', '--wait')).outcome).toBe('done')
})

test('wait until a daemon is ready', async () => {
  await using pitcrew = new Pitcrew({
    daemons: {
      web: {
        command: sh(`${go}; read -r _ < "$go"; echo I am ready; exec sleep 1000`),
        ready: { log: 'I am ready' },
      },
    },
  })
  await pitcrew.line('web: started')
  const tooSoon = await runVerb(pitcrew, 'wait', 'web', '--timeout', '20ms')
  expect(tooSoon.status).toBe(4)
  const waiting = startVerb(pitcrew, 'wait', 'web', '--json')
  await release(pitcrew)
  expect(await waiting.exitCode()).toBe(0)
  const answer: WaitAnswer = JSON.parse(waiting.lines[0] ?? '')
  expect(answer).toMatchObject({ daemon: 'web', state: 'ready', run: 1 })
})

test('explain prints reasons and remedies', async () => {
  await using pitcrew = new Pitcrew({ daemons: { db: failing, web: long } })
  await pitcrew.line('restarting in ')
  const answer = await jsonAnswer<ExplainAnswer>(pitcrew, 'explain', 'db')
  expect(answer.state).toBe('backoff')
  const { out } = await runVerb(pitcrew, 'explain', 'db')
  expect(out[0]).toBe('db: backoff')
  expect(out.join('\n')).toContain('no config here')
  expect(out.join('\n')).toContain('pitcrew start db')
})

test('exit statuses for unknown daemons and tickets', async () => {
  await using pitcrew = new Pitcrew({ daemons: { web: long } })
  await pitcrew.line('[web] up')
  for (const words of [
    ['status', 'wbe'],
    ['restart', 'wbe'],
    ['explain', 'wbe'],
    ['logs', 'wbe'],
    ['ticket', '99'],
  ]) {
    const { status, out, err } = await runVerb(pitcrew, ...words)
    expect({ words, status, out }).toEqual({ words, status: 3, out: [] })
    expect(err).toHaveLength(1)
  }
  expect((await runVerb(pitcrew, 'restart', 'wbe')).err[0]).toContain('did you mean "web"?')
})

test('shutdown prints the exit code; then no pitcrew answers, and a stale socket is ignored', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { web: { command: sh('trap "exit 4" TERM; echo up; while :; do sleep 0.01; done') } },
  })
  await pitcrew.line('[web] up')
  const { status, out } = await runVerb(pitcrew, 'shutdown', '--why', 'the end')
  expect(status).toBe(0)
  expect(maskVariableParts(out[0] ?? '')).toBe(
    'everything ended with exit code 4 in <time> (ticket 1)',
  )
  expect(await pitcrew.exitCode()).toBe(4)
  expect((await runVerb(pitcrew, 'status')).status).toBe(7)
})

test('the socket of a killed pitcrew: status 7', async () => {
  await using pitcrew = new Pitcrew({ daemons: { web: long } }, { asPid1: false })
  await pitcrew.line('[web] up')
  pitcrew.signal('SIGKILL')
  await pitcrew.end()
  const { status, err } = await runVerb(pitcrew, 'status')
  expect(status).toBe(7)
  expect(err[0]).toContain('connection refused (ECONNREFUSED)')
  rmSync(join(pitcrew.folder, 'pitcrew.sock'))
  expect((await runVerb(pitcrew, 'status')).err[0]).toContain('no socket in ')
})

test('completion does not wait for a stopped pitcrew', async () => {
  await using pitcrew = new Pitcrew({ daemons: { web: long } }, { asPid1: false })
  await pitcrew.line('[web] up')
  expect((await runVerb(pitcrew, '@names')).out).toEqual(['web'])
  pitcrew.signal('SIGSTOP')
  expect(await runVerb(pitcrew, '@names')).toEqual({ status: 1, out: [], err: [] })
  pitcrew.signal('SIGCONT')
})
