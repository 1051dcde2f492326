/** The rows of the table in docs/BUNDLE.md: for each daemon the check that refuses a bad file, the
 *  reload that uses a good one, and what a bad file does without a check. nginx 1.22, squid 5.7,
 *  haproxy 2.6, privoxy 3.0, tinyproxy 1.11, redis 7.0. */
import { execFile } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { parseBundle } from '../../src/bundle/parse-bundle.ts'
import type { DaemonSpec, Probe } from '../../src/core/plan/plan.ts'
import { freePort, listen } from '../e2e/support/listeners.ts'
import { isAlive, outsidePid } from '../e2e/support/processes.ts'
import { buildReloader, Reloader } from '../host/images/reloader.ts'
import { describeWith, folderWith, path } from './debian.ts'

beforeAll(buildReloader, 300_000)

interface Configured {
  readonly spec: DaemonSpec
  /** The configuration file. */
  readonly file: string
}

/** A daemon with the configuration `conf`, whose keys are written as in a bundle; FILE is its path.
 */
function configured(command: readonly string[], conf: string, reload: string): Configured {
  const file = `${folderWith({ conf })}/conf`
  const words = command.map((word) => word.replace('FILE', file))
  const keys = `command: ${JSON.stringify(words)}, config: ${JSON.stringify(file)}, ${reload}`
  const answer = parseBundle(`daemons: { web: { ${keys} } }`)
  if (!('plan' in answer)) throw new Error(JSON.stringify(answer))
  return { spec: answer.plan.daemons[0] as DaemonSpec, file }
}

const tcp = (port: number): Probe => ({ type: 'tcp', host: '127.0.0.1', port })
const execute = promisify(execFile)
/** Not in this call: the server may be the test itself. */
const get = async (...args: readonly string[]): Promise<string> =>
  (await execute(path('curl'), ['-sS', '-m', '5', ...args])).stdout

/** Waits until a page has the words: the old workers may answer for a while. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within 10 s: ${what}`)
  }
}

/** Starts it, and waits until it accepts connections. @returns Its pid for the test. */
async function up(reloader: Reloader, spec: DaemonSpec, port: number, run = 1): Promise<number> {
  const pid = outsidePid(reloader, await reloader.start(spec, run))
  expect(await reloader.verify(spec, tcp(port), 10_000, run)).toBeNull()
  return pid
}

/** Checks a content as an apply does: in a file beside the real one. */
async function check(reloader: Reloader, { spec, file }: Configured, text: string) {
  const candidate = file.replace(/conf$/, '.conf.pitcrew-1')
  writeFileSync(candidate, text)
  return { candidate, ...(await reloader.check(spec, candidate, file)) }
}

/** Checks, stores, reloads and verifies a good content. */
async function apply(reloader: Reloader, daemon: Configured, text: string, port: number) {
  const { candidate, isGood, words } = await check(reloader, daemon, text)
  expect(isGood, words).toBe(true)
  renameSync(candidate, daemon.file)
  expect(await reloader.activate(daemon.spec)).toBeNull()
  expect(await reloader.verify(daemon.spec, tcp(port))).toBeNull()
}

describeWith(['nginx', 'curl'], 'nginx', () => {
  async function nginx() {
    const port = await freePort()
    const conf = (words: string): string =>
      `daemon off; worker_processes 1; pid FOLDER/pid; error_log stderr notice;
      events { worker_connections 64; }
      http { access_log off; client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b;
        fastcgi_temp_path FOLDER/c; uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
        server { listen 127.0.0.1:${port}; location / { ${words} } } }`
    const daemon = configured(
      [path('nginx'), '-c', 'FILE', '-e', 'stderr'],
      conf('return 200 "one";'),
      `reload: { signal: HUP, check: [${path('nginx')}, -t, -q, -e, stderr, -c, "{file}"] }`,
    )
    const text = (words: string) => conf(words).replaceAll('FOLDER', daemon.file.slice(0, -5))
    return { ...daemon, port, text, page: () => get(`http://127.0.0.1:${port}/`) }
  }

  test('-t refuses a bad file with its line, HUP uses a good one in the same process', async () => {
    await using reloader = await Reloader.begin()
    const web = await nginx()
    const pid = await up(reloader, web.spec, web.port)
    const { isGood, words } = await check(reloader, web, web.text('retrun 200 "two";'))
    expect(isGood).toBe(false)
    expect(words).toContain(`unknown directive "retrun" in ${web.file}:5`)
    expect(await web.page()).toBe('one')
    await apply(reloader, web, web.text('return 200 "two";'), web.port)
    await until('the new workers answer', async () => (await web.page()) === 'two')
    expect(isAlive(pid)).toBe(true)
  })

  test('without a check it keeps the old content after HUP, and only its log tells', async () => {
    await using reloader = await Reloader.begin()
    const web = await nginx()
    await up(reloader, web.spec, web.port)
    writeFileSync(web.file, web.text('retrun 200 "two";'))
    await reloader.activate(web.spec)
    await reloader.line('unknown directive "retrun"')
    expect(await reloader.verify(web.spec, tcp(web.port))).toBeNull()
    expect(await web.page()).toBe('one')
  })
})

describeWith(['squid', 'curl'], 'squid', () => {
  async function squid() {
    const port = await freePort()
    const conf = (access: string): string =>
      [
        `http_port 127.0.0.1:${port}`,
        access,
        'shutdown_lifetime 1 seconds',
        'cache deny all',
        'access_log none',
        'cache_log /dev/null',
        'pid_filename none',
        'coredump_dir FOLDER',
        'pinger_enable off',
        'visible_hostname proxy',
      ].join('\n')
    const daemon = configured(
      [path('squid'), '-N', '-f', 'FILE'],
      conf('http_access deny all'),
      `reload: { signal: HUP, settle: 1s, check: [${path('squid')}, -k, parse, -f, "{file}"] }`,
    )
    const text = (access: string) => conf(access).replaceAll('FOLDER', daemon.file.slice(0, -5))
    const server = await listen(createServer((_, response) => response.end('the page')))
    const page = () => get('-x', `http://127.0.0.1:${port}`, `http://127.0.0.1:${server}/`)
    return { ...daemon, port, text, page }
  }

  test('-k parse refuses a bad file, HUP uses a good one in the same process', async () => {
    await using reloader = await Reloader.begin()
    const proxy = await squid()
    const pid = await up(reloader, proxy.spec, proxy.port)
    const bad = await check(reloader, proxy, proxy.text('acl local srx 127.0.0.1'))
    expect(bad.isGood).toBe(false)
    expect(bad.words).toContain(`${proxy.file} line 2: acl local srx 127.0.0.1`)
    expect(await proxy.page()).toContain('Access Denied')
    await apply(reloader, proxy, proxy.text('http_access allow all'), proxy.port)
    await until('it uses the new rule', async () => (await proxy.page()) === 'the page')
    expect(isAlive(pid)).toBe(true)
  })

  test('without a check a bad file and HUP end it', async () => {
    await using reloader = await Reloader.begin()
    const proxy = await squid()
    await up(reloader, proxy.spec, proxy.port)
    writeFileSync(proxy.file, proxy.text('acl local srx 127.0.0.1'))
    await reloader.activate(proxy.spec)
    await reloader.line('ended web 1: exit code 1')
  })
})

describeWith(['haproxy', 'curl'], 'haproxy', () => {
  async function haproxy() {
    const port = await freePort()
    const conf = (mode: string, words: string): string =>
      [
        'defaults',
        `  mode ${mode}`,
        '  timeout connect 1s',
        '  timeout client 1s',
        '  timeout server 1s',
        'frontend f',
        `  bind 127.0.0.1:${port}`,
        `  http-request return status 200 content-type text/plain string ${words}`,
        '',
      ].join('\n')
    const daemon = configured(
      [path('haproxy'), '-W', '-db', '-f', 'FILE'],
      conf('http', 'one'),
      `reload: { signal: USR2, check: [${path('haproxy')}, -c, -f, "{file}"] }`,
    )
    return { ...daemon, port, text: conf, page: () => get(`http://127.0.0.1:${port}/`) }
  }

  test('-c refuses a bad file with its line, USR2 to its master uses a good one', async () => {
    await using reloader = await Reloader.begin()
    const web = await haproxy()
    const pid = await up(reloader, web.spec, web.port)
    const { isGood, words } = await check(reloader, web, web.text('htp', 'two'))
    expect(isGood).toBe(false)
    expect(words).toContain(`parsing [${web.file}:2] : unknown proxy mode 'htp'`)
    expect(await web.page()).toBe('one')
    await apply(reloader, web, web.text('http', 'two'), web.port)
    await until('the new worker answers', async () => (await web.page()) === 'two')
    expect(isAlive(pid)).toBe(true)
  })

  test('without a check it keeps the old content after USR2, and only its log tells', async () => {
    await using reloader = await Reloader.begin()
    const web = await haproxy()
    await up(reloader, web.spec, web.port)
    writeFileSync(web.file, web.text('htp', 'two'))
    await reloader.activate(web.spec)
    await reloader.line("unknown proxy mode 'htp'")
    expect(await web.page()).toBe('one')
  })
})

describeWith(['privoxy', 'curl'], 'privoxy', () => {
  test('--config-test refuses a bad file; a good one is read by itself', async () => {
    await using reloader = await Reloader.begin()
    const port = await freePort()
    const conf = `confdir FOLDER\nlogdir FOLDER\nlisten-address 127.0.0.1:${port}\n`
    const command = [path('privoxy'), '--no-daemon', 'FILE']
    const test = `[${path('privoxy')}, --no-daemon, --config-test, "{file}"]`
    const proxy = configured(command, conf, `reload: { none: true, check: ${test} }`)
    const good = conf.replaceAll('FOLDER', proxy.file.slice(0, -5))
    await up(reloader, proxy.spec, port)
    const bad = await check(reloader, proxy, `${good}debug many\n`)
    expect(bad.isGood).toBe(false)
    expect(bad.words).toContain("Directive 'debug' used with non-numerical value: 'many'")
    const server = await listen(createServer((_, response) => response.end('the page')))
    const page = () => get('-x', `http://127.0.0.1:${port}`, `http://127.0.0.1:${server}/`)
    expect(await page()).toBe('the page')
    const nowhere = await freePort()
    await apply(reloader, proxy, `${good}forward / 127.0.0.1:${nowhere}\n`, port)
    await until('it uses the new rule', async () => (await page()) !== 'the page')
  })
})

describeWith(['tinyproxy', 'curl'], 'tinyproxy', () => {
  async function tinyproxy() {
    const port = await freePort()
    const conf = `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 10\nLogLevel Info\n`
    const command = [path('tinyproxy'), '-d', '-c', 'FILE']
    return { ...configured(command, conf, 'reload: restart'), conf, port }
  }

  test('has no check, and ends at once with a bad file: a restart shows it', async () => {
    await using reloader = await Reloader.begin()
    const proxy = await tinyproxy()
    writeFileSync(proxy.file, `${proxy.conf}Nonsense 3\n`)
    await reloader.start(proxy.spec)
    await reloader.line('Syntax error on line 6')
    await reloader.line('ended web 1: exit code 70')
  })

  test('with USR1 a bad file changes nothing, and only its log tells', async () => {
    await using reloader = await Reloader.begin()
    const proxy = await tinyproxy()
    const pid = await up(reloader, proxy.spec, proxy.port)
    // It accepts connections before it handles signals.
    await reloader.line('Starting main loop')
    writeFileSync(proxy.file, `${proxy.conf}Nonsense 3\n`)
    const by = { type: 'signal', signal: 'USR1' } as const
    await reloader.activate({ ...proxy.spec, reload: { ...proxy.spec.reload, by } })
    await reloader.line('Reloading config file failed!')
    expect(isAlive(pid)).toBe(true)
  })

  test('HUP ends it', async () => {
    await using reloader = await Reloader.begin()
    const proxy = await tinyproxy()
    await up(reloader, proxy.spec, proxy.port)
    const by = { type: 'signal', signal: 'HUP' } as const
    await reloader.activate({ ...proxy.spec, reload: { ...proxy.spec.reload, by } })
    await reloader.line('ended web 1: signal HUP')
  })
})

describeWith(['redis', 'redisCli'], 'redis', () => {
  test('has no check and no reload: a bad file ends it at once, a restart uses a good one', async () => {
    await using reloader = await Reloader.begin()
    const port = await freePort()
    const conf = `port ${port}\nbind 127.0.0.1\nsave ""\ndir FOLDER\nmaxclients 10\n`
    const db = configured([path('redis'), 'FILE'], conf, 'reload: restart')
    const good = conf.replaceAll('FOLDER', db.file.slice(0, -5))
    const maxClients = async () => {
      const question = ['-p', String(port), 'config', 'get', 'maxclients']
      return (await execute(path('redisCli'), question)).stdout.split('\n')[1]
    }
    const pid = await up(reloader, db.spec, port)
    writeFileSync(db.file, good.replace('maxclients 10', 'maxclients 20'))
    const by = { type: 'signal', signal: 'HUP' } as const
    await reloader.activate({ ...db.spec, reload: { ...db.spec.reload, by } })
    expect([await maxClients(), isAlive(pid)]).toEqual(['10', true])
    process.kill(pid, 'SIGTERM')
    await reloader.line('ended web 1: exit code 0')
    const next = await up(reloader, db.spec, port, 2)
    expect(await maxClients()).toBe('20')
    process.kill(next, 'SIGTERM')
    await reloader.line('ended web 2: exit code 0')
    writeFileSync(db.file, `${good}maxklients 3\n`)
    await reloader.start(db.spec, 3)
    await reloader.line('maxklients 3')
    await reloader.line('ended web 3: exit code 1')
  })
})
