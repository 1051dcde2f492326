/** Every request that changes something has a ticket, which ends with its outcome. */
import { describe, expect, test } from 'vitest'
import type { Outcome, Requester, Ticket } from '../../../src/core/ticket.ts'
import {
  alive,
  type Beat,
  elapsed,
  ended,
  exited,
  later,
  leaderExited,
  reconcile,
  restart,
  spawned,
  spawnFailed,
  start,
  stop,
  type TimelessEvent,
} from '../events.ts'
import { plan } from '../plans.ts'
import { beginMs, Game, story, up } from '../story.ts'

const slow = { sign: { type: 'notify' }, timeoutMs: 1000, intervalMs: 100 } as const
const web = plan({ web: { ready: slow }, db: {} })
const isReady = (run: number): TimelessEvent => ({ type: 'ready', daemon: 'web', run })
/** web is ready and restarted; its next run is spawned. */
const anew: readonly Beat[] = [isReady(1), restart('web'), exited('web', 1), spawned('web', 2, 17)]

describe('a restart is', () => {
  test('done when the new run is ready', () => {
    expect(story(up(web), ...anew, later(50, isReady(2)))).toMatchInlineSnapshot(`
      0 ms   given                   web: running, run 1, pid 7, not ready
                                     db: running, run 1, pid 8
      0 ms   ready web 1             web: running, run 1, pid 7, ready
                                     > disarm ready:web:1, report ready
      0 ms   restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                     > TERM to web 1, arm escalate:web:1 4250 ms
      0 ms   exited web 1: code 0    web: starting, run 2, wants up
                                     > disarm escalate:web:1, report stopped, spawn web 2
      0 ms   spawned web 2: pid 17   web: running, run 2, pid 17, not ready
                                     > report started, arm ready:web:2 1000 ms
      50 ms  ready web 2             web: running, run 2, pid 17, ready
                                     > disarm ready:web:2, report ready,
                                       report ticket 1 done by run 2
    `)
  })

  test('open while a guard holds its daemon; the next run satisfies it', () => {
    const bundle = plan({
      proxy: { ready: slow, guard: true },
      web: { ready: slow, after: ['proxy'] },
    })
    expect(
      story(
        new Game(bundle)
          .play('boot', spawned('proxy', 1, 7), { type: 'ready', daemon: 'proxy', run: 1 })
          .play(spawned('web', 1, 8), start('web'))
          .given(),
        stop('proxy'),
        exited('proxy', 1),
        exited('web', 1),
        start('proxy'),
        spawned('proxy', 2, 17),
        { type: 'ready', daemon: 'proxy', run: 2 },
        spawned('web', 2, 18),
        isReady(2),
      ),
    ).toMatchInlineSnapshot(`
      given                    proxy: running, run 1, pid 7, ready
                               web: running, run 1, pid 8, not ready
      stop proxy (uid 1000)    proxy: terminating, run 1, pid 7, then requested
                               web: terminating, run 1, pid 8, then up
                               > TERM to proxy 1, arm escalate:proxy:1 4250 ms, report held,
                                 disarm ready:web:1, TERM to web 1, arm escalate:web:1 4250 ms
      exited proxy 1: code 0   proxy: stopped, run 1, requested
                               > disarm escalate:proxy:1, report stopped, report ticket 2 done
      exited web 1: code 0     web: waiting, run 1
                               > disarm escalate:web:1, report stopped, arm waiting 5000 ms
      start proxy (uid 1000)   proxy: starting, run 2, wants up
                               > spawn proxy 2
      spawned proxy 2: pid 17  proxy: running, run 2, pid 17, not ready
                               > report started, arm ready:proxy:2 1000 ms
      ready proxy 2            proxy: running, run 2, pid 17, ready
                               web: starting, run 2, wants up
                               > disarm ready:proxy:2, report ready, report ticket 3 done by run 2,
                                 spawn web 2, disarm waiting
      spawned web 2: pid 18    web: running, run 2, pid 18, not ready
                               > report started, arm ready:web:2 1000 ms
      ready web 2              web: running, run 2, pid 18, ready
                               > disarm ready:web:2, report ready, report ticket 1 done by run 2
    `)
  })

  test('another one once the new run is spawned: the first is superseded, unless it is done', () => {
    expect(
      story(
        up(web)
          .play(...anew)
          .given(),
        restart('web'),
        exited('web', 2),
        spawned('web', 3, 27),
        isReady(3),
      ),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 2, pid 17, not ready
                              db: running, run 1, pid 8
      restart web (uid 1000)  web: terminating, run 2, pid 17, then up
                              > report ticket 1 superseded, disarm ready:web:2, TERM to web 2,
                                arm escalate:web:2 4250 ms
      exited web 2: code 0    web: starting, run 3, wants up
                              > disarm escalate:web:2, report stopped, spawn web 3
      spawned web 3: pid 27   web: running, run 3, pid 27, not ready
                              > report started, arm ready:web:3 1000 ms
      ready web 3             web: running, run 3, pid 27, ready
                              > disarm ready:web:3, report ready, report ticket 2 done by run 3
    `)
  })
})

const failures: readonly [string, Beat[], string][] = [
  ['dies before it is ready', [exited('web', 2, 3)], 'exit code 3 before it was ready'],
  [
    'dies, and its tree is not gone',
    [leaderExited('web', 2, 'KILL')],
    'signal KILL before it was ready',
  ],
  [
    'has an end that is fine before it is ready',
    [exited('web', 2, 0)],
    'exit code 0 before it was ready',
  ],
  ['is not ready in time', [elapsed('ready', 'web', 2)], 'not ready in time'],
]

describe('a restart has failed when the new run', () => {
  test.each(failures)('%s', (_, beats, why) => {
    const game = up(web).play(...anew, ...beats)
    expect(endOf(game)).toMatchObject({ kind: 'failed', why })
  })

  test.each(failures)('%s, even if the policy restarts it', (_, beats, why) => {
    const bundle = plan({ web: { ready: slow, restart: { policy: 'always' } }, db: {} })
    const game = up(bundle).play(...anew)
    expect(ticketsOf(game.play(...beats))[0]).toMatchObject({
      by: { kind: 'client' },
      outcome: { why },
    })
    expect(game.state.tickets.get('web')).toMatchObject({
      by: { kind: 'policy' },
      why,
      outcome: { kind: 'open' },
    })
  })

  test('cannot be started', () => {
    const game = up(web).play(restart('web'), exited('web', 1), spawnFailed('web', 2))
    expect(endOf(game)).toMatchObject({ kind: 'failed', why: 'cannot start it: exec: ENOENT' })
  })

  test('is not started because a dependency has failed', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] }, log: {} })
    const game = up(bundle).play(exited('db', 1, 3), restart('web'), exited('web', 1))
    expect(endOf(game)).toMatchObject({ kind: 'failed', why: 'it needs db, which has failed' })
  })

  test('is a job and fails', () => {
    const bundle = plan({ web: { kind: 'job' }, db: {} })
    const game = up(bundle).play(start('web'), later(20, exited('web', 1, 3)))
    expect(endOf(game)).toEqual({ kind: 'failed', why: 'exit code 3', tookMs: 20 })
  })

  test('replaces one that was lost, and dies', () => {
    const game = up(web).play(restart('web'), exited('web', 1), reconcile(alive('db', 1, 8)))
    game.play(spawned('web', 3, 17), exited('web', 3, 3))
    expect(endOf(game)).toMatchObject({ kind: 'failed', why: 'exit code 3 before it was ready' })
  })
})

describe('a ticket records', () => {
  test('when the old run was over, and when the new one was spawned', () => {
    const game = up(web).play(isReady(1), later(10, restart('web')), later(30, exited('web', 1)))
    game.play(later(2, spawned('web', 2, 17)), later(500, isReady(2)))
    expect(game.state.tickets.get('web')).toMatchObject({
      requestedAtMs: beginMs + 10,
      old: { run: 1, pid: 7 },
      stoppedAtMs: beginMs + 40,
      spawnedAtMs: beginMs + 42,
      outcome: { kind: 'done', now: { run: 2, pid: 17 }, changed: true, tookMs: 532 },
    })
  })

  test('for a start that waits for a run: no stop and no spawn', () => {
    const game = up(web).play(start('web'), later(40, isReady(1)))
    expect(game.state.tickets.get('web')).toMatchObject({
      old: { run: 1, pid: 7 },
      stoppedAtMs: null,
      spawnedAtMs: null,
      outcome: { kind: 'done', now: { run: 1, pid: 7 }, changed: false, tookMs: 40 },
    })
  })

  test('for a stop: when the run was over, and no new run', () => {
    const game = up(web).play(stop('web'), later(40, exited('web', 1)))
    expect(game.state.tickets.get('web')).toMatchObject({
      stoppedAtMs: beginMs + 40,
      spawnedAtMs: null,
      outcome: { kind: 'done', now: null, changed: true, tookMs: 40 },
    })
  })

  test('the ticket that supersedes it', () => {
    const game = up(web).play(restart('web'), stop('web'))
    expect(endOf(game)).toEqual({ kind: 'superseded', by: 2, verb: 'stop', tookMs: 0 })
  })

  test('the first requester, its reason, and the number of requests', () => {
    const ann: Requester = { kind: 'client', uid: 0, pid: 12, daemon: 'agent' }
    const first = { ...restart('web', ann), why: 'new certificate' } as Beat
    const game = up(web).play(first, restart('web'))
    expect(game.state.tickets.get('web')).toMatchObject({
      by: ann,
      why: 'new certificate',
      requests: 2,
    })
  })
})

describe('a request with a token is answered with its ticket', () => {
  test('which is new and open', () => {
    const game = up(web).play(restart('web', undefined, 71))
    expect(game.effects[0]).toMatchObject({
      type: 'accepted',
      token: 71,
      joined: false,
      ticket: { id: 1, outcome: { kind: 'open' } },
    })
  })

  test('which it has joined', () => {
    const game = up(web).play(restart('web'), restart('web', undefined, 72))
    expect(game.effects).toMatchObject([
      { type: 'accepted', token: 72, joined: true, ticket: { id: 1, requests: 2 } },
    ])
  })

  test.each<[string, Beat[]]>([
    ['of a daemon that is not there', [restart('ghost', undefined, 73)]],
    ['of a daemon that is ready', [isReady(1), start('web', undefined, 73)]],
    ['of a daemon that is stopped', [exited('web', 1), stop('web', undefined, 73)]],
    ['in a shutdown', ['TERM', restart('web', undefined, 73)]],
    ['when all have ended', [exited('web', 1), exited('db', 1), restart('web', undefined, 73)]],
  ])('before its end, where that comes at once: %s', (_, beats) => {
    const { effects } = up(web).play(...beats)
    expect(effects).toMatchObject([
      { type: 'accepted', token: 73, ticket: { outcome: { kind: 'open' } } },
      { type: 'report', note: { kind: 'ticket' } },
    ])
  })

  test('a request without a token is not answered', () => {
    const game = up(web).play(restart('web'))
    expect(game.effects.filter(({ type }) => type === 'accepted')).toEqual([])
  })
})

describe('after a failure inside pitcrew', () => {
  test('a run that was spawned and is ready satisfies the request', () => {
    const game = up(web).play(isReady(1), restart('web'), exited('web', 1))
    game.play(reconcile({ ...alive('web', 2, 17), ready: true }, alive('db', 1, 8)))
    expect(endOf(game)).toMatchObject({ kind: 'done', now: { run: 2, pid: 17 } })
  })

  test('a run that is over by then has failed the request', () => {
    const game = up(web).play(...anew, reconcile(ended('web', 2, 17, 3), alive('db', 1, 8)))
    expect(endOf(game)).toMatchObject({ kind: 'failed', why: 'exit code 3 before it was ready' })
  })

  test('a stop is done when no process is left', () => {
    const game = up(web).play(stop('web'), reconcile(alive('db', 1, 8)))
    expect(endOf(game)).toMatchObject({ kind: 'done', now: null })
  })

  test('a request that is still under way stays open', () => {
    const game = up(web).play(stop('web'), reconcile(alive('web', 1, 7), alive('db', 1, 8)))
    expect(ticketsOf(game)).toEqual([])
    expect(endOf(game.play(exited('web', 1)))).toMatchObject({ kind: 'done' })
  })

  test('a request that can no longer be satisfied fails with a reason', () => {
    const game = up(web).play(isReady(1))
    // As if memory had run out between committing the tickets and the daemons.
    const { tickets } = up(web).play(isReady(1), restart('web')).state
    game.state.tickets.set('web', tickets.get('web') as Ticket)
    game.play(reconcile(alive('web', 1, 7), alive('db', 1, 8)))
    expect(endOf(game)).toMatchObject({
      kind: 'failed',
      why: 'it was lost in an internal error of pitcrew',
    })
  })
})

/** The tickets that ended in the last step. */
function ticketsOf({ effects }: Game): Ticket[] {
  return effects.flatMap((effect) =>
    effect.type === 'report' && effect.note.kind === 'ticket' ? [effect.note.ticket] : [],
  )
}

function endOf(game: Game): Outcome | undefined {
  return ticketsOf(game).at(-1)?.outcome
}
