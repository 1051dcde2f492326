/** A pitcrew in a user namespace, and callers from outside of it: who has no name in there reads as uid 65534, and
 *  learns nothing, even if he is root where he comes from, or pitcrew itself has that uid; who has a name is who he is
 *  in there. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { binary, sh } from '../support/pitcrew.ts'
import { Program } from '../support/program.ts'

/** Outside it is this user; inside the only one there is. */
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

/** Says two things when it has heard something, and prints what it hears. */
const asks = `const socket = require('net').connect(process.argv[1])
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

  /** Somebody is careless with the modes: what is left is what the kernel says of a caller. */
  async open(): Promise<void> {
    await this.line('[a] up')
    chmodSync(this.folder, 0o755)
    chmodSync(this.socket, 0o777)
  }

  /** What somebody from outside hears. */
  async heardBy(uid: number): Promise<readonly string[]> {
    const as = ['setpriv', `--reuid=${uid}`, '--clear-groups', process.execPath, '-e', asks]
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
  test('another user of the outside, its root and its nobody learn nothing', async () => {
    await using pitcrew = new Inside('--map-root-user')
    await pitcrew.open()
    for (const uid of [1234, 0, 65_534]) await learnsNothing(pitcrew, uid)
  })

  test('the verbs of the binary say so to them: status 6', async () => {
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
  'where it has the uid 65534 itself, whoever has no name in there is not taken for it',
  async () => {
    await using pitcrew = new Inside('--map-user=65534', '--map-group=65534')
    await pitcrew.open()
    for (const uid of [1234, 0]) await learnsNothing(pitcrew, uid)
  },
)
