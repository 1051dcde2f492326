/** FAULTS 37: daemons that send sd_notify messages of the maximum length in an endless loop. */
import { expect, test } from 'vitest'
import { runVerb } from '../support/cli.ts'
import { residentKib } from '../support/cost.ts'
import { compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'

const FLOODS = compileFixture('hostile-notify')
const floods = { command: [FLOODS], watchdog: '10s', stop: { grace: '500ms' } }
/** The memory that a flood may add, in KiB. */
const moreKib = 6 * 1024

test('floods of sd_notify messages cost little memory, and clients and TERM are served at once', async () => {
  const calm = { command: sh('echo up; exec sleep 1000') }
  await using pitcrew = new Pitcrew({ daemons: { calm, a: floods, b: floods, c: floods } })
  await pitcrew.line('[calm] up')
  for (const name of ['a', 'b', 'c']) await pitcrew.line(`[${name}] flooding`)
  const before = residentKib(pitcrew)
  for (let times = 0; times < 5; times++) {
    const { status, out } = await runVerb(pitcrew, 'status')
    expect(status, out.join('\n')).toBe(0)
  }
  expect((await runVerb(pitcrew, 'restart', 'calm')).status).toBe(0)
  expect(residentKib(pitcrew) - before).toBeLessThan(moreKib)
  const requestedMs = performance.now()
  pitcrew.signal('SIGTERM')
  await pitcrew.line('TERM: stopping 4 daemons')
  const handledMs = performance.now() - requestedMs
  expect(await pitcrew.exitCode()).toBe(0)
  console.info(`TERM was handled after ${handledMs.toFixed(1)} ms`)
  // The daemons ignore TERM and are killed at the end of their grace, which the messages do not delay.
  expect(performance.now() - requestedMs).toBeLessThan(5000)
  expect(handledMs).toBeLessThan(1000)
  expect(pitcrew.lines.join('\n')).not.toContain('internal error')
})
