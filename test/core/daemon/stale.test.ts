/** An event of run k has no effect once run k + 1 has begun. */
import { describe, expect, test } from 'vitest'
import {
  type Beat,
  elapsed,
  exited,
  gone,
  leaderExited,
  outputClosed,
  restart,
  spawned,
  spawnFailed,
  type TimelessEvent,
} from '../events.ts'
import { plan } from '../plans.ts'
import { type Game, up } from '../story.ts'

const again: Beat[] = [restart('web'), exited('web', 1)]
const twice: Beat[] = [...again, spawned('web', 2, 17)]
const ending: Beat[] = [...twice, restart('web')]
const killing: Beat[] = [...ending, elapsed('escalate', 'web', 2), elapsed('grace', 'web', 2)]

const moments: [phase: string, beats: Beat[]][] = [
  ['starting', again],
  ['running', twice],
  ['terminating', ending],
  ['killing', killing],
  ['stopped', [...twice, exited('web', 2, 3)]],
]

function fromRun(run: number): TimelessEvent[] {
  return [
    spawned('web', run, 99),
    spawnFailed('web', run),
    exited('web', run, 9),
    exited('web', run, 'SEGV', 'output open'),
    leaderExited('web', run, 9),
    gone('web', run),
    elapsed('escalate', 'web', run),
    elapsed('grace', 'web', run),
    elapsed('stuck', 'web', run),
  ]
}

function isUntouchedBy(game: Game, beat: Beat): void {
  const before = game.daemon('web')
  expect(game.play(beat).effects).toEqual([])
  expect(game.daemon('web')).toBe(before)
}

describe.each(moments)('run 2 is %s', (phase, beats) => {
  test.each([1, 3])('events of run %i have no effect', (run) => {
    const game = up(plan({ web: {}, db: {} })).play(...beats)
    expect(game.daemon('web')).toMatchObject({ phase, run: 2 })
    for (const beat of fromRun(run)) isUntouchedBy(game, beat)
  })

  test('the output of run 1 is closed without that of run 2', () => {
    const game = up(plan({ web: {}, db: {} })).play(...beats)
    expect(game.play(elapsed('linger', 'web', 1)).effects).toEqual([
      { type: 'close-output', daemon: 'web', run: 1 },
    ])
    isUntouchedBy(game, elapsed('escalate', 'web', 1))
    expect(game.play(outputClosed('web', 1)).effects).toEqual([
      { type: 'disarm', timer: { kind: 'linger', daemon: 'web', run: 1 } },
    ])
  })
})

test('events of a daemon that is not in the plan have no effect', () => {
  const game = up(plan({ web: {} }))
  for (const beat of [exited('db', 1, 1), spawned('db', 1, 9), elapsed('grace', 'db', 1)]) {
    isUntouchedBy(game, beat)
  }
})

test('the timer of a deadline without a shutdown has no effect', () => {
  isUntouchedBy(up(plan({ web: {} })), elapsed('deadline'))
})
