/** Clients are answered until pitcrew exits. */
import { expect, test } from 'vitest'
import { runVerb } from '../support/cli.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { release } from '../support/processes.ts'

const waits = 'cd "$PITCREW_STATE_DIR"; mkfifo go; echo waits; read _ <go'

test('clients are answered while the end waits for the command of a death', async () => {
  const web = {
    command: sh('exit 3'),
    main: true,
    restart: 'never',
    onDeath: { command: sh(waits) },
  }
  const db = { command: sh('exec sleep 1000') }
  await using pitcrew = new Pitcrew({ daemons: { web, db } })
  await pitcrew.line('[web:death] waits')
  await pitcrew.line('db: stopped')
  expect((await runVerb(pitcrew, 'status')).out[0]).toMatch(
    /^pitcrew: 2 daemons, 0 ready, stopping, /,
  )
  const { status, out } = await runVerb(pitcrew, 'shutdown')
  expect([status, out[0]]).toEqual([0, expect.stringContaining('exit code 3')])
  expect((await runVerb(pitcrew, 'start', 'web')).err[0]).toContain('pitcrew is shutting down')
  await release(pitcrew)
  expect(await pitcrew.exitCode()).toBe(3)
})
