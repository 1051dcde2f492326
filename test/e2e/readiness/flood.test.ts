/** FAULTS 37: daemons that send messages of sd_notify in an endless loop, of as many lines as they may have. */
import { expect, test } from 'vitest'
import { runVerb } from '../support/cli.ts'
import { residentKib } from '../support/cost.ts'
import { compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'

const FLOODS = compileFixture('hostile-notify')
const floods = { command: [FLOODS], watchdog: '10s', stop: { grace: '500ms' } }
/** What pitcrew may need more than a quiet one does, in KiB. */
const moreKib = 6 * 1024

test('floods of messages cost neither memory nor an answer, and TERM is taken at once', async () => {
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
  const askedMs = performance.now()
  pitcrew.signal('SIGTERM')
  await pitcrew.line('TERM: stopping 4 daemons')
  const takenMs = performance.now() - askedMs
  expect(await pitcrew.exitCode()).toBe(0)
  console.info(`TERM was taken after ${takenMs.toFixed(1)} ms`)
  // Ignored TERM, killed at the end of the grace: not delayed by what they send.
  expect(performance.now() - askedMs).toBeLessThan(5000)
  expect(takenMs).toBeLessThan(1000)
  expect(pitcrew.lines.join('\n')).not.toContain('internal error')
})
