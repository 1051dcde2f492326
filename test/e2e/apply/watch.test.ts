/** Changes of configuration files on disk: the content decides, and each is applied once. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Configured } from '../support/configured.ts'
import { eventually } from '../support/processes.ts'

const uses = ({ pitcrew }: Configured): string[] =>
  pitcrew.lines.filter((line) => line.startsWith('[web] uses'))

/** What the watcher has applied, in the order of the log. */
const applied = ({ pitcrew }: Configured): string[] =>
  pitcrew.lines.filter((line) => line.includes('apply (a change of'))

async function settled(web: Configured, content: string): Promise<void> {
  web.write(`${content}\n`)
  await eventually(`"${content}" is applied`, () => applied(web).length > 0)
}

test('a file that is written before a restart by a signal is one restart', async () => {
  await using web = new Configured({}, { signals: { USR1: { restart: ['web'] } } })
  await web.pitcrew.line('[web] ready')
  web.write('two\n')
  web.pitcrew.signal('SIGUSR1')
  await web.pitcrew.line('[web] uses two')
  // A later change shows that the watcher has seen the one before.
  web.write('three\n')
  await web.pitcrew.line('[web] uses three')
  await eventually('it is applied', () => applied(web).length > 0)
  expect(uses(web)).toEqual(['[web] uses one', '[web] uses two', '[web] uses three'])
  expect(applied(web)).toHaveLength(1)
})

test('a file that is changed and changed back is not applied', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  web.write('two\n')
  web.write('one\n')
  await settled(web, 'three')
  expect(uses(web)).toEqual(['[web] uses one', '[web] uses three'])
})

test('a burst of edits is applied once, with the last content', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  for (let count = 0; count < 200; count++) web.write(`${count}\n`)
  await settled(web, 'last')
  expect(uses(web)).toEqual(['[web] uses one', '[web] uses last'])
})

test('a content that is refused is reported once, and the next good one is applied', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  web.write('refused\n')
  await web.pitcrew.line('rejected')
  web.write('refused\n')
  web.write('two\n')
  await web.pitcrew.line('[web] uses two')
  expect(applied(web).filter((line) => line.includes('rejected'))).toHaveLength(1)
  expect(web.content).toBe('two\n')
})

test('the link of a ConfigMap is swapped', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  const at = (name: string): string => join(web.folder, name)
  mkdirSync(at('..1'))
  writeFileSync(at('..1/web.conf'), 'two\n')
  symlinkSync('..1', at('..data'))
  symlinkSync('..data/web.conf', at('new'))
  renameSync(at('new'), web.file)
  await web.pitcrew.line('[web] uses two')
  mkdirSync(at('..2'))
  writeFileSync(at('..2/web.conf'), 'three\n')
  symlinkSync('..2', at('..next'))
  renameSync(at('..next'), at('..data'))
  await web.pitcrew.line('[web] uses three')
})

test('an edit during a transaction is not overwritten by the rollback, and is used', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  web.write('late\n')
  await web.pitcrew.line('[web] uses late')
  web.write('two\n')
  await web.pitcrew.line('[web] uses two')
  await web.pitcrew.line('ready after')
  expect(web.content).toBe('two\n')
  expect(applied(web)).toHaveLength(1)
  expect(applied(web)[0]).toContain('rollback failed')
})
