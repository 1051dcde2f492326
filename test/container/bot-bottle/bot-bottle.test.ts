/** examples/bot-bottle with its real daemons, controlled through the docker client. */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { eventually, pidOf, processesUnder, zombiesUnder } from '../../e2e/support/processes.ts'
import { Container, imageName } from '../container.ts'
import { docker } from '../docker.ts'
import { describeWithRealPrograms } from '../real-programs.ts'
import {
  BotBottle,
  build,
  buildBase,
  buildOnce,
  egress,
  example,
  gitGate,
  names,
  pipelock,
  service,
  supervise,
} from './bot-bottle.ts'

const dockerKillsAfterMs = 10_000
/** An image in which no daemon is restarted automatically. */
const once = { image: 'bot-bottle-once' }
/** For a line of `processes`. */
const isOfGitGate = (line: string): boolean => /^(nginx|fcgiwrap) /.test(line)
/** Makes squid exit with 1 when it reloads its configuration. */
const invalidRule = 'http_access allow an_undefined_list'
/** Prints the pid of an orphan that exits soon. */
const leaveAnOrphan = ['sh', '-c', 'sleep 0.2 > /dev/null 2>&1 & echo $!']

describeWithRealPrograms('bot-bottle', () => {
  beforeAll(async () => {
    await buildBase()
    expect(await build(example)).toMatchObject({ code: 0 })
    expect(await buildOnce()).toMatchObject({ code: 0 })
  }, 60_000)

  test('USR1 restarts only pipelock, and a session between the other daemons continues', async () => {
    await using bottle = new BotBottle({ allowed: ['127.0.0.1'] })
    await bottle.ready()
    const session = bottle.session()
    session.process.stdin?.write('before\n')
    await session.line('before')
    expect(await bottle.statusThrough(pipelock)).toBe(403)
    const before = await bottle.processes()

    bottle.addLine('pipelock.yaml', '  - 127.0.0.1')
    await bottle.signalUntilReady('SIGUSR1', 'pipelock')

    expect(await bottle.statusThrough(pipelock)).toBe(200)
    session.process.stdin?.end('after\n')
    expect(await session.exitCode()).toBe(0)
    expect(session.lines).toEqual(['before', 'after'])
    const [first, second] = [await pidOf(bottle, 'pipelock'), await pidOf(bottle, 'pipelock', 2)]
    expect(second).not.toBe(first)
    expect(await bottle.processes()).toEqual(
      before.map((line) => (line === `tinyproxy ${first}` ? `tinyproxy ${second}` : line)).sort(),
    )
  })

  test('HUP makes egress reload its allow-list, and affects no other daemon', async () => {
    await using bottle = new BotBottle()
    await bottle.ready()
    expect(await bottle.statusThrough(egress)).toBe(403)
    const before = await bottle.processes()

    bottle.addLine('allow.txt', '127.0.0.1')
    await bottle.signalUntilReady('SIGHUP', 'egress')

    expect(await bottle.statusThrough(egress)).toBe(200)
    // HUP would end tinyproxy.
    expect(await bottle.processes()).toEqual(before)
  })

  test('docker stop with an open session ends everything in time with exit code 0', async () => {
    await using bottle = new BotBottle({ allowed: ['127.0.0.1'] })
    await bottle.ready()
    const session = bottle.session()
    session.process.stdin?.write('before\n')
    await session.line('before')

    const startMs = performance.now()
    await bottle.stop()
    const tookMs = performance.now() - startMs

    expect(await bottle.exitCode()).toBe(0)
    expect(tookMs).toBeLessThan(dockerKillsAfterMs)
    await session.end()
    const stopped = bottle.lines.filter((line) => line.includes(': stopped: '))
    expect(stopped).toHaveLength(names.length)
    expect(stopped.at(-1)).toContain('egress: stopped: exit code 0')
    expect(bottle.exitReport()).toMatchObject({ exitCode: 0, from: null })
  })

  test('a daemon that is killed is restarted, and other daemons are not affected', async () => {
    await using bottle = new BotBottle()
    await bottle.ready()
    const { 'git-gate': leader } = await bottle.pids()
    const before = await bottle.processes()
    const from = bottle.lines.length

    await bottle.kill([leader])
    await bottle.line(/git-gate: died: signal KILL, .*; restarting in /, from)
    expect(await pidOf(bottle, 'git-gate', 2)).not.toBe(leader)
    const hostPid = await bottle.hostPid()
    await eventually('all processes are running again', () => {
      return processesUnder({ pid: hostPid }).length === before.length
    })

    const others = (lines: string[]): string[] => lines.filter((line) => !isOfGitGate(line))
    expect(others(await bottle.processes())).toEqual(others(before))
    await bottle.stop()
    expect(await bottle.exitCode()).toBe(0)
  })

  test('when a daemon is killed none of its processes is left, the others run, and a stop exits with 0', async () => {
    await using bottle = new BotBottle(once)
    await bottle.ready()
    const { 'git-gate': leader } = await bottle.pids()
    const before = await bottle.processes()
    // The nginx master and its worker, and three processes of fcgiwrap.
    expect(before.filter(isOfGitGate).length).toBeGreaterThan(3)

    await bottle.kill([leader])
    await bottle.line(/git-gate: died: signal KILL/)
    const hostPid = await bottle.hostPid()
    await eventually('no process of the git gate is left', () =>
      processesUnder({ pid: hostPid }).every(({ name }) => !isOfGitGate(`${name} `)),
    )

    expect(await bottle.processes()).toEqual(before.filter((line) => !isOfGitGate(line)))
    expect(await bottle.curl(supervise)).toMatch(/egress +up\npipelock +up\ngit-gate +down\n/)
    await bottle.stop()
    expect(await bottle.exitCode()).toBe(0)
  })

  test('when a daemon fails the others run, and a stop exits with its code', async () => {
    await using bottle = new BotBottle(once)
    await bottle.ready()
    const before = await bottle.processes()

    bottle.addLine('squid.conf', invalidRule)
    await bottle.signal('SIGHUP')
    await bottle.line(/egress: died: exit code 1/)

    const isEgress = (line: string): boolean => line.startsWith('squid ')
    expect(await bottle.processes()).toEqual(before.filter((line) => !isEgress(line)))
    await bottle.stop()
    expect(await bottle.exitCode()).toBe(1)
    expect(bottle.exitReport()).toMatchObject({ exitCode: 1, from: 'egress' })
  })

  test('the container ends when all daemons have died: a failure counts, a death by signal does not', async () => {
    await using bottle = new BotBottle(once)
    await bottle.ready()
    const { egress: survivor, ...others } = await bottle.pids()

    await bottle.kill(Object.values(others))
    bottle.addLine('squid.conf', invalidRule)
    await bottle.signal('SIGHUP')

    await bottle.line(`egress: died: exit code 1, pid ${survivor}`)
    expect(await bottle.exitCode()).toBe(1)
    expect(bottle.lines.filter((line) => line.includes(': died: '))).toHaveLength(names.length)
    expect(bottle.exitReport()).toMatchObject({ exitCode: 1, from: 'egress' })
  })

  test('the git gate allows a clone and refuses a push', async () => {
    await using bottle = new BotBottle()
    await bottle.ready()
    expect(await bottle.git('clone', '--quiet', `${gitGate}/demo.git`)).toMatchObject({ code: 0 })
    const { code, err } = await bottle.git('-C', 'demo', 'push', 'origin', 'main:other')
    expect(code).not.toBe(0)
    expect(err).toContain('git-gate: push is refused here')
  })

  test('an orphan is reaped; without pitcrew it stays a zombie', async () => {
    await using bottle = new BotBottle()
    await using without = new Container(null, {
      image: imageName('bot-bottle'),
      entrypoint: '/bin/sleep',
      args: ['infinity'],
      detached: true,
    })
    await bottle.ready()
    const [reaped, kept] = [await orphanIn(bottle), await orphanIn(without)]
    await eventually('it is reaped', () => reaped() === undefined)
    await eventually('it is a zombie', () => kept() === 'Z')
    expect(zombiesUnder({ pid: await bottle.hostPid() })).toEqual([])
  })

  test('CLAUDE_BOTTLE_SIDECAR_DAEMONS selects daemons', async () => {
    await using bottle = new BotBottle({
      env: { CLAUDE_BOTTLE_SIDECAR_DAEMONS: 'pipelock, egress, unknown' },
    })
    await bottle.ready(['egress', 'pipelock'])
    const programs = (await bottle.processes()).map((line) => line.split(' ')[0])
    // pitcrew's own children watch and read the configuration files.
    expect(programs.filter((name) => name !== 'pitcrew')).toEqual(['squid', 'tinyproxy'])
    expect(bottle.lines[0]).toMatch(/^sidecar-init: pitcrew .*, 2 of 4 daemons,/)
    await bottle.stop()
    expect(await bottle.exitCode()).toBe(0)
  })

  test('a claimed token is passed only to egress: no other process has it or can read it', async () => {
    await using bottle = new BotBottle({ env: { EGRESS_TOKEN_DEMO: 'for-egress-alone' } })
    await bottle.ready()
    expect(bottle.lines).toContain('[egress] tokens: EGRESS_TOKEN_DEMO')
    const pid = await bottle.hostPid()
    const all = [{ pid, name: 'pitcrew' }, ...processesUnder({ pid })]
    const holders = all.filter(({ pid }) =>
      readFileSync(`/proc/${pid}/environ`, 'utf8').includes('for-egress-alone'),
    )
    expect(all.length).toBeGreaterThan(names.length)
    expect(holders.map(({ name }) => name)).toEqual(['squid'])
    const path = `/proc/${await pidOf(bottle, 'egress')}/environ`
    const read = async (user: string): Promise<number> =>
      (await bottle.exec(['sed', '-n', 'p', path], ['--user', user])).code
    expect(await read('proxy')).toBe(0)
    for (const user of ['tinyproxy', 'www-data', 'nobody']) expect(await read(user)).not.toBe(0)
  })

  test('the compose file allows more time than the deadline, and adds no init', async () => {
    await using bottle = new BotBottle()
    await bottle.line('sidecar-init: pitcrew')
    expect(bottle.lines[0]).toContain('deadline 9 s')
    expect(await bottle.inspect('{{.Config.StopTimeout}}')).toBe('10')
    expect(await bottle.inspect('{{.HostConfig.ReadonlyRootfs}} {{.Path}} {{.Args}}')).toBe(
      'true /pitcrew [run /app/bundle.json]',
    )
    expect(service).toMatchObject({ init: false })
  })

  test('an error in the bundle fails the build of the image', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'pitcrew-bot-bottle-'))
    try {
      cpSync(example, copy, { recursive: true })
      appendFileSync(join(copy, 'bundle.yaml'), '    comand: [node]\n')
      const { code, out, err } = await build(copy, 'mistaken')
      expect(code).not.toBe(0)
      expect(out + err).toContain('did you mean "command"')
      // A failed build leaves its earlier layers.
      const layer = [...out.matchAll(/^ ---> ([0-9a-f]+)$/gm)].at(-1)?.[1]
      if (layer !== undefined) await docker(['rmi', layer])
    } finally {
      rmSync(copy, { recursive: true })
    }
  })
})

/** Makes an orphan. @returns A function that reads its state; undefined when it does not exist. */
async function orphanIn(container: Container): Promise<() => string | undefined> {
  const pid = await container.hostPid()
  const orphan = Number((await container.exec(leaveAnOrphan)).out)
  expect(orphan).toBeGreaterThan(1)
  return () => processesUnder({ pid }).find(({ insidePid }) => insidePid === orphan)?.state
}
