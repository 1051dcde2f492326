/** A stall of stdout: the line by which a daemon is ready may not be read. */
import { expect, test } from 'vitest'
import { elapsed, later, reconcile, spawned, type TimelessEvent } from '../events.ts'
import { plan } from '../plans.ts'
import { story } from '../story.ts'

const ready = { sign: { type: 'log', text: 'up' }, timeoutMs: 5000, intervalMs: 100 } as const
const probe = { type: 'tcp', host: '127.0.0.1', port: 80 } as const
const bundle = plan({ web: { ready } })
const stalled: TimelessEvent = { type: 'output-stalled', sinceMs: 0, errno: 'EAGAIN' }
const resumed: TimelessEvent = { type: 'output-resumed' }

test('the time to print the readiness line is suspended in a stall and starts over after it', () => {
  const late = elapsed('ready', 'web', 1)
  expect(
    story(
      bundle,
      'boot',
      spawned('web', 1, 7),
      later(1000, stalled),
      late,
      later(2000, resumed),
      late,
    ),
  ).toMatchInlineSnapshot(`
    0 ms      boot                   web: starting, run 1, wants up
                                     > spawn web 1
    0 ms      spawned web 1: pid 7   web: running, run 1, pid 7, not ready
                                     > report started, arm ready:web:1 5000 ms
    1000 ms   output-stalled EAGAIN  > report output-stalled
    5000 ms   elapsed ready:web:1
    7000 ms   output-resumed         > report output-resumed, arm ready:web:1 5000 ms
    12000 ms  elapsed ready:web:1    web: terminating, run 1, pid 7, then failed
                                     > report unfit, TERM to web 1, arm escalate:web:1 4250 ms
  `)
})

test('the time of a probe goes on in a stall, since it needs no output', () => {
  const probed = plan({ web: { ready: { ...ready, sign: probe } } })
  const events = [spawned('web', 1, 7), stalled, elapsed('ready', 'web', 1)]
  expect(story(probed, 'boot', ...events)).toMatchInlineSnapshot(`
    0 ms     boot                   web: starting, run 1, wants up
                                    > spawn web 1
    0 ms     spawned web 1: pid 7   web: running, run 1, pid 7, not ready
                                    > report started, arm ready:web:1 5000 ms,
                                      watch web 1 for ready
    0 ms     output-stalled EAGAIN  > report output-stalled
    5000 ms  elapsed ready:web:1    web: terminating, run 1, pid 7, then failed
                                    > report unfit, unwatch web 1, TERM to web 1,
                                      arm escalate:web:1 4250 ms
  `)
})

test('of many stalls one a minute is reported, with its end', () => {
  const again: TimelessEvent = { type: 'output-stalled', sinceMs: 30_000, errno: 'EAGAIN' }
  const muchLater: TimelessEvent = { type: 'output-stalled', sinceMs: 99_000, errno: 'ENOMEM' }
  expect(
    story(
      bundle,
      stalled,
      later(9000, resumed),
      later(30_000, again),
      later(1000, resumed),
      later(59_000, muchLater),
      later(1000, resumed),
    ),
  ).toMatchInlineSnapshot(`
    0 ms       output-stalled EAGAIN    report output-stalled
    9000 ms    output-resumed           report output-resumed
    39000 ms   output-stalled EAGAIN
    40000 ms   output-resumed
    99000 ms   output-stalled ENOMEM    report output-stalled
    100000 ms  output-resumed           report output-resumed
  `)
})

test('a lost end of a stall is known after the recovery', () => {
  const alive = { daemon: 'web', run: 1, pid: 7, exit: null, gone: false, ready: false }
  expect(
    story(bundle, 'boot', spawned('web', 1, 7), stalled, later(9000, reconcile(alive))),
  ).toMatchInlineSnapshot(`
    0 ms     boot                    web: starting, run 1, wants up
                                     > spawn web 1
    0 ms     spawned web 1: pid 7    web: running, run 1, pid 7, not ready
                                     > report started, arm ready:web:1 5000 ms
    0 ms     output-stalled EAGAIN   > report output-stalled
    9000 ms  reconcile web 1: pid 7  > arm ready:web:1 0 ms, report output-resumed,
                                       arm ready:web:1 5000 ms
  `)
})
