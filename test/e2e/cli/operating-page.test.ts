/** docs/OPERATING.md: its commands succeed on its bundle and print what it shows, and its table of
 *  states is complete. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daemonStates } from '../../../src/control/protocol/status.ts'
import { clientEnvironment, runVerb } from '../support/cli.ts'
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

test.each([
  [['status']],
  [['explain', 'mailer']],
  [['restart', 'web', '--why', 'new certificate']],
])('%s prints what it shows', async (words) => {
  await using pitcrew = new Pitcrew(blocksOf('yaml')[0] ?? '')
  await pitcrew.line('given up after 3 restarts')
  const { out } = await runVerb(pitcrew, ...words)
  expect(blocksOf('text').map(masked)).toContain(masked(`${out.join('\n')}\n`))
})

/** Without what differs from run to run: numbers with their units, the width of columns, and how
 *  long a run lived, which is left out when it is nothing. */
function masked(text: string): string {
  const numbers = /\d+(\.\d+)?( ?(ms|s|%|MiB)\b|%)?/g
  return text.replace(numbers, '#').replace(/ +/g, ' ').replace(', after #', '')
}

test('it names every state', () => {
  expect(daemonStates.filter((state) => !page.includes(`| \`${state}\``))).toEqual([])
})
