/** Checks, reloads and verification of real processes: what a command finds in its environment, what
 *  is left of one that hangs, and what a server gets. The host is real, and a test stands in the
 *  init's place. */
import { createServer, type IncomingMessage } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Probe, ReloadSpec } from '../../src/core/plan/plan.ts'
import { freePort, listen } from '../e2e/support/listeners.ts'
import { sh } from '../e2e/support/pitcrew.ts'
import { eventually, processesUnder } from '../e2e/support/processes.ts'
import { buildReloader, daemon, Reloader } from './images/reloader.ts'

beforeAll(buildReloader, 300_000)

const checked = (check: readonly string[], some = {}) => daemon({ ...some, reload: { check } })
const reloaded = (by: ReloadSpec['by'], command?: readonly string[]) =>
  daemon({ ...(command !== undefined && { command }), reload: { by, settleMs: 50 } })
const names = (reloader: Reloader) => processesUnder(reloader).map(({ name }) => name)

describe('a check', () => {
  test('gets the path of the candidate, and runs as the daemon does', async () => {
    await using reloader = await Reloader.begin()
    const check = sh('echo "$A in $PWD for $PITCREW_DAEMON: $0"').concat('{file}')
    const env = { set: { A: 'B' }, pass: null, claim: [] }
    const spec = checked(check, { cwd: '/usr', env })
    expect(await reloader.check(spec, '/etc/.web.pitcrew-1')).toEqual({
      isGood: true,
      words: 'B in /usr for web: /etc/.web.pitcrew-1',
    })
    // Its output is printed like that of a daemon.
    expect(reloader.lines).toContain('[web:check] B in /usr for web: /etc/.web.pitcrew-1')
  })

  test('its words are its last lines, at most 1 KiB, with the name of the real file', async () => {
    await using reloader = await Reloader.begin()
    const script =
      'n=0; while [ $n -lt 200 ]; do n=$((n+1)); echo "line $n of $0" >&2; done; exit 3'
    const { isGood, words } = await reloader.check(
      checked(sh(script).concat('{file}')),
      '/etc/.web.pitcrew-1',
      '/etc/web',
    )
    expect(isGood).toBe(false)
    expect(words.length).toBeLessThanOrEqual(1024)
    expect(words.split('\n').at(-1)).toBe('line 200 of /etc/web')
  })

  test.each<[string, string[], string]>([
    ['exit code', sh('exit 3'), 'exit code 3'],
    ['signal', sh('kill -SEGV $$'), 'signal SEGV'],
    [
      'no program',
      ['/nowhere/web', '{file}'],
      'cannot execute /nowhere/web: no such file or directory (ENOENT)',
    ],
  ])('that fails without words: %s', async (_, check, words) => {
    await using reloader = await Reloader.begin()
    expect(await reloader.check(checked(check), '/x')).toEqual({ isGood: false, words })
  })

  test('that is cancelled is killed with all its processes', async () => {
    await using reloader = await Reloader.begin()
    const spec = checked(sh('sleep 999 & echo hangs; exec sleep 998'))
    const lost = reloader.check(spec, '/x').catch(() => 'lost')
    await reloader.line('[web:check] hangs')
    const sleeps = () => names(reloader).filter((name) => name === 'sleep').length
    await eventually('both run', () => sleeps() === 2)
    await reloader.cancel(spec)
    await eventually('all are gone', () => sleeps() === 0)
    expect(reloader.lines.filter((line) => line.startsWith('answer 1'))).toEqual([])
    void lost
  })

  test('that leaves a process behind is over, and that process is killed', async () => {
    await using reloader = await Reloader.begin()
    const { isGood } = await reloader.check(checked(sh('sleep 999 & exit 0')), '/x')
    expect(isGood).toBe(true)
    await eventually('it is gone', () => !names(reloader).includes('sleep'))
  })
})

describe('a reload', () => {
  test('by signal reaches the first process alone', async () => {
    await using reloader = await Reloader.begin()
    const script =
      'trap "echo parent" HUP; (trap "echo child" HUP; echo up; while :; do sleep 0.05; done) & ' +
      'while :; do sleep 0.05; done'
    const spec = reloaded({ type: 'signal', signal: 'HUP' }, sh(script))
    await reloader.start(spec)
    await reloader.line('[web] up')
    expect(await reloader.activate(spec)).toBeNull()
    await reloader.line('[web] parent')
    expect(reloader.lines).not.toContain('[web] child')
  })

  test('by signal of a run that has ended', async () => {
    await using reloader = await Reloader.begin()
    const spec = reloaded({ type: 'signal', signal: 'HUP' }, sh('exit 0'))
    await reloader.start(spec)
    await reloader.line('ended web 1: exit code 0')
    expect(await reloader.activate(spec)).toBe('its run has ended')
  })

  test('by command: it knows the process that it reloads', async () => {
    await using reloader = await Reloader.begin()
    const spec = reloaded(
      { type: 'command', command: sh('kill -USR2 $PITCREW_PID') },
      sh('trap "echo reloaded" USR2; echo up; while :; do sleep 0.05; done'),
    )
    await reloader.start(spec)
    await reloader.line('[web] up')
    expect(await reloader.activate(spec)).toBeNull()
    await reloader.line('[web] reloaded')
  })

  test('by command: a failure has its exit code and its words', async () => {
    await using reloader = await Reloader.begin()
    const spec = reloaded({ type: 'command', command: sh('echo "no master"; exit 7') })
    await reloader.start(spec)
    expect(await reloader.activate(spec)).toBe('exit code 7: no master')
  })

  test.each([
    [204, null],
    [500, 'answered 500'],
  ])('by http: one POST without content; status %i', async (status, problem) => {
    await using reloader = await Reloader.begin()
    const requests: IncomingMessage[] = []
    const server = createServer((request, response) => {
      requests.push(request)
      response.writeHead(status).end()
    })
    const port = await listen(server)
    const by = {
      type: 'http',
      host: '127.0.0.1',
      port,
      name: 'web.test',
      path: '/load?now',
    } as const
    const answer = await reloader.activate(reloaded(by))
    expect(answer).toBe(problem === null ? null : `POST 127.0.0.1:${port}/load?now ${problem}`)
    expect(requests.map(({ method, url, headers }) => [method, url, headers.host])).toEqual([
      ['POST', '/load?now', 'web.test'],
    ])
    expect(requests[0]?.headers['content-length']).toBe('0')
  })

  test('by http: no server', async () => {
    await using reloader = await Reloader.begin()
    const port = await freePort()
    const by = { type: 'http', host: '127.0.0.1', port, name: 'x', path: '/' } as const
    expect(await reloader.activate(reloaded(by))).toBe(
      `POST 127.0.0.1:${port}/: connection refused (ECONNREFUSED)`,
    )
  })
})

describe('a verification', () => {
  test('succeeds when the daemon answers at last', async () => {
    await using reloader = await Reloader.begin()
    let requests = 0
    const server = createServer((_, response) => {
      response.writeHead(++requests < 3 ? 503 : 200).end()
    })
    const probe: Probe = {
      type: 'http',
      host: '127.0.0.1',
      port: await listen(server),
      name: 'x',
      path: '/up',
    }
    expect(await reloader.verify(reloaded({ type: 'none' }), probe)).toBeNull()
    expect(requests).toBe(3)
  })

  test('fails with the last answer', async () => {
    await using reloader = await Reloader.begin()
    const server = createServer((_, response) => response.writeHead(503).end())
    const port = await listen(server)
    const probe: Probe = { type: 'http', host: '127.0.0.1', port, name: 'x', path: '/up' }
    expect(await reloader.verify(reloaded({ type: 'none' }), probe, 600)).toBe(
      `GET 127.0.0.1:${port}/up answered 503`,
    )
  })

  test('by a command and by a file', async () => {
    await using reloader = await Reloader.begin()
    const spec = reloaded({ type: 'none' })
    const failing: Probe = { type: 'command', command: sh('exit 9') }
    expect(await reloader.verify(spec, failing, 300)).toMatch(/sh: exit code 9$/)
    const file: Probe = { type: 'file', path: '/nowhere' }
    expect(await reloader.verify(spec, file, 300)).toBe(
      '/nowhere: no such file or directory (ENOENT)',
    )
    expect(await reloader.verify(spec, { type: 'file', path: '/' }, 300)).toBeNull()
  })
})
