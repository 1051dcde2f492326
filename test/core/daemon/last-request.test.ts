/** The desired state is kept apart from the phase, so that the last request wins. */
import { describe, expect, test } from 'vitest'
import { stepDaemon } from '../../../src/core/daemon/daemon.ts'
import type { Daemon, DaemonEvent } from '../../../src/core/daemon/phases.ts'
import { type Beat, elapsed, exited, gone, leaderExited, restart, spawned } from '../events.ts'
import { plan } from '../plans.ts'
import { beginMs, story, up } from '../story.ts'

const web = plan({ web: {} })
const atMs = beginMs
const killing: Beat[] = [restart('web'), elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1)]

/** Requests, and the state that they want the daemon to reach. */
const requests: readonly [DaemonEvent, string][] = [
  [{ type: 'start', atMs }, 'up'],
  [{ type: 'restart', graceMs: 500, atMs }, 'up'],
  [{ type: 'stop', graceMs: 500, atMs }, 'down'],
]

describe('of two requests to a daemon in transit', () => {
  test.each<[string, Beat[]]>([
    ['starting', [restart('web'), exited('web', 1)]],
    ['terminating', [restart('web')]],
    ['killing', killing],
  ])('the last one wins: %s', (phase, beats) => {
    const daemon = up(web)
      .play(...beats)
      .daemon('web')
    expect(daemon.phase).toBe(phase)
    for (const [first] of requests) {
      for (const [second, want] of requests) {
        expect(arrivalOf(tell(tell(daemon, first), second))).toEqual([phase, want])
      }
    }
  })
})

function arrivalOf(daemon: Daemon): [phase: string, want: unknown] {
  if ('want' in daemon) return [daemon.phase, daemon.want]
  return [daemon.phase, 'next' in daemon && daemon.next === 'requested' ? 'down' : 'up']
}

function tell(daemon: Daemon, event: DaemonEvent): Daemon {
  return stepDaemon(daemon, event, [])
}

test('a start is honoured while the rest of a dead daemon is being killed', () => {
  expect(
    story(
      up(plan({ web: {}, db: {} })),
      leaderExited('web', 1, 3),
      elapsed('escalate', 'web', 1),
      elapsed('grace', 'web', 1),
      restart('web'),
      gone('web', 1),
      spawned('web', 2, 17),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                            web: running, run 1, pid 7
                                              db: running, run 1, pid 8
    0 ms     exited web 1: code 3, not alone  web: terminating, run 1, pid 7, then failed
                                              > report died, arm escalate:web:1 500 ms,
                                                TERM to the rest of web 1
    500 ms   elapsed escalate:web:1           > arm grace:web:1 500 ms
    1000 ms  elapsed grace:web:1              web: killing, run 1, pid 7, then failed
                                              > report killing, KILL to the tree of web 1,
                                                arm stuck:web:1 1000 ms
    1000 ms  restart web (uid 1000)           web: killing, run 1, pid 7, then up
    1000 ms  gone web 1                       web: starting, run 2, wants up
                                              > disarm escalate:web:1, spawn web 2
    1000 ms  spawned web 2: pid 17            web: running, run 2, pid 17
                                              > report started, report ticket 1 done by run 2
  `)
})
