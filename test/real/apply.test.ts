/** `pitcrew apply` with real daemons, by the rows of the table in docs/BUNDLE.md: a good content is
 *  in use when the command ends, a bad one changes nothing, or is undone. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { socketPath } from '../e2e/support/control-client.ts'
import { freePort, listen } from '../e2e/support/listeners.ts'
import { binary, Pitcrew, sh } from '../e2e/support/pitcrew.ts'
import { pidsOf } from '../e2e/support/processes.ts'
import { describeWith, end, folderWith, isReady, path } from './debian.ts'

const execute = promisify(execFile)
const long = { command: sh('echo up; exec sleep 1000') }
const interval = '20ms'

/** Not in this call: the server may be the test itself. */
const get = async (...args: readonly string[]): Promise<string> =>
  (await execute(path('curl'), ['-sS', '-m', '5', ...args])).stdout

interface Applied {
  readonly code: number
  readonly output: string
}

class Bundle {
  readonly file: string
  readonly #folder: string
  readonly pitcrew: Pitcrew

  /** @param make Makes the keys of the daemon from the path of its file. FOLDER in the content is
   *              the folder of that file. */
  constructor(conf: string, make: (file: string) => object) {
    this.#folder = folderWith({ conf })
    this.file = `${this.#folder}/conf`
    const web = { config: this.file, ...make(this.file) }
    this.pitcrew = new Pitcrew({ daemons: { web, other: long } })
  }

  async apply(text: string): Promise<Applied> {
    writeFileSync(`${this.#folder}/new`, text.replaceAll('FOLDER', this.#folder))
    const words = ['apply', 'web', '--from', `${this.#folder}/new`]
    const run = execute(binary, [...words, '--socket', socketPath(this.pitcrew)])
    return run.then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      ({ code, stdout, stderr }) => ({ code, output: stdout + stderr }),
    )
  }

  get content(): string {
    return readFileSync(this.file, 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pitcrew[Symbol.asyncDispose]()
  }
}

/** The other daemon was never touched, and pitcrew ends well. */
async function endWell({ pitcrew }: Bundle): Promise<void> {
  expect(pidsOf(pitcrew, 'other')).toHaveLength(1)
  await end(pitcrew)
}

describeWith(['nginx', 'curl'], 'nginx', () => {
  test('a good content is used by the same process, a bad one is refused with its line', async () => {
    const port = await freePort()
    const conf = (words: string): string =>
      `daemon off; worker_processes 1; pid FOLDER/pid; error_log stderr notice;
      events { worker_connections 64; }
      http { access_log off; client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b;
        fastcgi_temp_path FOLDER/c; uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
        server { listen 127.0.0.1:${port}; location / { ${words} } } }`
    const url = `http://127.0.0.1:${port}/`
    await using bundle = new Bundle(conf('return 200 "one";'), (file) => ({
      command: [path('nginx'), '-c', file, '-e', 'stderr'],
      ready: { http: url, interval },
      stop: { signal: 'QUIT' },
      reload: {
        signal: 'HUP',
        check: [path('nginx'), '-t', '-q', '-e', 'stderr', '-c', '{file}'],
        verify: { http: url },
        settle: '300ms',
      },
    }))
    await isReady(bundle.pitcrew, 'web')
    const before = bundle.content
    const bad = await bundle.apply(conf('retrun 200 "two";'))
    expect(bad.code).toBe(1)
    expect(bad.output).toContain(`unknown directive "retrun" in ${bundle.file}:5`)
    expect([bundle.content, await get(url)]).toEqual([before, 'one'])
    const good = await bundle.apply(conf('return 200 "two";'))
    expect(good.code, good.output).toBe(0)
    expect(await get(url)).toBe('two')
    expect(pidsOf(bundle.pitcrew, 'web')).toHaveLength(1)
    await endWell(bundle)
  })

  test('a content that passes the check and fails its verification is undone', async () => {
    const port = await freePort()
    const conf = (words: string): string =>
      `daemon off; worker_processes 1; pid FOLDER/pid; error_log stderr notice;
      events { worker_connections 64; }
      http { access_log off; client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b;
        fastcgi_temp_path FOLDER/c; uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
        server { listen 127.0.0.1:${port}; location / { ${words} } } }`
    const url = `http://127.0.0.1:${port}/`
    await using bundle = new Bundle(conf('return 200 "one";'), (file) => ({
      command: [path('nginx'), '-c', file, '-e', 'stderr'],
      ready: { http: url, interval },
      stop: { signal: 'QUIT' },
      reload: { signal: 'HUP', verify: { http: url, timeout: '1s' }, settle: '300ms' },
    }))
    await isReady(bundle.pitcrew, 'web')
    const before = bundle.content
    const bad = await bundle.apply(conf('return 503;'))
    expect(bad.code).toBe(1)
    expect(bad.output).toContain(`GET 127.0.0.1:${port}/ answered 503`)
    expect(bundle.content).toBe(before)
    await expect.poll(() => get(url)).toBe('one')
    await endWell(bundle)
  })
})

describeWith(['squid', 'curl'], 'squid', () => {
  const conf = (port: number, access: string): string =>
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

  async function squid(check: object) {
    const port = await freePort()
    const bundle = new Bundle(conf(port, 'http_access deny all'), (file) => ({
      command: [path('squid'), '-N', '-f', file],
      ready: { tcp: `127.0.0.1:${port}`, interval },
      restart: { backoff: '10ms' },
      reload: { signal: 'HUP', settle: '1s', ...check },
    }))
    const server = await listen(createServer((_, response) => response.end('the page')))
    const page = () => get('-x', `http://127.0.0.1:${port}`, `http://127.0.0.1:${server}/`)
    await isReady(bundle.pitcrew, 'web')
    return { bundle, page, text: (access: string) => conf(port, access) }
  }

  test('its check saves it from a bad file, and a good one is used by the same process', async () => {
    const check = { check: [path('squid'), '-k', 'parse', '-f', '{file}'] }
    const { bundle, page, text } = await squid(check)
    await using proxy = bundle
    const bad = await proxy.apply(text('acl local srx 127.0.0.1'))
    expect(bad.code).toBe(1)
    expect(bad.output).toContain(`${proxy.file} line 2: acl local srx 127.0.0.1`)
    expect(await page()).toContain('Access Denied')
    const good = await proxy.apply(text('http_access allow all'))
    expect(good.code, good.output).toBe(0)
    expect(await page()).toBe('the page')
    expect(pidsOf(proxy.pitcrew, 'web')).toHaveLength(1)
    await endWell(proxy)
  })

  test('without a check a bad file ends it: the old content is put back, and it runs again', async () => {
    const { bundle, page, text } = await squid({})
    await using proxy = bundle
    const before = proxy.content
    const bad = await proxy.apply(text('acl local srx 127.0.0.1'))
    expect(bad.code, bad.output).toBe(1)
    expect(proxy.content).toBe(before)
    await expect.poll(() => page().catch(() => '')).toContain('Access Denied')
    await endWell(proxy)
  })
})

describeWith(['tinyproxy'], 'tinyproxy', () => {
  test('a bad file ends it at its restart: the old content is put back', async () => {
    const port = await freePort()
    const conf = `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 10\nLogLevel Info\n`
    await using bundle = new Bundle(conf, (file) => ({
      command: [path('tinyproxy'), '-d', '-c', file],
      ready: { tcp: `127.0.0.1:${port}`, interval },
      restart: { backoff: '10ms' },
    }))
    await isReady(bundle.pitcrew, 'web')
    const bad = await bundle.apply(`${conf}Nonsense 3\n`)
    expect(bad.code, bad.output).toBe(1)
    expect(bad.output).toContain('exit code 70')
    expect(bundle.content).toBe(conf)
    const good = await bundle.apply(`${conf}MaxClients 7\n`)
    expect(good.code, good.output).toBe(0)
    await endWell(bundle)
  })
})

describeWith(['haproxy', 'curl'], 'haproxy', () => {
  test('a good content is used by the same master, a bad one is refused with its line', async () => {
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
    const url = `http://127.0.0.1:${port}/`
    await using bundle = new Bundle(conf('http', 'one'), (file) => ({
      command: [path('haproxy'), '-W', '-db', '-f', file],
      ready: { http: url, interval },
      stop: { success: [143] },
      reload: { signal: 'USR2', check: [path('haproxy'), '-c', '-f', '{file}'], settle: '500ms' },
    }))
    await isReady(bundle.pitcrew, 'web')
    const bad = await bundle.apply(conf('htp', 'two'))
    expect(bad.code).toBe(1)
    expect(bad.output).toContain(`parsing [${bundle.file}:2] : unknown proxy mode 'htp'`)
    expect(await get(url)).toBe('one')
    const good = await bundle.apply(conf('http', 'two'))
    expect(good.code, good.output).toBe(0)
    await expect.poll(() => get(url)).toBe('two')
    expect(pidsOf(bundle.pitcrew, 'web')).toHaveLength(1)
    await endWell(bundle)
  })
})

describeWith(['redis', 'redisCli'], 'redis', () => {
  test('is restarted; a bad file is undone', async () => {
    const port = await freePort()
    const conf = (more: string): string =>
      `port ${port}\nbind 127.0.0.1\nsave ""\ndir FOLDER\nmaxclients ${more}\n`
    await using bundle = new Bundle(conf('10'), (file) => ({
      command: [path('redis'), file],
      ready: { tcp: `127.0.0.1:${port}`, interval },
      restart: { backoff: '10ms' },
    }))
    await isReady(bundle.pitcrew, 'web')
    const before = bundle.content
    const maxClients = async () => {
      const question = ['-p', String(port), 'config', 'get', 'maxclients']
      return (await execute(path('redisCli'), question)).stdout.split('\n')[1]
    }
    const bad = await bundle.apply(conf('many'))
    expect(bad.code, bad.output).toBe(1)
    expect([bundle.content, await maxClients()]).toEqual([before, '10'])
    const good = await bundle.apply(conf('20'))
    expect(good.code, good.output).toBe(0)
    expect(await maxClients()).toBe('20')
    await endWell(bundle)
  })
})
