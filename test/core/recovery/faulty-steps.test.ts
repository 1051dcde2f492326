/** Whichever step fails, and however: all daemons come up, a restart ends, and a shutdown is over
 *  within its deadline with no process left. */
import { describe, expect, test } from 'vitest'
import { restart } from '../events.ts'
import { FaultyHost, stepFaults } from '../faulty-host.ts'
import { plan } from '../plans.ts'

const bundle = plan({
  db: {},
  web: { after: ['db'] },
  api: { after: ['db'] },
  edge: { after: ['web', 'api'] },
})
/** More steps than a run of the test has. */
const steps = Array.from({ length: 40 }, (_, index) => index)

describe.each(stepFaults)('%s', (fault) => {
  test('at any step of a start and a restart: all are running', () => {
    for (const at of steps) {
      const host = new FaultyHost(bundle, fault, at)
      host.play('boot', restart('web'), restart('db'))
      const phases = ['db', 'web', 'api', 'edge'].map((name) => host.phaseOf(name))
      expect(phases, `step ${at}`).toEqual(['running', 'running', 'running', 'running'])
      expect(host.alive, `step ${at}`).toHaveLength(4)
    }
  })

  test.each([
    ['all obey', []],
    ['one does not', ['api']],
    ['none does', ['db', 'web', 'api', 'edge']],
  ])('at any step of a life, %s: the end comes, in time, and nothing is left', (_, deaf) => {
    for (const at of steps) {
      const host = new FaultyHost(bundle, fault, at, deaf)
      host.play('boot', restart('web'), 'TERM')
      expect(host.finished, `step ${at}`).toMatchObject({ report: { code: 0 } })
      expect(host.alive, `step ${at}`).toEqual([])
      expect(host.nowMs, `step ${at}`).toBeLessThanOrEqual(bundle.deadlineMs)
    }
  })
})

test('when the main daemon ends, too', () => {
  const agent = plan({ db: {}, agent: { main: true, after: ['db'] } })
  for (const fault of stepFaults) {
    for (const at of steps) {
      const host = new FaultyHost(agent, fault, at)
      host.play('boot')
      host.die('agent', 5)
      expect(host.finished, `${fault}, step ${at}`).toMatchObject({ report: { code: 5 } })
      expect(host.alive, `${fault}, step ${at}`).toEqual([])
    }
  }
})
