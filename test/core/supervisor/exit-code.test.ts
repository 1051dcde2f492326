/** The exit code: each clause of its rule, from the first event to the code. */
import { describe, expect, test } from 'vitest'
import { describeEffect } from '../../../src/init/perform/effects.ts'
import {
  type Beat,
  elapsed,
  exited,
  leaderExited,
  ready,
  restart,
  spawned,
  spawnFailed,
} from '../events.ts'
import { plan, type Some } from '../plans.ts'
import { Game, up } from '../story.ts'

type Case = [what: string, daemons: Record<string, Some>, beats: Beat[], end: string]

const two = { web: {}, db: {} }
const agent = { agent: { main: true }, db: {} }
const proxy = { proxy: { critical: true }, db: {} }
const signals = { HUP: { forward: ['web'], restart: [], reload: [] } }

function endOf(daemons: Record<string, Some>, beats: readonly Beat[]): string {
  const bundle = plan(daemons, { signals })
  const game = beats[0] === 'boot' ? new Game(bundle) : up(bundle)
  const end = game.play(...beats).effects.at(-1)
  return end === undefined ? 'nothing' : describeEffect(end)
}

describe('positive failures win, otherwise zero', () => {
  test.each<Case>([
    ['no daemon failed', two, ['TERM', exited('web', 1), exited('db', 1)], 'finish 0'],
    ['the largest counts', two, [exited('db', 1, 5), exited('web', 1, 2)], 'finish 5 (db)'],
    [
      'the first of two equal ones',
      two,
      [exited('db', 1, 5), exited('web', 1, 5)],
      'finish 5 (web)',
    ],
    [
      'also when asked to stop',
      two,
      ['TERM', exited('web', 1, 3), exited('db', 1)],
      'finish 3 (web)',
    ],
    [
      'a run that failed and was not replaced is a last run',
      two,
      [exited('web', 1, 3), 'TERM', exited('db', 1)],
      'finish 3 (web)',
    ],
    [
      'a failure of a run that was replaced does not count',
      two,
      [
        exited('web', 1, 3),
        restart('web'),
        spawned('web', 2, 17),
        'TERM',
        exited('web', 2),
        exited('db', 1),
      ],
      'finish 0',
    ],
    [
      'also not when its successor is ended before it began',
      { web: {} },
      ['boot', 'TERM', spawned('web', 1, 7), exited('web', 1)],
      'finish 0',
    ],
  ])('%s', (_, daemons, beats, end) => {
    expect(endOf(daemons, beats)).toBe(end)
  })
})

describe('what counts as zero', () => {
  const web = { web: {} }
  const killed = ['TERM', elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1)] as const
  test.each<Case>([
    ['a death by a signal', web, [exited('web', 1, 'SEGV')], 'finish 0'],
    ['a death by our KILL', web, [...killed, exited('web', 1, 'KILL')], 'finish 0'],
    ['128 + n of the stop signal n', web, ['TERM', exited('web', 1, 143)], 'finish 0'],
    ['128 + n of a forwarded signal n', web, ['HUP', exited('web', 1, 129)], 'finish 0'],
    ['also when others followed it', web, ['HUP', 'TERM', exited('web', 1, 129)], 'finish 0'],
    ['128 + 9 after our KILL', web, [...killed, exited('web', 1, 137)], 'finish 0'],
    ['but not 128 + n of one it was not sent', web, [exited('web', 1, 143)], 'finish 143 (web)'],
    [
      'nor one that the run before it was sent',
      web,
      [restart('web'), exited('web', 1), spawned('web', 2, 17), exited('web', 2, 143)],
      'finish 143 (web)',
    ],
    [
      'a code of `stop.success`',
      { web: { stop: { success: [3, 4] } } },
      ['TERM', exited('web', 1, 4)],
      'finish 0',
    ],
    [
      'but no other',
      { web: { stop: { success: [3, 4] } } },
      ['TERM', exited('web', 1, 5)],
      'finish 5 (web)',
    ],
  ])('%s', (_, daemons, beats, end) => {
    expect(endOf(daemons, beats)).toBe(end)
  })
})

describe('a command that cannot be started counts as', () => {
  test.each<[what: string, errno: string, step: string, end: string]>([
    ['127 when it is not found', 'ENOENT', 'exec', 'finish 127 (web)'],
    ['126 when it is not executable', 'EACCES', 'exec', 'finish 126 (web)'],
    ['126 when its directory is not there', 'ENOENT', 'cwd', 'finish 126 (web)'],
    [
      '126 when its user is not known',
      'user app is not in /etc/passwd',
      'user',
      'finish 126 (web)',
    ],
    ['126 when there is no process for it', 'EAGAIN', 'fork', 'finish 126 (web)'],
  ])('%s', (_, errno, step, end) => {
    expect(endOf({ web: {} }, ['boot', spawnFailed('web', 1, errno, step)])).toBe(end)
  })
})

describe("a main daemon's own code wins over all", () => {
  test.each<Case>([
    ['zero', agent, [exited('db', 1, 5), exited('agent', 1, 0)], 'finish 0 (agent)'],
    ['a smaller one', agent, [exited('db', 1, 5), exited('agent', 1, 2)], 'finish 2 (agent)'],
    [
      'of its last run',
      agent,
      [
        restart('agent'),
        exited('agent', 1, 4),
        spawned('agent', 2, 17),
        'TERM',
        exited('agent', 2, 2),
        exited('db', 1, 5),
      ],
      'finish 2 (agent)',
    ],
    [
      'one that is fine',
      { agent: { main: true, stop: { success: [2] } } },
      [exited('agent', 1, 2)],
      'finish 0 (agent)',
    ],
    [
      'what it counts as when it cannot be started',
      { agent: { main: true } },
      ['boot', spawnFailed('agent', 1)],
      'finish 127 (agent)',
    ],
    [
      'also when its group is still there at the deadline',
      agent,
      [leaderExited('agent', 1, 5), exited('db', 1), elapsed('deadline')],
      'finish 5 (agent)',
    ],
    [
      'and it has none before it ran',
      { db: {}, agent: { main: true } },
      ['boot', spawnFailed('db', 1), 'TERM', spawned('agent', 1, 7), elapsed('deadline')],
      'finish 127 (db)',
    ],
  ])('%s', (_, daemons, beats, end) => {
    expect(endOf(daemons, beats)).toBe(end)
  })
})

describe('a main or critical daemon that died by a signal that we did not send is 128 + n', () => {
  test.each<Case>([
    ['main', agent, [exited('agent', 1, 'KILL'), exited('db', 1)], 'finish 137 (agent)'],
    ['critical', proxy, [exited('proxy', 1, 'SEGV'), exited('db', 1)], 'finish 139 (proxy)'],
    [
      'critical, with a larger one',
      proxy,
      [exited('db', 1, 200), exited('proxy', 1, 'SEGV')],
      'finish 200 (db)',
    ],
    [
      'but zero by one that we did',
      agent,
      ['TERM', exited('agent', 1, 'TERM'), exited('db', 1)],
      'finish 0 (agent)',
    ],
    [
      '128 + n also in the middle of our stop',
      agent,
      ['TERM', exited('agent', 1, 'SEGV'), exited('db', 1)],
      'finish 139 (agent)',
    ],
    ['and zero for any other daemon', two, [exited('web', 1, 'KILL'), exited('db', 1)], 'finish 0'],
  ])('%s', (_, daemons, beats, end) => {
    expect(endOf(daemons, beats)).toBe(end)
  })
})

const sign = { type: 'notify' } as const
const readiness = { ready: { sign, timeoutMs: 5000, intervalMs: 100 } }
const job = { kind: 'job', restart: { policy: 'never' } } as const
const limited = { policy: 'always', limit: { times: 0, windowMs: 60_000 } } as const
// biome-ignore lint/suspicious/noThenProperty: a key of the plan, which is never awaited.
const endsAll = { ...limited, then: 'shutdown' } as const

describe('a daemon that ended before it was ready has failed', () => {
  test.each<Case>([
    ['with 0', { web: readiness }, [exited('web', 1, 0)], 'finish 1 (web)'],
    [
      'also when it is to be restarted, and everything is ended first',
      { web: { ...readiness, restart: { policy: 'always' } } },
      [exited('web', 1, 0), 'TERM'],
      'finish 1 (web)',
    ],
    ['with its own code', { web: readiness }, [exited('web', 1, 7)], 'finish 7 (web)'],
    [
      'with a code of `stop.success`',
      { web: { ...readiness, stop: { success: [7] } } },
      [exited('web', 1, 7)],
      'finish 7 (web)',
    ],
    [
      'main',
      { agent: { main: true, ...readiness }, db: {} },
      [exited('agent', 1, 0), exited('db', 1)],
      'finish 1 (agent)',
    ],
    [
      'critical',
      { proxy: { critical: true, ...readiness }, db: {} },
      [exited('proxy', 1, 0), exited('db', 1)],
      'finish 1 (proxy)',
    ],
    [
      'by a signal, which counts as ever',
      { web: readiness },
      [exited('web', 1, 'SEGV')],
      'finish 0',
    ],
    [
      'but not one that was ready',
      { web: readiness },
      [ready('web', 1), exited('web', 1)],
      'finish 0',
    ],
    ['nor one that was asked to end', { web: readiness }, ['TERM', exited('web', 1)], 'finish 0'],
  ])('%s', (_, daemons, beats, end) => {
    expect(endOf(daemons, beats)).toBe(end)
  })
})

describe('when a failure ended the bundle the code is never zero:', () => {
  test.each<Case>([
    [
      'a job died by a signal while others wait for it',
      { migrate: job, web: { after: [{ daemon: 'migrate', until: 'done' }] } },
      ['boot', spawned('migrate', 1, 7), exited('migrate', 1, 'KILL')],
      'finish 137 (migrate)',
    ],
    [
      'a job died by a signal, and others are done',
      { migrate: job, seed: job },
      [exited('migrate', 1, 'KILL'), exited('seed', 1)],
      'finish 137 (migrate)',
    ],
    [
      'but not an optional one',
      { migrate: { ...job, optional: true }, seed: job },
      [exited('migrate', 1, 'KILL'), exited('seed', 1)],
      'finish 0',
    ],
    [
      'one that is given up by a signal and says `then: shutdown`',
      { web: { restart: endsAll }, db: {} },
      [exited('web', 1, 'SEGV'), exited('db', 1)],
      'finish 139 (web)',
    ],
    [
      'one that is given up with 0 and says `then: shutdown`',
      { web: { restart: endsAll }, db: {} },
      [exited('web', 1, 0), exited('db', 1)],
      'finish 1 (web)',
    ],
    [
      'a critical one that is given up with 0',
      { web: { restart: limited, critical: true }, db: {} },
      [exited('web', 1, 0), exited('db', 1)],
      'finish 1 (web)',
    ],
    [
      'all are given up by the policy, the last one by a signal',
      { web: { restart: limited } },
      [exited('web', 1, 'SEGV')],
      'finish 139 (web)',
    ],
    [
      'but zero when the end was requested',
      { web: { restart: limited }, db: {} },
      [exited('web', 1, 'SEGV'), 'TERM', exited('db', 1)],
      'finish 0',
    ],
    [
      'and zero under `restart: never`, where a death by a signal ends nothing',
      { web: {} },
      [exited('web', 1, 'SEGV')],
      'finish 0',
    ],
  ])('%s', (_, daemons, beats, end) => {
    expect(endOf(daemons, beats)).toBe(end)
  })
})

test('the report has the code that the last run of each daemon counts as', () => {
  const game = up(plan({ web: {}, db: {}, log: { stop: { success: [9] } } }))
  game.play(exited('web', 1, 3), restart('web'), spawned('web', 2, 17), exited('log', 1, 9))
  const [finish] = game.play('TERM', exited('web', 2, 4), exited('db', 1, 143)).effects.slice(-1)
  if (finish?.type !== 'finish') throw new Error('it has not finished')
  const rows = finish.report.daemons.map(({ name, runs, last, counted }) => [
    name,
    runs,
    last?.exit.code,
    last?.requested,
    counted,
  ])
  expect(rows).toEqual([
    ['web', 2, 4, true, 4],
    ['db', 1, 143, true, 0],
    ['log', 1, 9, false, 0],
  ])
})
