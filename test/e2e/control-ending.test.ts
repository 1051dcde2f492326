/** Clients at the end of everything: who comes when all others were answered already is told what is. */
import { expect, test } from 'vitest'
import { socketOf, tryConnect } from './control-client.ts'
import { Pitcrew, sh } from './pitcrew.ts'
import { release } from './processes.ts'

const waits = 'cd "$PITCREW_STATE_DIR"; mkfifo go; echo waits; read _ <go'

test('who comes while the end waits for the command of a death is told that it is one', async () => {
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
  const client = await tryConnect(socketOf(pitcrew))
  if (client === null) throw new Error('nobody listens')
  await client.closed
  const failed = { code: 'FAILED', message: 'cannot answer any more: pitcrew ends', hint: null }
  expect([client.greeting, ...client.lines]).toEqual([null, { id: null, failed }])
  await release(pitcrew)
  expect(await pitcrew.exitCode()).toBe(3)
})
