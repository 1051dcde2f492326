/** Runs small versions of the measurements with the floor and pitcrew. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bench } from './bench.ts'

const { compileAll } = await bench('compile.mjs')
const { removeScratch } = await bench('scratch.mjs')
const { floor } = await bench('contenders/floor.mjs')
const { pitcrew } = await bench('contenders/pitcrew.mjs')
const { chain } = await bench('measures/chain.mjs')
const { death } = await bench('measures/death.mjs')
const { lifecycle } = await bench('measures/lifecycle.mjs')
const { log } = await bench('measures/log.mjs')
const { restart } = await bench('measures/restart.mjs')
const { storm } = await bench('measures/storm.mjs')

beforeAll(async () => {
  await compileAll()
  expect(pitcrew.absent()).toBeNull()
})
afterAll(removeScratch)

describe.each([floor, pitcrew])('$name', (contender) => {
  test('is measured from the boot of four daemons to the end of their stop', async () => {
    const values = await lifecycle.run(contender, 4, { wants: () => true, idleMs: 50 })
    expect(Object.keys(values).sort()).toEqual(
      ['boot-4', 'idle-4', 'memory-4', 'own-4', 'stop-4', 'wake-ups-4'].sort(),
    )
    expect(values['boot-4']).toBeGreaterThan(0)
    expect(values['memory-4']).toBeGreaterThan(0.1)
    expect(values['memory-4']).toBeGreaterThan(values['own-4'] as number)
    expect(values['wake-ups-4']).toBeGreaterThanOrEqual(0)
    expect(values['stop-4']).toBeGreaterThan(0)
  })

  test('passes on the lines of four writers correctly', async () => {
    const values = await log.run(contender, { lineBytes: 100, producers: 4 }, { logBytes: 4e6 })
    expect(values['log-100-4']).toBeGreaterThan(1)
    expect(values['cpu-100-4']).toBeGreaterThan(0)
  })

  test('restarts the right one of four daemons', async () => {
    const values = await restart.run(contender, 4, { restarts: 3 })
    expect(values.restart).toBeGreaterThan(0)
  })

  test('restarts one of four daemons that was killed', async () => {
    const values = await death.run(contender, 4, {})
    expect(values.death).toBeGreaterThan(0)
  })

  test('starts a chain of five daemons', async () => {
    const values = await chain.run(contender, 5, {})
    expect(values['chain-5']).toBeGreaterThan(0)
  })
})

test('pitcrew is measured while five daemons die continuously', async () => {
  const values = await storm.run(pitcrew, 5, { stormMs: 500 })
  expect(values['storm-cpu']).toBeGreaterThan(0)
  expect(values['storm-log']).toBeGreaterThan(0)
})
