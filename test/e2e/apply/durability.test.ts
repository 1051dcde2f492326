/** pitcrew is killed in the middle of a change: the next boot undoes what was not verified, before
 *  the daemon reads it, and says so. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Configured } from '../support/configured.ts'
import { eventually } from '../support/processes.ts'

let state = ''
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'pitcrew-state-'))
})
afterEach(() => rmSync(state, { recursive: true, force: true }))

/** The step of the change under way. */
async function stepOf(web: Configured): Promise<string> {
  const client = await web.secondClient()
  const { change } = (await client.done('ticket', { ticket: 1 })) as { change: { step: string } }
  client.hangUp()
  return change.step
}

test.each([
  ['it is verified', 'late', {}, 'activating'],
  ['it is confirmed', 'two', { confirmMs: 60_000 }, 'confirming'],
])('a KILL before %s', async (_, content, more, step) => {
  await using web = new Configured({ watch: false }, {}, state)
  await web.pitcrew.line('[web] ready')
  void web.apply(`${content}\n`, more).catch(() => {})
  await web.pitcrew.line(`[web] uses ${content}`)
  for (let now = ''; now !== step; ) now = await stepOf(web)
  process.kill(web.pitcrew.pid, 'SIGKILL')
  await web.pitcrew.ended
  expect(web.content).toBe(`${content}\n`)

  await using next = web.again()
  await next.line('is rolled back: pitcrew ended before it was')
  await next.line('[web] uses one')
  expect(next.lines.some((line) => line.includes(`uses ${content}`))).toBe(false)
  expect(web.content).toBe('one\n')
  expect(readdirSync(web.folder)).toEqual(['web.conf'])
})

test('a shutdown undoes a change that is not verified', async () => {
  await using web = new Configured({ watch: false }, {}, state)
  await web.pitcrew.line('[web] ready')
  void web.apply('late\n').catch(() => {})
  await web.pitcrew.line('[web] uses late')
  web.pitcrew.signal('SIGTERM')
  await web.pitcrew.ended
  await using next = web.again()
  await next.line('[web] uses one')
  await eventually('the file has its old content', () => web.content === 'one\n')
})
