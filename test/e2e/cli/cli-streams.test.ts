/** `logs` and `events` of the binary. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Entry } from '../../../src/control/protocol/answers.ts'
import { clientEnvironment, runVerb, startVerb } from '../support/cli.ts'
import { binary, Pitcrew, sh } from '../support/pitcrew.ts'
import { Program } from '../support/program.ts'

const long = { command: sh('echo up; exec sleep 1000') }
/** Prints what is written into its FIFO. */
const echo = {
  command: sh(
    'mkfifo "$PITCREW_STATE_DIR/say"; echo up; while read -r line; do echo "$line"; done <> "$PITCREW_STATE_DIR/say"',
  ),
}

function tell({ folder }: Pitcrew, text: string): void {
  execFileSync('sh', ['-c', 'printf "%s\\n" "$1" > "$0/say"', folder, text])
}

test('logs are the lines of pitcrew, byte for byte', async () => {
  const command = [
    '/bin/sh',
    '-c',
    'printf "\\377\\376 \\303\\244\\n\\033[1m\\n\\nlast\\n"; exec sleep 1000',
  ]
  await using pitcrew = new Pitcrew({ daemons: { web: { command } } })
  await pitcrew.line('[web] last')
  const { status, out, err } = await runVerb(pitcrew, 'logs')
  expect({ status, err }).toEqual({ status: 0, err: [] })
  expect(out).toEqual(pitcrew.lines.slice(0, out.length))
  expect(out).toContain('[web] \xff\xfe \xc3\xa4')
  expect((await runVerb(pitcrew, 'logs', 'web', '-n', '1')).out).toEqual(['[web] last'])
})

test('--grep, --times, --since and --json', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { web: { command: sh('echo one; echo grün; exec sleep 1000') } },
  })
  await pitcrew.line('[web] gr')
  expect((await runVerb(pitcrew, 'logs', '--grep', '^gr.n$')).out).toEqual(['[web] gr\xc3\xbcn'])
  const { out } = await runVerb(pitcrew, 'logs', 'web', '--times')
  expect(out[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[web\] one$/)
  const [first] = (await runVerb(pitcrew, 'logs', 'web', '--json')).out
  expect(JSON.parse(first ?? '')).toMatchObject({ daemon: 'web', text: 'one' })
  expect((await runVerb(pitcrew, 'logs', 'web', '--since', '1h')).out).toHaveLength(2)
})

test('--follow prints new lines until pitcrew ends', async () => {
  await using pitcrew = new Pitcrew({ daemons: { web: echo } })
  await pitcrew.line('[web] up')
  const follower = startVerb(pitcrew, 'logs', 'web', '--follow')
  await follower.line('[web] up')
  tell(pitcrew, 'now')
  await follower.line('[web] now')
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
  expect(await follower.exitCode()).toBe(0)
  expect(follower.lines).toEqual(['[web] up', '[web] now'])
})

test('a closed pipe ends logs silently', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { web: { command: sh('while echo up; do :; done') } },
  })
  await pitcrew.line('[web] up')
  // Read pitcrew's output meanwhile: it stalls when its stdout is full.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it belongs to the shell.
  const script = '"$0" logs web --follow | head -n 3; exit "${PIPESTATUS[0]}"'
  const reader = new Program(['bash', '-c', script, binary], {
    env: clientEnvironment(pitcrew.folder),
  })
  const sigpipe = 128 + 13
  expect(await reader.exitCode()).toBe(sigpipe)
  expect({ out: reader.lines, err: reader.errors }).toEqual({
    out: ['[web] up', '[web] up', '[web] up'],
    err: [],
  })
})

test('events of a daemon, and after a cursor', async () => {
  await using pitcrew = new Pitcrew({ daemons: { web: long, db: long } })
  await pitcrew.linesWith('] up', 2)
  await runVerb(pitcrew, 'restart', 'web')
  const { out } = await runVerb(pitcrew, 'events', 'web', '--json')
  const entries: Entry[] = out.map((line) => JSON.parse(line))
  expect(new Set(entries.map(({ daemon }) => daemon))).toEqual(new Set(['web']))
  const later = await runVerb(
    pitcrew,
    'events',
    'web',
    '--json',
    '--since',
    entries[1]?.cursor ?? '',
  )
  expect(later.out).toEqual(out.slice(2))
  const [line] = (await runVerb(pitcrew, 'events', '-n', '1')).out
  expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} web {7}\S/)
})

test('--follow continues over a restart of pitcrew, without missing or repeating events', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-test-'))
  const env = { PITCREW_RUN_DIR: folder, PITCREW_STATE_DIR: folder }
  const lives: Entry[][] = []
  let follower = null
  for (let life = 1; life <= 3; life++) {
    await using pitcrew = new Pitcrew({ daemons: { web: long } }, { env })
    await pitcrew.line('[web] up')
    follower ??= startVerb({ folder }, 'events', '--follow', '--json')
    await runVerb({ folder }, 'restart', 'web')
    const { out } = await runVerb({ folder }, 'events', '--json')
    lives.push(out.map((line) => JSON.parse(line)))
    await follower.linesWith('"type":"ticket"', life)
    pitcrew.signal('SIGTERM')
    await pitcrew.exitCode()
  }
  await using last = new Pitcrew({ daemons: { web: long } }, { env })
  await last.line('[web] up')
  const { out } = await runVerb({ folder }, 'events', '--json')
  const cursors = out.map((line) => JSON.parse(line).cursor)
  await follower?.line(cursors.at(-1) ?? '')
  expect(follower?.lines.map((line) => JSON.parse(line).cursor)).toEqual(cursors)
  expect(follower?.errors.length).toBeGreaterThan(0)
  follower?.process.kill()
  rmSync(folder, { recursive: true, force: true })
})
