/** Changes of configuration files with the real binary: outcomes, exit codes, words, and what is
 *  true afterwards. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TicketAnswer } from '../../../src/control/protocol/answers.ts'
import type { RevisionItem } from '../../../src/control/protocol/operations.ts'
import { connect } from '../../../src/node/index.ts'
import { jsonAnswer, runVerb, startVerb } from '../support/cli.ts'
import { socketPath } from '../support/control-client.ts'
import { binary } from '../support/pitcrew.ts'
import { ConfiguredPitcrew } from './daemon.ts'

async function history(pitcrew: ConfiguredPitcrew): Promise<readonly RevisionItem[]> {
  const answer = await jsonAnswer<{ revisions: RevisionItem[] }>(pitcrew, 'history', 'web')
  return answer.revisions
}

/** How often it was started. */
function runs({ lines }: ConfiguredPitcrew, daemon = 'web'): number {
  return lines.filter((line) => line.includes(`${daemon}: started`)).length
}

describe('outcomes', () => {
  test('applied: the daemon runs with the new content, and no other was touched', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    chmodSync(pitcrew.file, 0o640)
    const from = pitcrew.write('two\n')
    const answer = await runVerb(pitcrew, 'apply', 'web', '--from', from, '--why', 'a host')
    expect(answer).toMatchObject({ status: 0, err: [] })
    expect(answer.out[0]).toMatch(
      /^applied web: \S+web\.conf, revision 2, restarted \(pid \d+ -> \d+\) in \S+ \S+ \(ticket \d+\)$/,
    )
    await pitcrew.line('[web] runs with two')
    expect(pitcrew.content).toBe('two\n')
    expect(statSync(pitcrew.file).mode & 0o777).toBe(0o640)
    expect(readdirSync(pitcrew.files)).toEqual(['web.conf'])
    expect([runs(pitcrew), runs(pitcrew, 'other')]).toEqual([2, 1])
    expect(await history(pitcrew)).toMatchObject([
      { revision: 1, lastGood: false, bytes: 4 },
      { revision: 2, lastGood: true, bytes: 4, outcome: 'applied', why: 'a host' },
    ])
  })

  test('unchanged: nothing is restarted', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const answer = await runVerb(pitcrew, 'apply', 'web', '--from', pitcrew.write('one\n'))
    expect(answer.status).toBe(0)
    expect(answer.out[0]).toMatch(/^unchanged web: /)
    expect(runs(pitcrew)).toBe(1)
  })

  test('planned: shows the difference without secrets, and changes nothing', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const from = pitcrew.write('two\npassword = hunter2\n')
    const { status, out } = await runVerb(pitcrew, 'plan', 'web', '--from', from)
    expect(status).toBe(0)
    expect(out[0]).toMatch(/^planned web: \S+ would become revision 2, with a restart /)
    expect(out.slice(3)).toEqual(['@@ -1 +1,2 @@', '-one', '+two', '+password = ***'])
    expect([pitcrew.content, runs(pitcrew)]).toEqual(['one\n', 1])
  })

  test('rejected by its check: its words, and nothing was changed', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const { status, err } = await runVerb(
      pitcrew,
      ...['apply', 'web', '--from', pitcrew.write('refuse\n')],
    )
    expect(status).toBe(1)
    expect(err[0]).toMatch(
      /^pitcrew: rejected web: \S+: its check has refused it: .*line 1: refuse/,
    )
    expect(err.slice(1, 3)).toEqual([
      '    not valid',
      '  now: nothing was changed: the file and the daemon are as before',
    ])
    expect([pitcrew.content, runs(pitcrew)]).toEqual(['one\n', 1])
    await expect.poll(() => readdirSync(pitcrew.files)).toEqual(['web.conf'])
  })

  test('rolled back when the daemon fails: it runs with the old content', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const from = pitcrew.write('die\n')
    const { status, err } = await runVerb(pitcrew, 'apply', 'web', '--from', from)
    expect(status).toBe(1)
    expect(err[0]).toMatch(/^pitcrew: rolled back web: \S+: exit code 3 before it was ready/)
    expect(err).toContain('  now: the file has its old content again, and web uses it')
    expect(err.slice(-2)).toEqual(['  last lines:', '    cannot use it: die'])
    expect(pitcrew.content).toBe('one\n')
    await pitcrew.linesWith('runs with one', 2)
    expect(await history(pitcrew)).toMatchObject([
      { revision: 1 },
      { revision: 2, lastGood: false, outcome: 'rolled back' },
    ])
    // The lines of that death belong to that change only.
    const later = await runVerb(pitcrew, 'apply', 'web', '--from', pitcrew.write('refuse\n'))
    expect(later.err.join('\n')).not.toContain('last lines')
  })

  test('rollback goes back to the last good content, and to any revision', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    for (const text of ['two\n', 'three\n']) {
      await runVerb(pitcrew, 'apply', 'web', '--from', pitcrew.write(text))
    }
    expect((await runVerb(pitcrew, 'rollback', 'web')).out[0]).toMatch(/^applied web: .*revision 4/)
    expect(pitcrew.content).toBe('two\n')
    const dry = await runVerb(pitcrew, 'rollback', 'web', '--to', '1', '--dry-run')
    expect(dry.out).toContain('+one')
    expect(pitcrew.content).toBe('two\n')
    expect((await runVerb(pitcrew, 'rollback', 'web', '--to', '1')).status).toBe(0)
    expect(pitcrew.content).toBe('one\n')
    const none = await runVerb(pitcrew, 'rollback', 'web', '--to', '99')
    expect(none.status).toBeGreaterThan(0)
    expect(none.err[0]).toContain('no revision 99')
    const list = await runVerb(pitcrew, 'history', 'web')
    expect(list.out[0]).toBe(`web: ${pitcrew.file}`)
    expect(list.out).toHaveLength(7)
    expect(list.out.at(-1)).toMatch(
      /^ {2}5 {2}\* {2}\S+ \S+ {2}applied +4 B {2}[0-9a-f]{12} {2}uid /,
    )
  })

  test('reload restarts or signals, as the bundle says', async () => {
    const script = 'trap "echo reread" HUP; echo "runs with"; while :; do sleep 0.02; done'
    const command = ['/bin/sh', '-c', script]
    await using pitcrew = await ConfiguredPitcrew.start({ command, reload: { signal: 'HUP' } })
    const { status, out } = await runVerb(pitcrew, 'reload', 'web')
    expect({ status, out }).toMatchObject({
      status: 0,
      out: [expect.stringMatching(/^web: reloaded in \S+ \S+, pid \d+ \(ticket \d+\)$/)],
    })
    await pitcrew.line('[web] reread')
    const applied = await runVerb(pitcrew, 'apply', 'web', '--from', pitcrew.write('two\n'))
    expect(applied.out[0]).toMatch(/, revision 2, reloaded by a signal \(pid \d+\) in /)
    await pitcrew.linesWith('[web] reread', 2)
    expect(runs(pitcrew)).toBe(1)
  })

  test('contents are bytes: of 1 MiB, from a pipe, empty', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const bytes = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => (at * 7) % 256))
    bytes.write('two\n')
    const env = { ...process.env, PITCREW_RUN_DIR: pitcrew.folder }
    const words = ['apply', 'web', '--from', '-', '--json']
    const text = execFileSync(binary, words, { input: bytes, env, encoding: 'utf8' })
    const { change }: TicketAnswer = JSON.parse(text)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(change).toMatchObject({ result: 'applied', after: { sha256, bytes: bytes.length } })
    const empty = await runVerb(pitcrew, 'apply', 'web', '--from', '/dev/null')
    expect([empty.status, pitcrew.content]).toEqual([0, ''])
  })
})

describe('confirmation', () => {
  const args = ['apply', 'web', '--confirm', '1m', '--from']

  test('confirmed: both verbs print the outcome', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const apply = startVerb(pitcrew, ...args, pitcrew.write('two\n'))
    const line = await apply.line(/^waits for a confirmation: pitcrew confirm \d+ \(.* left\)$/)
    const id = /confirm (\d+)/.exec(line)?.[1] as string
    expect((await history(pitcrew)).at(-1)).toMatchObject({ bytes: 4 })
    const confirm = await runVerb(pitcrew, 'confirm', id)
    expect(confirm).toMatchObject({ status: 0, err: [] })
    expect(confirm.out[0]).toMatch(/^applied web: .*, revision 2, restarted /)
    expect(await apply.exitCode()).toBe(0)
    expect(apply.lines.at(-1)).toBe(confirm.out[0])
    const again = await runVerb(pitcrew, 'confirm', id)
    expect(again).toMatchObject({ status: 1, err: [expect.stringContaining('it is over')] })
  })

  test('two confirms at once: at least one succeeds, and the content stays', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const apply = startVerb(pitcrew, ...args, pitcrew.write('two\n'))
    const line = await apply.line('waits for a confirmation')
    const id = /confirm (\d+)/.exec(line)?.[1] as string
    const both = [runVerb(pitcrew, 'confirm', id), runVerb(pitcrew, 'confirm', id)]
    const codes = (await Promise.all(both)).map(({ status }) => status)
    expect(codes.sort()[0]).toBe(0)
    expect(codes.every((code) => code <= 1)).toBe(true)
    expect(pitcrew.content).toBe('two\n')
  })

  test('not in time: rolled back', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const from = pitcrew.write('two\n')
    const { status, err } = await runVerb(
      pitcrew,
      ...['apply', 'web', '--from', from, '--confirm', '300ms'],
    )
    expect(status).toBe(1)
    expect(err.join('\n')).toMatch(/^pitcrew: rolled back web: .* it was not confirmed in 0\.3 s/m)
    expect(pitcrew.content).toBe('one\n')
    await pitcrew.linesWith('runs with one', 2)
  })

  test('cancelled: rolled back; another change waits meanwhile, and says for what', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const apply = startVerb(pitcrew, ...args, pitcrew.write('two\n'))
    const line = await apply.line('waits for a confirmation')
    const id = /confirm (\d+)/.exec(line)?.[1] as string
    const other = startVerb(pitcrew, 'apply', 'web', '--from', pitcrew.write('three\n', 'other'))
    await expect
      .poll(() => other.errors.join('\n'), { timeout: 10_000 })
      .toContain(`pitcrew: web: waits for ticket ${id}`)
    const cancel = await runVerb(pitcrew, 'cancel', id)
    expect(cancel.status).toBe(0)
    expect(cancel.out[0]).toMatch(/^rolled back web: /)
    expect(await apply.exitCode()).toBe(1)
    expect(await other.exitCode()).toBe(0)
    expect(pitcrew.content).toBe('three\n')
  })

  test('unknown tickets, and tickets of something else', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    await runVerb(pitcrew, 'restart', 'web')
    for (const verb of ['confirm', 'cancel']) {
      expect(await runVerb(pitcrew, verb, '999')).toMatchObject({
        status: 3,
        err: [`pitcrew: cannot ${verb}: there is no ticket 999`],
      })
      expect((await runVerb(pitcrew, verb, '1')).status).toBe(1)
    }
  })
})

describe('bad input changes nothing', () => {
  async function refused(
    pitcrew: ConfiguredPitcrew,
    status: number,
    words: string | RegExp,
    ...args: readonly string[]
  ): Promise<void> {
    const from = args.includes('--from') ? [] : ['--from', pitcrew.write('two\n')]
    const answer = await runVerb(pitcrew, 'apply', ...args, ...from)
    const err = answer.err.join('\n')
    expect({ args, status: answer.status, err }).toEqual({
      args,
      status,
      err:
        typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words),
    })
    expect(runs(pitcrew)).toBe(1)
  }

  test('names, paths, contents, conditions', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    await refused(pitcrew, 3, 'did you mean "web"?', 'wep')
    await refused(pitcrew, 3, 'it has no "config:"', 'other')
    await refused(
      pitcrew,
      3,
      'it is not in "config:" of web; known:',
      'web',
      '--file',
      '/etc/passwd',
    )
    const above = `${pitcrew.files}/../${pitcrew.files.split('/').at(-1)}/web.conf`
    await refused(pitcrew, 3, 'it is not in "config:" of web', 'web', '--file', above)
    const tenMegabytes = pitcrew.write('x'.repeat(10_000_000), 'large')
    await refused(pitcrew, 2, 'it is larger than 1 MiB', 'web', '--from', tenMegabytes)
    await refused(pitcrew, 2, 'it is larger than 1 MiB', 'web', '--from', '/dev/zero')
    await refused(pitcrew, 1, 'is a directory', 'web', '--from', '/')
    await refused(pitcrew, 3, 'no such file', 'web', '--from', '/nowhere')
    await refused(pitcrew, 2, 'it is no SHA-256', 'web', '--if-match', 'sha256:12')
    const other = `sha256:${'0'.repeat(64)}`
    await refused(pitcrew, 1, /rejected web: .*/, 'web', '--if-match', other)
    expect(pitcrew.content).toBe('one\n')
    const own = createHash('sha256').update('one\n').digest('hex')
    const from = pitcrew.write('two\n')
    const words = ['--from', from, '--if-match', `sha256:${own}`]
    expect((await runVerb(pitcrew, 'apply', 'web', ...words)).status).toBe(0)
  })

  test.each([
    ['a folder', (file: string): void => mkdirSync(file)],
    ['a device', (file: string): void => symlinkSync('/dev/null', file)],
    ['a link that leaves its folder', (file: string): void => symlinkSync('/etc/hostname', file)],
    ['a link to nothing', (file: string): void => symlinkSync('nothing', file)],
    ['a pipe', (file: string): string => execFileSync('mkfifo', [file], { encoding: 'utf8' })],
  ])('the file is %s', async (_, make) => {
    await using pitcrew = await ConfiguredPitcrew.start({ watch: false })
    rmSync(pitcrew.file)
    make(pitcrew.file)
    await refused(pitcrew, 1, /^pitcrew: rejected web: /, 'web')
    expect(readdirSync(pitcrew.files)).toEqual(['web.conf'])
  })

  test('which of several files', async () => {
    const config = ['/nowhere/one.conf', '/nowhere/two.conf']
    await using pitcrew = await ConfiguredPitcrew.start({ config })
    await refused(pitcrew, 2, 'cannot tell which file of web is meant: it has 2', 'web')
  })

  test('a link within its folder is followed', async () => {
    await using pitcrew = await ConfiguredPitcrew.start({ watch: false })
    renameSync(pitcrew.file, join(pitcrew.files, 'real.conf'))
    symlinkSync('real.conf', pitcrew.file)
    const answer = await runVerb(pitcrew, 'apply', 'web', '--from', pitcrew.write('two\n'))
    expect(answer.err).toEqual([])
    expect(pitcrew.content).toBe('two\n')
    expect(readdirSync(pitcrew.files).sort()).toEqual(['real.conf', 'web.conf'])
  })

  test('the time is over: status 4, and the change goes on', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const from = pitcrew.write('two\n')
    const args = ['--from', from, '--timeout', '1ms']
    expect((await runVerb(pitcrew, 'apply', 'web', ...args)).status).toBe(4)
    await pitcrew.line('[web] runs with two')
  })
})

describe('from Node', () => {
  test('apply, confirm, revoke, history, rollback, reload', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    await using client = await connect(socketPath(pitcrew))
    const applied = await client.apply('web', { content: 'zwei ⁂\n', why: 'a host' })
    expect(applied.change).toMatchObject({ result: 'applied', revision: 2 })
    expect(pitcrew.content).toBe('zwei ⁂\n')
    const content = new TextEncoder().encode('three\n')
    const open = await client.apply('web', { content, confirmMs: 60_000, wait: false })
    await until(client, open.ticket, 'confirming')
    await client.confirm(open.ticket)
    const kept = await client.call('ticket', { ticket: open.ticket, wait: true })
    expect(kept.change).toMatchObject({ result: 'applied' })
    const other = await client.rollback('web', { to: 1, confirmMs: 60_000, wait: false })
    await until(client, other.ticket, 'confirming')
    await client.revoke(other.ticket)
    const undone = await client.call('ticket', { ticket: other.ticket, wait: true })
    expect(undone.change).toMatchObject({ result: 'rolled back' })
    expect((await client.reload('web')).outcome).toBe('done')
    const { revisions } = await client.history('web')
    expect(revisions.find(({ lastGood }) => lastGood)).toMatchObject({ revision: 3 })
    await expect(client.apply('web', { content: 'die\n' })).rejects.toMatchObject({
      code: 'FAILED',
      lastLines: ['cannot use it: die'],
      change: { result: 'rolled back' },
    })
  })

  test('a content that is refused gets its error, however large it is', async () => {
    await using pitcrew = await ConfiguredPitcrew.start()
    const content = new Uint8Array(1024 * 1024)
    for (let time = 0; time < 50; time++) {
      await using client = await connect(socketPath(pitcrew))
      const refused = client.apply('web', { content, file: '/etc/passwd' })
      await expect(refused).rejects.toMatchObject({ code: 'NO_SUCH_FILE' })
    }
    await using client = await connect(socketPath(pitcrew))
    const tooLarge = client.apply('web', { content: new Uint8Array(10_000_000) })
    await expect(tooLarge).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  async function until(
    client: Awaited<ReturnType<typeof connect>>,
    ticket: number,
    step: string,
  ): Promise<void> {
    await expect
      .poll(async () => (await client.call('ticket', { ticket })).change?.step, { interval: 20 })
      .toBe(step)
  }
})

test('the daemon is down: the content waits for its next start', async () => {
  await using pitcrew = await ConfiguredPitcrew.start()
  await runVerb(pitcrew, 'stop', 'web')
  const { status, out } = await runVerb(pitcrew, 'apply', 'web', '--from', pitcrew.write('two\n'))
  expect(status).toBe(0)
  expect(out[1]).toBe('  it does not run, and reads the file at its next start')
  expect(runs(pitcrew)).toBe(1)
  await runVerb(pitcrew, 'start', 'web')
  await pitcrew.line('[web] runs with two')
})

test('a client without the right to operate can look, and change nothing', async () => {
  await using pitcrew = await ConfiguredPitcrew.start()
  chmodSync(pitcrew.folder, 0o755)
  const unprivileged = { uid: 65534, gid: 65534 }
  const env = { ...process.env, PITCREW_RUN_DIR: pitcrew.folder }
  const words = ['apply', 'web', '--from', '/dev/null']
  expect(() => execFileSync(binary, words, { ...unprivileged, env, stdio: 'pipe' })).toThrow()
  expect(pitcrew.content).toBe('one\n')
})
