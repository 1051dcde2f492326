/** A change of a configuration file as one transaction, with real files and processes. */
import { expect, test } from 'vitest'
import { Configured } from '../support/configured.ts'

test('a content that works is applied, and only its daemon is restarted', async () => {
  await using web = new Configured({ watch: false })
  await web.pitcrew.line('[web] ready')
  const before = await (await web.client()).done('status')
  const done = await web.apply('two\n', { why: 'test' })
  expect(done).toMatchObject({ outcome: 'done', change: { result: 'applied', revision: 2 } })
  await web.pitcrew.line('[web] uses two')
  expect(web.content).toBe('two\n')
  const after = await (await web.client()).done('status')
  const pids = ({ daemons }: typeof before) =>
    (daemons as { name: string; run: number }[]).map(({ name, run }) => `${name} ${run}`)
  expect(pids(before)).toEqual(['web 1', 'other 1'])
  expect(pids(after)).toEqual(['web 2', 'other 1'])
})

test('the same content changes nothing', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  expect(await web.apply('one\n')).toMatchObject({
    changed: false,
    change: { result: 'unchanged' },
  })
  expect(web.pitcrew.lines.filter((line) => line.startsWith('[web] uses'))).toHaveLength(1)
})

test('a content that its check refuses changes nothing', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  const failed = await web.apply('refused\n')
  expect(failed).toMatchObject({ code: 'FAILED', change: { result: 'rejected' } })
  expect(web.content).toBe('one\n')
})

test.each(['bad', 'late'])(
  'a daemon that fails with "%s" gets its old content back',
  async (text) => {
    await using web = new Configured()
    await web.pitcrew.line('[web] ready')
    const failed = await web.apply(`${text}\n`)
    expect(failed).toMatchObject({ code: 'FAILED', change: { result: 'rolled back' } })
    expect(web.content).toBe('one\n')
    expect(web.pitcrew.lines.filter((line) => line.startsWith('[web] uses'))).toEqual([
      '[web] uses one',
      `[web] uses ${text}`,
      '[web] uses one',
    ])
  },
)

test('a change on disk is applied, once', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  web.write('two\n')
  await web.pitcrew.line('[web] uses two')
  await web.pitcrew.line('applied')
})

test('a bad change on disk is rolled back, and kept as a revision', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  web.write('bad\n')
  await web.pitcrew.line('rolled back')
  expect(web.content).toBe('one\n')
})

test('without a confirmation in time a change is rolled back', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  const failed = await web.apply('two\n', { confirmMs: 300 })
  expect(failed).toMatchObject({ change: { result: 'rolled back' } })
  expect(web.content).toBe('one\n')
})

test('a daemon that reloads on a signal keeps its run', async () => {
  const reload = { signal: 'HUP', settle: '100ms' }
  await using web = new Configured({ watch: false, reload })
  await web.pitcrew.line('[web] ready')
  const done = await web.apply('two\n')
  expect(done).toMatchObject({ change: { result: 'applied', activation: 'signal' } })
  await web.pitcrew.line('[web] uses two')
  expect(done).toMatchObject({ now: { run: 1 } })
})
