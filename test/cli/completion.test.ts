/** `completion`: the scripts, and what bash offers with its script. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { cli } from './cli.ts'

async function script(shell: string): Promise<string> {
  const text = await cli(['completion', shell])
  return text.slice('exit 0\n'.length)
}

/** What bash offers for a line of which the last word is unfinished. `pitcrew @names` says web, db and web-admin. */
async function offered(...words: readonly string[]): Promise<string[]> {
  const program = [
    'pitcrew() { [ "$1" = @names ] && printf "web\\ndb\\nweb-admin\\n"; }',
    await script('bash'),
    `COMP_WORDS=(pitcrew ${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${words.length}`,
    '_pitcrew',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it belongs to the shell.
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n')
  const { stdout, stderr, status } = spawnSync('bash', ['-c', program], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort()
}

test.each(['bash', 'zsh', 'fish'])('the script for %s', async (shell) => {
  expect(await script(shell)).toMatchSnapshot()
})

test.each(['bash', 'zsh', 'fish'])('%s accepts its script, if it is installed', async (shell) => {
  const { error, status, stderr } = spawnSync(shell, ['-n'], { input: await script(shell) })
  if (error !== undefined) return
  expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' })
})

test('verbs', async () => {
  expect(await offered('st')).toEqual(['start', 'status', 'stop'])
  expect(await offered('')).not.toContain('@names')
})

test('daemons, if the verb takes daemons', async () => {
  expect(await offered('restart', 'we')).toEqual(['web', 'web-admin'])
  expect(await offered('restart', 'db', '')).toEqual(['db', 'web', 'web-admin'])
  expect(await offered('shutdown', '')).toEqual([])
})

test('options of the verb', async () => {
  expect(await offered('logs', 'web', '--f')).toEqual(['--follow'])
  expect(await offered('status', '--')).toEqual(['--help', '--json', '--socket', '--watch'])
})

test('values of options: choices, files, or nothing', async () => {
  expect(await offered('wait', 'web', '--for', 's')).toEqual(['started', 'stopped'])
  expect(await offered('status', '--socket', 'read')).toEqual(['read-verbs.test.ts'])
  expect(await offered('restart', 'web', '--why', '')).toEqual([])
  expect(await offered('logs', '-n', '')).toEqual([])
})

test('bundles, shells and verbs', async () => {
  expect(await offered('validate', 'fake-s')).toEqual(['fake-server.ts', 'fake-system.ts'])
  expect(await offered('completion', 'z')).toEqual(['zsh'])
  expect(await offered('help', 'ev')).toEqual(['events'])
})
