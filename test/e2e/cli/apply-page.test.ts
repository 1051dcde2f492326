/** docs/APPLY.md: its commands succeed on its bundle, and its table of outcomes is complete. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clientEnvironment } from '../support/cli.ts'
import { binary, Pitcrew, root } from '../support/pitcrew.ts'
import { Program } from '../support/program.ts'

const page = readFileSync(join(root, 'docs/APPLY.md'), 'utf8')
const blocksOf = (kind: string): string[] =>
  [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, body = '']) =>
    name === kind ? [body] : [],
  )

test('its commands succeed on its bundle, one after the other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-apply-'))
  try {
    const here = (text: string): string => text.replaceAll('/etc/proxy', folder)
    const rules = join(folder, 'rules')
    writeFileSync(rules, 'allow example.org\n')
    await using pitcrew = new Pitcrew(here(blocksOf('yaml')[0] ?? ''))
    await pitcrew.line('proxy: ready')
    const commands = blocksOf('sh').join('')
    expect(commands.match(/\bpitcrew /g)?.length).toBeGreaterThan(8)
    const script = `cd ${folder}; pitcrew() { "${binary}" "$@"; }\n${here(commands)}`
    const client = new Program(['/bin/sh', '-exc', script], {
      env: clientEnvironment(pitcrew.folder),
    })
    expect([await client.exitCode(), client.errors.filter((line) => /^pitcrew:/.test(line))]) //
      .toEqual([0, []])
    expect(readFileSync(rules, 'utf8')).toBe('allow a.example.org\nallow b.example.org\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
