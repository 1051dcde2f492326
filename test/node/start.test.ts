/** `start` and `connect` of the npm package. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { connect, defineBundle, PitcrewError, start } from '../../src/node/index.ts'
import { binary, Pitcrew, sh } from '../e2e/support/pitcrew.ts'

const folder = mkdtempSync(join(tmpdir(), 'pitcrew-node-'))
afterAll(() => rmSync(folder, { recursive: true }))
const env = { ...process.env, PITCREW_RUN_DIR: folder, PITCREW_STATE_DIR: folder }
const quietly = { binary, env, stdout: 'ignore', stderr: 'ignore' } as const

const bundle = defineBundle({
  name: 'from-node',
  daemons: {
    db: { command: ['/bin/sh', '-c', 'echo >&3; exec sleep 1000'], ready: 'fd' },
    web: { command: ['/bin/sh', '-c', 'echo up; exec sleep 1000'], after: ['db'] },
  },
})

describe('start', () => {
  test('starts a bundle, resolves when it answers, and shuts it down at its disposal', async () => {
    let ended: Promise<unknown>
    {
      await using crew = await start(bundle, quietly)
      ended = crew.ended
      expect(crew.client.greeting).toMatchObject({ name: 'from-node', access: 'operate' })
      const { pid } = await crew.client.call('wait', { daemon: 'web' })
      const { old, now } = await crew.client.call('restart', { daemon: 'web', why: 'a test' })
      expect(old).toMatchObject({ run: 1, pid })
      expect(now).toMatchObject({ run: 2 })
      const { daemons } = await crew.client.call('status', {})
      expect(daemons.map(({ name, state }) => `${name} ${state}`)).toEqual([
        'db ready',
        'web ready',
      ])
    }
    expect(await ended).toEqual({ code: 0, signal: null })
  })

  test('its events are typed, and include the first ones', async () => {
    await using crew = await start(bundle, quietly)
    const seen: string[] = []
    for await (const { type, daemon } of crew.client.events({ follow: true })) {
      if (daemon !== undefined) seen.push(`${daemon} ${type}`)
      if (daemon === 'web' && type === 'started') break
    }
    expect(seen).toEqual(['db started', 'db ready', 'web started'])
  })

  test('an invalid bundle is an error with the message of pitcrew', async () => {
    const path = join(folder, 'wrong.yaml')
    writeFileSync(path, 'daemons: { web: { comand: [sleep] } }\n')
    const error = await start(path, quietly).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PitcrewError)
    expect(error).toMatchObject({ code: 'BUNDLE_INVALID' })
    expect((error as PitcrewError).message).toMatch(/did you mean "command"/)
  })

  test('a missing binary is an error with the remedy', async () => {
    const error = await start(bundle, { ...quietly, binary: '/nowhere' }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'FAILED', hint: expect.stringContaining('PITCREW_BINARY') })
  })
})

describe('a failed start', () => {
  /** A program that runs this script. */
  function program(script: string): string {
    const path = join(mkdtempSync(join(folder, 'program-')), 'pitcrew')
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    return path
  }

  test('ends a pitcrew that uses another version of the protocol', async () => {
    const greeting = JSON.stringify({ pitcrew: 99, version: '9.0.0' })
    const other = program(`echo '${greeting}' >&3; exec 3>&-; exec sleep 1000`)
    const error = await start(bundle, { ...quietly, binary: other }).catch((thrown) => thrown)
    expect(error).toMatchObject({ message: expect.stringContaining('uses version 99') })
  })

  test('has the whole stderr as its message', async () => {
    const late = program('echo first >&2; (sleep 0.1; echo last >&2) 3>&- & exit 2')
    const error = await start(bundle, { ...quietly, binary: late }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'BUNDLE_INVALID', message: 'first\nlast' })
  })

  test('leaves no folder behind when the bundle cannot be written', async () => {
    const endless = { daemons: {} as Record<string, unknown> }
    endless.daemons.self = endless
    const before = process.env.TMPDIR
    process.env.TMPDIR = mkdtempSync(join(folder, 'tmp-'))
    try {
      const error = await start(endless as never, quietly).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(TypeError)
      expect(readdirSync(process.env.TMPDIR)).toEqual([])
    } finally {
      if (before === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before
    }
  })
})

describe('connect', () => {
  test('finds the socket of a running pitcrew, or takes its path', async () => {
    await using pitcrew = new Pitcrew({ daemons: { a: { command: sh('echo up; sleep 1000') } } })
    await pitcrew.line('[a] up')
    await using client = await connect(join(pitcrew.folder, 'pitcrew.sock'))
    const { daemons } = await client.call('status', {})
    expect(daemons).toMatchObject([{ name: 'a', state: 'ready', run: 1 }])
  })

  test('gives lines of logs with their daemon', async () => {
    await using pitcrew = new Pitcrew({ daemons: { a: { command: sh('echo up; sleep 1000') } } })
    await pitcrew.line('[a] up')
    const client = await connect(join(pitcrew.folder, 'pitcrew.sock'))
    const lines: string[] = []
    for await (const { daemon, text } of client.logs({ daemons: ['a'] }))
      lines.push(`${daemon}: ${text}`)
    expect(lines).toEqual(['a: up'])
  })

  test('fails with NO_PITCREW when no pitcrew answers', async () => {
    const error = await connect(join(folder, 'none.sock')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'NO_PITCREW' })
  })
})
