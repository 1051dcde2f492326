/** A pitcrew in a user namespace, and clients from outside. A user without a number in the
 *  namespace shows as uid 65534 and has no access, even if it is root outside, or if pitcrew
 *  itself has that uid. A user with a number has the access of that number. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { binary, sh } from '../support/pitcrew.ts'
import { Program } from '../support/program.ts'

/** The user outside; inside it is the only user. */
const shifted = 100_000
const asShifted = ['setpriv', `--reuid=${shifted}`, `--regid=${shifted}`, '--clear-groups', '--']

function inside(...map: string[]): string[] {
  return [...asShifted, 'unshare', '--user', ...map, '--']
}

function runs([program = '', ...words]: readonly string[]): boolean {
  return spawnSync(program, [...words, 'true']).status === 0
}

const canShift = process.getuid?.() === 0 && runs(inside('--map-root-user'))
if (!canShift) console.warn('no user namespaces here: callers from outside of one are not tried')

/** Sends two lines after the first answer, and prints the answers. */
const clientScript = `const socket = require('net').connect(process.argv[1])
socket.on('data', (text) => process.stdout.write(text)).on('close', () => console.log('closed'))
socket.on('error', (error) => error.code !== 'EPIPE' && console.log(error.code))
socket.once('data', () =>
  socket.write('{"id":1,"verb":"restart","args":{"daemon":"a"}}\\n{"id":2,"verb":"status"}\\n'))`

class Inside extends Program {
  readonly folder: string
  readonly socket: string

  constructor(...map: string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-userns-'))
    chownSync(folder, shifted, shifted)
    const bundle = join(folder, 'bundle.json')
    const daemons = { a: { command: sh('echo up; exec sleep 1000') } }
    writeFileSync(bundle, JSON.stringify({ daemons }))
    const env = { PATH: process.env.PATH, PITCREW_RUN_DIR: folder, PITCREW_STATE_DIR: folder }
    super([...inside(...map), binary, 'run', bundle], { env, cwd: folder })
    this.folder = folder
    this.socket = join(folder, 'pitcrew.sock')
  }

  /** The modes are too open: only the identity that the kernel reports is left. */
  async open(): Promise<void> {
    await this.line('[a] up')
    chmodSync(this.folder, 0o755)
    chmodSync(this.socket, 0o777)
  }

  /** The lines that a client from outside gets. */
  async heardBy(uid: number): Promise<readonly string[]> {
    const as = ['setpriv', `--reuid=${uid}`, '--clear-groups', process.execPath, '-e', clientScript]
    const caller = new Program([...as, this.socket], { env: { PATH: process.env.PATH } })
    await caller.line(/closed|"id":1,/)
    const { lines } = caller
    caller.process.kill('SIGKILL')
    return lines
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGTERM')
    await this.exitCode()
    rmSync(this.folder, { recursive: true })
  }
}

async function learnsNothing(pitcrew: Inside, uid: number): Promise<void> {
  const before = pitcrew.lines.length
  const [refusal = '', ...more] = await pitcrew.heardBy(uid)
  const failed = {
    code: 'NOT_PERMITTED',
    message: expect.not.stringMatching(/\d|daemon|\[a]/),
    hint: expect.any(String),
  }
  expect(JSON.parse(refusal)).toEqual({ id: null, failed })
  expect(more).toEqual(['closed'])
  expect(pitcrew.lines.slice(before)).toEqual([])
}

describe.skipIf(!canShift)('where it is root, and user 100000 outside', () => {
  test('another user of the outside, its root and its uid 65534 have no access', async () => {
    await using pitcrew = new Inside('--map-root-user')
    await pitcrew.open()
    for (const uid of [1234, 0, 65_534]) await learnsNothing(pitcrew, uid)
  })

  test('verbs of the binary exit with status 6 for them', async () => {
    await using pitcrew = new Inside('--map-root-user')
    await pitcrew.open()
    const status = new Program([binary, 'status', '--socket', pitcrew.socket], { env: {} })
    expect(await status.exitCode()).toBe(6)
    expect(status.lines).toEqual([])
    expect(status.errors).toEqual([expect.stringContaining('cannot accept the client')])
  })

  test('user 100000 is the operator', async () => {
    await using pitcrew = new Inside('--map-root-user')
    await pitcrew.open()
    const [greeting = '', ...answers] = await pitcrew.heardBy(shifted)
    expect(JSON.parse(greeting)).toMatchObject({ access: 'operate', daemon: null })
    expect(answers.map((line) => JSON.parse(line))).toContainEqual({
      id: 1,
      done: expect.objectContaining({ outcome: 'done', by: expect.stringContaining('uid 0') }),
    })
  })
})

test.skipIf(!canShift)(
  'if pitcrew has the uid 65534 itself, a user without a number in the namespace is not taken for it',
  async () => {
    await using pitcrew = new Inside('--map-user=65534', '--map-group=65534')
    await pitcrew.open()
    for (const uid of [1234, 0]) await learnsNothing(pitcrew, uid)
  },
)
