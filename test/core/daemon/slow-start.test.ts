/** A slow start: the process exists and has not executed its command yet. */
import { expect, test } from 'vitest'
import { later, reconcile, spawned, stop, type TimelessEvent } from '../events.ts'
import { plan } from '../plans.ts'
import { Game, story } from '../story.ts'

const always = { policy: 'always', backoffMs: 200, backoffMaxMs: 30_000 } as const
const executed: TimelessEvent = { type: 'executed', daemon: 'web', run: 1 }
const slow: TimelessEvent = { type: 'spawned', daemon: 'web', run: 1, pid: 7, isSlow: true }
const failure = { step: 'exec', errno: 'EACCES' }
const failed = {
  type: 'exited' as const,
  daemon: 'web',
  run: 1,
  code: 127,
  signal: 0,
  gone: true,
  outputOpen: false,
  failure,
}
const bundle = plan({ web: { restart: always }, db: { after: ['web'] } })

test('a run is not ready before its command is executed', () => {
  expect(story(bundle, 'boot', slow, later(900, executed))).toMatchInlineSnapshot(`
    0 ms    boot                        web: starting, run 1, wants up
                                        db: waiting
                                        > spawn web 1, arm waiting 5000 ms
    0 ms    spawned web 1: pid 7, slow  web: running, run 1, pid 7
                                        > report started
    900 ms  executed web 1              db: starting, run 1, wants up
                                        > spawn db 1, disarm waiting
  `)
})

test('a run is not probed before its command is executed', () => {
  const probe = { sign: { type: 'tcp', host: '127.0.0.1', port: 80 } } as const
  const probed = plan({ web: { ready: { ...probe, timeoutMs: 5000, intervalMs: 100 } } })
  const live = { daemon: 'web', run: 1, pid: 7, exit: null, gone: false, ready: false }
  const again = [reconcile({ ...live, isSlow: true }), later(900, executed), reconcile(live)]
  expect(story(probed, 'boot', slow, ...again)).toMatchInlineSnapshot(`
    0 ms    boot                          web: starting, run 1, wants up
                                          > spawn web 1
    0 ms    spawned web 1: pid 7, slow    web: running, run 1, pid 7, not ready
                                          > report started, arm ready:web:1 5000 ms
    0 ms    reconcile web 1: pid 7, slow  > arm ready:web:1 5000 ms
    900 ms  executed web 1                > watch web 1 for ready
    900 ms  reconcile web 1: pid 7        > arm ready:web:1 4100 ms, watch web 1 for ready
  `)
})

test('a run that is never executed was not started, and the policy decides', () => {
  expect(story(bundle, 'boot', slow, later(900, failed))).toMatchInlineSnapshot(`
    0 ms    boot                                     web: starting, run 1, wants up
                                                     db: waiting
                                                     > spawn web 1, arm waiting 5000 ms
    0 ms    spawned web 1: pid 7, slow               web: running, run 1, pid 7
                                                     > report started
    900 ms  exited web 1: not executed: exec EACCES  web: backoff, run 1
                                                     > report start-failed,
                                                       arm backoff:web:1 200 ms
  `)
})

test('a run can be stopped before its command is executed', () => {
  const game = new Game(bundle).play('boot', slow, stop('web'))
  expect(game.daemon('web')).toMatchObject({ phase: 'terminating', pid: 7 })
  expect(game.play(failed).daemon('web')).toMatchObject({ phase: 'stopped', last: { failure } })
})

test('a job that was never executed has failed', () => {
  const game = new Game(plan({ web: { kind: 'job' } })).play('boot', slow, failed)
  expect(game.daemon('web')).toMatchObject({ phase: 'stopped', end: 'failed' })
})

test('after a failure inside pitcrew the host says whether it is executed', () => {
  const live = { daemon: 'web', run: 1, pid: 7, exit: null, gone: false, ready: false }
  const lost = new Game(bundle).play('boot')
  const isReady = (event: TimelessEvent): unknown =>
    new Game(bundle).play('boot', slow, event).daemon('web')
  expect(lost.play(reconcile({ ...live, isSlow: true })).daemon('web')).toMatchObject({
    readyAtMs: null,
  })
  expect(isReady(reconcile({ ...live, isSlow: true }))).toMatchObject({ readyAtMs: null })
  expect(isReady(reconcile(live))).toMatchObject({ readyAtMs: expect.any(Number) })
  const ended = { ...live, gone: true, exit: { code: 127, signal: 0, failure } }
  expect(isReady(reconcile(ended))).toMatchObject({ phase: 'backoff', last: { failure } })
})

test('a run that is executed at once is ready at once', () => {
  const game = new Game(bundle).play('boot', spawned('web', 1, 7))
  expect(game.daemon('web')).toMatchObject({ readyAtMs: expect.any(Number) })
})
