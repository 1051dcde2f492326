/** docs/OPERATING.md: its commands succeed on its bundle, and its tables are complete. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daemonStates } from '../../../src/control/protocol/status.ts'
import { clientEnvironment } from '../support/cli.ts'
import { binary, Pitcrew, root } from '../support/pitcrew.ts'
import { Program } from '../support/program.ts'

const page = readFileSync(join(root, 'docs/OPERATING.md'), 'utf8')
const blocksOf = (kind: string): string[] =>
  [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, body = '']) =>
    name === kind ? [body] : [],
  )

test('its commands succeed on its bundle, one after the other', async () => {
  await using pitcrew = new Pitcrew(blocksOf('yaml')[0] ?? '')
  await pitcrew.line('mailer: died: exit code 3')
  const commands = blocksOf('sh').join('')
  expect(commands.match(/^pitcrew /gm)?.length).toBeGreaterThan(15)
  const script = `pitcrew() { "${binary}" "$@"; }\n${commands}`
  const client = new Program(['/bin/sh', '-exc', script], {
    env: clientEnvironment(pitcrew.folder),
  })
  expect([await client.exitCode(), client.errors.filter((line) => line.startsWith('pitcrew:'))]) //
    .toEqual([0, []])
})

test('it names every state', () => {
  expect(daemonStates.filter((state) => !page.includes(`| \`${state}\``))).toEqual([])
})
