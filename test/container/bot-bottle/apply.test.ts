/** The daily work in examples/bot-bottle: the operator allows a host, and nothing but pipelock
 *  notices. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { beforeAll, expect, test } from 'vitest'
import { root } from '../../e2e/support/pitcrew.ts'
import { eventually } from '../../e2e/support/processes.ts'
import { Program } from '../../e2e/support/program.ts'
import { describeWithRealPrograms } from '../real-programs.ts'
import {
  BotBottle,
  build,
  buildBase,
  buildChanged,
  example,
  names,
  pipelock,
} from './bot-bottle.ts'

const others = names.filter((name) => name !== 'pipelock')
/** The daemon with sessions of MCP. */
const mcp = `
  mcp:
    command: [node, /etc/sidecars/server.mjs]
    user: nobody
    ready: { tcp: 127.0.0.1:9200 }
`

interface McpAnswer {
  readonly count: number
  readonly notified: number
  readonly session: string
  readonly problems: readonly string[]
}

describeWithRealPrograms('the script allow of bot-bottle', () => {
  beforeAll(async () => {
    await buildBase()
    expect(await build(example)).toMatchObject({ code: 0 })
    expect(await buildChanged('bot-bottle-mcp', (text) => text + mcp)).toMatchObject({ code: 0 })
  }, 60_000)

  test('adds a host to the live list, prints the list before and after, and pipelock has it', async () => {
    await using bottle = new BotBottle({ allowed: ['127.0.0.1'] })
    await bottle.ready()
    expect(await bottle.statusThrough(pipelock)).toBe(403)
    const { code, out, err } = await bottle.allow('127.0.0.1', 'API.github.com')
    expect({ code, err }).toEqual({ code: 0, err: expect.any(String) })
    expect(out).toContain('before: api.anthropic.com *.github.com\n')
    expect(out).toContain('after:  api.anthropic.com *.github.com 127.0.0.1\n')
    expect(await bottle.statusThrough(pipelock)).toBe(200)
    expect(listOf(bottle)).toContain('  - "127.0.0.1"\n  - api.anthropic.com\n')
    expect(bottle.starts('pipelock')).toBe(2)
    for (const name of others) expect(bottle.starts(name)).toBe(1)
  })

  test('restarts nothing for a host that is allowed', async () => {
    await using bottle = new BotBottle()
    await bottle.ready()
    const before = await bottle.processes()
    const text = listOf(bottle)
    expect(await bottle.allow('api.anthropic.com', 'api.github.com')).toMatchObject({ code: 0 })
    expect(await bottle.processes()).toEqual(before)
    expect(listOf(bottle)).toBe(text)
  })

  test.each(['', 'a b', '*.com', '*', 'http://x.org', 'x.org:443', 'x..y', '-x.org', 'a\nb'])(
    'refuses %j, and nothing is changed',
    async (name) => {
      await using bottle = new BotBottle()
      await bottle.ready(['egress', 'pipelock'])
      const text = listOf(bottle)
      const { code, err } = await bottle.allow('fine.example.org', name)
      expect(code).toBe(2)
      expect(err).toContain(`allow: "${name}" is not a host; write a name such as`)
      expect(listOf(bottle)).toBe(text)
      expect(bottle.starts('pipelock')).toBe(1)
    },
  )

  test('may run several times at once: all hosts are on the list', async () => {
    await using bottle = new BotBottle()
    await bottle.ready()
    const hosts = ['a', 'b', 'c', 'd'].map((letter) => `${letter}.example.org`)
    const answers = await Promise.all(hosts.map((host) => bottle.allow(host)))
    expect(answers.map(({ code, err }) => ({ code, err }))).toEqual(
      hosts.map(() => ({ code: 0, err: expect.any(String) })),
    )
    for (const host of hosts) expect(listOf(bottle)).toContain(`- "${host}"\n`)
  })

  test('is not needed: after a change of the file and USR1 pipelock is restarted exactly once', async () => {
    await using bottle = new BotBottle({ allowed: ['127.0.0.1'] })
    await bottle.ready()
    bottle.addLine('pipelock.yaml', '  - 127.0.0.1')
    await bottle.signalUntilReady('SIGUSR1', 'pipelock')
    expect(await bottle.statusThrough(pipelock)).toBe(200)
    // pitcrew watches the file as well. This change comes after that one has been noticed.
    bottle.addLine('pipelock.yaml', '  - later.example.org')
    await bottle.line(/pipelock: started, .*, run 3$/)
    expect(bottle.starts('pipelock')).toBe(3)
    for (const name of others) expect(bottle.starts(name)).toBe(1)
  })

  test('a list that pipelock cannot read is rejected, and the old one stays in use', async () => {
    await using bottle = new BotBottle()
    await bottle.ready()
    bottle.addLine('pipelock.yaml', '  - not a host')
    await bottle.line(/pipelock: .*rejected/)
    expect(bottle.starts('pipelock')).toBe(1)
  })

  test('a hundred times: sessions of MCP and streams through other daemons go on', async () => {
    await using bottle = new BotBottle({
      image: 'bot-bottle-mcp',
      allowed: ['127.0.0.1'],
      files: { 'server.mjs': bundled('server'), 'client.mjs': bundled('client') },
    })
    await bottle.ready()
    await bottle.line(/^\[mcp\] listening/)
    const stream = bottle.session()
    stream.process.stdin?.write('before\n')
    await stream.line('before')
    const client = new Program(
      ['docker', 'exec', '--interactive', bottle.name, 'node', '/etc/sidecars/client.mjs'],
      { env: process.env, stdin: 'pipe' },
    )
    const { session } = JSON.parse(await client.line('"session"'))
    const count = async (n: number): Promise<McpAnswer> => {
      client.process.stdin?.write('count\n')
      return JSON.parse(await client.line(`"count":${n},`))
    }
    expect(await count(1)).toEqual({ count: 1, notified: 1, session, problems: [] })

    // The first applies load what they need.
    await allowTen(bottle, 0)
    const before = await footprint(bottle)
    for (let round = 1; round < 10; round++) {
      await allowTen(bottle, round)
      const answer = { count: round + 1, notified: round + 1, session, problems: [] }
      expect(await count(round + 1)).toEqual(answer)
      stream.process.stdin?.write(`round ${round}\n`)
      await stream.line(`round ${round}`)
    }
    const after = await footprint(bottle)

    expect(bottle.starts('pipelock')).toBe(101)
    for (const name of [...others, 'mcp']) expect(bottle.starts(name)).toBe(1)
    expect(after.descriptors).toBe(before.descriptors)
    // The journal in memory and the last lines of each daemon fill up; both are bounded.
    expect(after.kib).toBeLessThan(before.kib + 4096)
    expect(readdirSync(join(bottle.places, 'config')).sort()).toEqual(before.files)
    client.process.stdin?.end()
    stream.process.stdin?.end()
    expect(await client.exitCode()).toBe(0)
    expect(await stream.exitCode()).toBe(0)
  }, 300_000)
})

/** Ten hosts, one after the other, each with an apply of its own. */
async function allowTen(bottle: BotBottle, round: number): Promise<void> {
  const loop = 'for n in 0 1 2 3 4 5 6 7 8 9; do allow "h$0$n.example.org" || exit; done'
  const { code, err } = await bottle.exec(['sh', '-c', loop, `${round}`])
  expect({ code, err }).toEqual({ code: 0, err: expect.any(String) })
}

interface Footprint {
  readonly descriptors: number
  readonly kib: number
  /** In the folder of the configuration. */
  readonly files: readonly string[]
}

/** What pitcrew holds, once it has nothing more to do. */
async function footprint(bottle: BotBottle): Promise<Footprint> {
  const pid = await bottle.hostPid()
  const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length
  let last = -1
  await eventually('the number of descriptors is stable', () => {
    const now = descriptors()
    const isStable = now === last
    last = now
    return isStable
  })
  const status = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kib = Number(/^Private_Dirty: +(\d+) kB$/m.exec(status)?.[1])
  return { descriptors: last, kib, files: readdirSync(join(bottle.places, 'config')).sort() }
}

function listOf(bottle: BotBottle): string {
  return readFileSync(join(bottle.places, 'config/pipelock.yaml'), 'utf8')
}

/** A program of test/container/bot-bottle/mcp with the SDK in one file. */
function bundled(name: 'server' | 'client'): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(root, `test/container/bot-bottle/mcp/${name}.mjs`)],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
  })
  return outputFiles[0]?.text ?? ''
}
