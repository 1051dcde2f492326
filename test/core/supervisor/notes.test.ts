/** The content of notes, of which stories show only the kind. */
import { describe, expect, test } from 'vitest'
import type { Note, ShutdownReason } from '../../../src/core/effect.ts'
import {
  alive,
  type Beat,
  elapsed,
  exited,
  later,
  reconcile,
  reconcileWithShutdown,
  restart,
  spawnFailed,
} from '../events.ts'
import { plan } from '../plans.ts'
import { Game, up } from '../story.ts'

const web = plan({ web: { command: ['/bin/web', '--port', '80'] } })

test('a failed start: the program and the step', () => {
  const game = new Game(web).play('boot', spawnFailed('web', 1, 'EACCES', 'cwd'))
  expect(notesOf(game)).toEqual([
    {
      kind: 'start-failed',
      daemon: 'web',
      run: 1,
      pid: 0,
      uptimeMs: 0,
      status: '',
      command: '/bin/web',
      verdict: { kind: 'over', why: 'policy' },
      step: 'cwd',
      errno: 'EACCES',
    },
  ])
})

test('a KILL: the time since the stop began', () => {
  const game = up(web).play(
    later(50, 'TERM'),
    elapsed('escalate', 'web', 1),
    elapsed('grace', 'web', 1),
  )
  expect(notesOf(game)).toEqual([{ kind: 'killing', daemon: 'web', run: 1, afterMs: 8500 }])
})

test('an end that was not observed: without a cause', () => {
  const game = up(web).play(restart('web'), reconcile())
  expect(notesOf(game)).toEqual([
    { kind: 'stopped', daemon: 'web', run: 1, pid: 7, code: 0, signal: 0 },
  ])
})

describe('a shutdown: its reason, the number of daemons and the deadline', () => {
  const bundle = plan({ agent: { main: true }, proxy: { critical: true }, db: {} })
  test.each<[string, Beat, ShutdownReason, daemons: number]>([
    ['a signal', 'INT', { kind: 'signal', signal: 'INT' }, 3],
    ['its terminal is gone', 'hangup', { kind: 'hangup' }, 3],
    ['main', exited('agent', 1), { kind: 'main-ended', daemon: 'agent' }, 2],
    ['critical', exited('proxy', 1, 1), { kind: 'critical-ended', daemon: 'proxy' }, 2],
    [
      'a signal that came with a failure',
      reconcileWithShutdown(alive('agent', 1, 7), alive('proxy', 1, 8), alive('db', 1, 9)),
      { kind: 'signal', signal: 'TERM' },
      3,
    ],
  ])('%s', (_, beat, reason, daemons) => {
    const note = { kind: 'shutdown', reason, daemons, deadlineMs: 9000 }
    expect(notesOf(up(bundle).play(beat))).toContainEqual(note)
  })

  test('of no daemons, before the boot', () => {
    const [note] = notesOf(new Game(bundle).play(reconcileWithShutdown()))
    expect(note).toMatchObject({ kind: 'shutdown', daemons: 0 })
  })
})

/** Of the last event. */
function notesOf({ effects }: Game): Note[] {
  return effects.flatMap((effect) => (effect.type === 'report' ? [effect.note] : []))
}
