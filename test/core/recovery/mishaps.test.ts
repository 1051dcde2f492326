/** Whichever step fails, and however: all daemons come up, a restart ends, and a shutdown is over
 *  within its deadline with no process left. */
import { describe, expect, test } from 'vitest'
import { restart } from '../events.ts'
import { mishaps, World } from '../mishaps.ts'
import { plan } from '../plans.ts'

const bundle = plan({
  db: {},
  web: { after: ['db'] },
  api: { after: ['db'] },
  edge: { after: ['web', 'api'] },
})
/** More steps than a run of the test has. */
const steps = Array.from({ length: 40 }, (_, index) => index)

describe.each(mishaps)('%s', (mishap) => {
  test('at any step of a start and a restart: all are running', () => {
    for (const at of steps) {
      const world = new World(bundle, mishap, at)
      world.play('boot', restart('web'), restart('db'))
      const phases = ['db', 'web', 'api', 'edge'].map((name) => world.phaseOf(name))
      expect(phases, `step ${at}`).toEqual(['running', 'running', 'running', 'running'])
      expect(world.alive, `step ${at}`).toHaveLength(4)
    }
  })

  test.each([
    ['all obey', []],
    ['one does not', ['api']],
    ['none does', ['db', 'web', 'api', 'edge']],
  ])('at any step of a life, %s: the end comes, in time, and nothing is left', (_, deaf) => {
    for (const at of steps) {
      const world = new World(bundle, mishap, at, deaf)
      world.play('boot', restart('web'), 'TERM')
      expect(world.finished, `step ${at}`).toMatchObject({ report: { code: 0 } })
      expect(world.alive, `step ${at}`).toEqual([])
      expect(world.nowMs, `step ${at}`).toBeLessThanOrEqual(bundle.deadlineMs)
    }
  })
})

test('when the main daemon ends, too', () => {
  const agent = plan({ db: {}, agent: { main: true, after: ['db'] } })
  for (const mishap of mishaps) {
    for (const at of steps) {
      const world = new World(agent, mishap, at)
      world.play('boot')
      world.die('agent', 5)
      expect(world.finished, `${mishap}, step ${at}`).toMatchObject({ report: { code: 5 } })
      expect(world.alive, `${mishap}, step ${at}`).toEqual([])
    }
  }
})
