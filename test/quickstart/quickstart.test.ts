/** The daemons of `examples/quickstart`, each run by Node alone: the steps that the documentation
 *  shows must work. Everything stays on loopback. */
import { execFile as execFileLater } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { open, send, tunnel } from './http.ts'
import { endAll, run, start } from './start.ts'

const execFile = promisify(execFileLater)
const hasGit = (process.env.PATH ?? '').split(delimiter).some((dir) => existsSync(join(dir, 'git')))
if (!hasGit) console.warn('git is not installed: the tests of git-gate that need it are skipped')

let folder: string
let origin: Server
let site: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-quickstart-test-'))
  origin = createServer(async (req, res) => {
    const { host, via, connection } = req.headers
    const body = await text(req)
    res.end(JSON.stringify({ method: req.method, url: req.url, host, via, connection, body }))
  })
  origin.listen(0, '127.0.0.1')
  await once(origin, 'listening')
  site = `127.0.0.1:${(origin.address() as AddressInfo).port}`
})

afterEach(endAll)
afterAll(() => {
  origin.close()
  rmSync(folder, { recursive: true })
})

function write(name: string, content: string): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

describe('egress', () => {
  test('forwards an allowed request, and logs it', async () => {
    const egress = await start('egress')
    const answer = await send(egress.port, `http://${site}/a?b=c`, 'POST', 'hello')
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toEqual({
      method: 'POST',
      url: '/a?b=c',
      host: site,
      via: '1.1 egress',
      connection: 'close',
      body: 'hello',
    })
    expect(await egress.line('POST ')).toBe(`POST http://${site}/a?b=c 200`)
  })

  test('denies a host that is not in the list, with the remedy', async () => {
    const egress = await start('egress')
    const answer = await send(egress.port, 'http://example.com/')
    expect(answer.status).toBe(403)
    expect(answer.text).toBe(
      'egress: example.com is denied. ' +
        `Add it to examples/quickstart/allow.txt, then: kill -HUP ${egress.pid}\n`,
    )
  })

  test('opens a tunnel to an allowed host and to no other', async () => {
    const egress = await start('egress')
    expect((await tunnel(egress.port, 'example.com:443')).status).toBe(403)
    expect((await tunnel(egress.port, 'no-port')).status).toBe(400)

    const { status, socket } = await tunnel(egress.port, site)
    expect(status).toBe(200)
    socket.write('GET /through HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    expect(await text(socket)).toContain('"url":"/through"')
  })

  test('keeps one direction of a tunnel open after the end of the other', async () => {
    const size = 4 * 1024 * 1024
    const serverEndsLast = (socket: Socket) => {
      const all: Buffer[] = []
      socket.on('data', (chunk) => all.push(chunk))
      socket.on('end', () => socket.end(Buffer.concat(all)))
    }
    const clientEndsLast = (socket: Socket) => {
      socket.end('bye')
      received = text(socket)
    }
    let received: Promise<string> | undefined
    let serve: (socket: Socket) => void = serverEndsLast
    const server = createTcpServer({ allowHalfOpen: true }, (socket) => serve(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const egress = await start('egress')

    const { socket } = await tunnel(egress.port, authority)
    socket.end(Buffer.alloc(size, 'x'))
    expect((await text(socket)).length).toBe(size)

    serve = clientEndsLast
    const client = await open(egress.port, `CONNECT ${authority} HTTP/1.1\r\nhost: x\r\n\r\n`)
    let answer = ''
    client.setEncoding('latin1').on('data', (part) => {
      answer += part
    })
    await once(client, 'end')
    expect(answer).toBe('HTTP/1.1 200 Connection established\r\n\r\nbye')
    client.end(Buffer.alloc(size, 'y'))
    expect((await received)?.length).toBe(size)
    server.close()
  })

  test('names the host that it cannot reach', async () => {
    const egress = await start('egress')
    const answer = await send(egress.port, 'http://127.0.0.1:1/')
    expect(answer.status).toBe(502)
    expect(answer.text).toMatch(/^egress: cannot reach 127\.0\.0\.1:1: .*ECONNREFUSED/)
    expect((await tunnel(egress.port, '127.0.0.1:1')).status).toBe(502)
  })

  test('reloads its list on HUP, in the same process', async () => {
    const list = write('allow.txt', '127.0.0.1 # the page\n')
    const egress = await start('egress', { args: [list] })
    const address = `http://demo.localhost:${site.split(':')[1]}/`
    expect((await send(egress.port, address)).status).toBe(403)

    write('allow.txt', '127.0.0.1\n.localhost\n')
    egress.signal('SIGHUP')
    expect(await egress.line('read again')).toBe('allow-list read again: 2 hosts')
    expect((await send(egress.port, address)).status).toBe(200)
    expect(JSON.parse((await send(egress.port, '/health')).text).pid).toBe(egress.pid)
  })

  test.each([
    [
      'is not valid',
      '127.0.0.1\nhttp://example.com/\n',
      'line 2 is not a host: "http://example.com/"',
    ],
    ['does not exist', null, 'ENOENT'],
  ])('keeps the old list when the new one %s', async (_, content, problem) => {
    const list = write('allow.txt', '127.0.0.1\n')
    const egress = await start('egress', { args: [list] })
    if (content === null) rmSync(list)
    else write('allow.txt', content)
    egress.signal('SIGHUP')
    const line = await egress.line('cannot use')
    expect(line).toContain(problem)
    expect(line).toContain('the old list stays: 1 host')
    expect((await send(egress.port, `http://${site}/`)).status).toBe(200)
  })

  test('shows the names of its tokens, and never a value', async () => {
    const egress = await start('egress', { env: { EGRESS_TOKEN_DEMO: 'hunter2' } })
    const health = await send(egress.port, '/health')
    expect(JSON.parse(health.text).tokens).toEqual(['EGRESS_TOKEN_DEMO'])
    expect(egress.lines.join()).toContain('tokens: EGRESS_TOKEN_DEMO')
    expect(egress.lines.join() + health.text).not.toContain('hunter2')
  })
})

describe('pipelock', () => {
  test('forwards allowed requests through egress', async () => {
    const egress = await start('egress')
    const pipelock = await start('pipelock', { env: { EGRESS_PORT: String(egress.port) } })
    const answer = await send(pipelock.port, `http://${site}/page`)
    expect(JSON.parse(answer.text)).toMatchObject({
      url: '/page',
      host: site,
      via: '1.1 pipelock, 1.1 egress',
    })
    await egress.line(`GET http://${site}/page 200`)
  })

  test('denies by method and by host, without a request to egress', async () => {
    const egress = await start('egress')
    const pipelock = await start('pipelock', { env: { EGRESS_PORT: String(egress.port) } })
    const post = await send(pipelock.port, `http://${site}/`, 'POST', 'x')
    expect(post.status).toBe(403)
    expect(post.text).toContain('POST to 127.0.0.1 is denied. Add a rule to')
    expect((await send(pipelock.port, 'http://example.com/')).status).toBe(403)
    expect((await tunnel(pipelock.port, site)).status).toBe(403)
    expect(egress.lines).toHaveLength(1)
  })

  test('reads its rules only at its start', async () => {
    const file = write('pipelock.json', '{ "allow": [] }')
    const egress = await start('egress')
    const options = { args: [file], env: { EGRESS_PORT: String(egress.port) } }
    const first = await start('pipelock', options)
    write('pipelock.json', '{ "allow": [{ "host": "127.0.0.1", "methods": ["GET"] }] }')
    first.signal('SIGHUP')
    await first.line('is read at start only')
    expect((await send(first.port, `http://${site}/`)).status).toBe(403)
    await first.stop()

    const second = await start('pipelock', options)
    expect((await send(second.port, `http://${site}/`)).status).toBe(200)
    expect(JSON.parse((await send(second.port, '/health')).text).pid).toBe(second.pid)
  })

  test('does not start with invalid rules', async () => {
    const { code, lines } = await run('pipelock', { args: [write('pipelock.json', '{}')] })
    expect({ code, lines }).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^cannot use .*pipelock\.json: "allow" is a list/)],
    })
  })
})

describe('git-gate', () => {
  const git = (...args: string[]) =>
    execFile('git', args, {
      env: { PATH: process.env.PATH, HOME: folder, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    })

  test.runIf(hasGit)('allows a clone, refuses a push, and leaves no files', async () => {
    const place = mkdtempSync(join(folder, 'place-'))
    const gate = await start('git-gate', { env: { PITCREW_QUICKSTART_DIR: place } })
    const clone = mkdtempSync(join(folder, 'clone-'))
    await git('clone', '--quiet', `http://127.0.0.1:${gate.port}/demo.git`, clone)
    expect(readFileSync(join(clone, 'README.md'), 'utf8')).toContain('came through git-gate')

    const author = ['-c', 'user.name=a', '-c', 'user.email=a@localhost']
    await git('-C', clone, ...author, 'commit', '--quiet', '--allow-empty', '-m', 'mine')
    await expect(git('-C', clone, 'push')).rejects.toThrow('remote: gate: push is refused here')

    expect(readdirSync(place)).toHaveLength(1)
    expect(await gate.stop()).toMatchObject({ code: 0 })
    expect(readdirSync(place)).toHaveLength(0)
  })

  test.runIf(hasGit)('serves only the demo repository', async () => {
    const gate = await start('git-gate')
    for (const path of [
      '/',
      '/demo.git/../../../etc/passwd',
      '/demo.git/%2e%2e/%2e%2e/etc/passwd',
      '/demo.git/config',
      '//demo.git/info/refs?service=git-upload-pack',
    ]) {
      expect([path, (await send(gate.port, path)).status]).toEqual([path, 404])
    }
    expect((await send(gate.port, '/demo.git/git-receive-pack', 'POST')).status).toBe(403)
  })

  test('ends a backend that hangs when its client disconnects', async () => {
    const bin = mkdtempSync(join(folder, 'bin-'))
    const script = (name: string, ...lines: string[]) =>
      writeFileSync(join(bin, name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })
    script(
      'git',
      `case $1 in --exec-path) echo ${bin} ;; init) mkdir "$4" ;; *) cat > /dev/null ;; esac`,
    )
    script('git-http-backend', 'exec sleep 60')
    const gate = await start('git-gate', { env: { PATH: `${bin}:${process.env.PATH}` } })
    const children = () => readFileSync(`/proc/${gate.pid}/task/${gate.pid}/children`, 'utf8')

    const head = 'POST /demo.git/git-upload-pack HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n'
    const client = await open(gate.port, head)
    await expect.poll(children, { interval: 5 }).not.toBe('')
    client.destroy()
    await gate.line('POST /demo.git/git-upload-pack hung up')
    await expect.poll(children, { interval: 5 }).toBe('')
  })

  test('runs without git, and reports that', async () => {
    const gate = await start('git-gate', { env: { PATH: folder } })
    expect(await gate.line('listening')).toContain('git http-backend is not installed')
    const answer = await send(gate.port, '/demo.git/info/refs?service=git-upload-pack')
    expect(answer.status).toBe(503)
    expect(answer.text).toContain('git http-backend is not installed')
  })
})

describe('status', () => {
  test('lists the daemons that are up, with pid and uptime, and those that are not', async () => {
    const egress = await start('egress', { env: { EGRESS_TOKEN_DEMO: 'hunter2' } })
    const env = { EGRESS_PORT: String(egress.port), GIT_GATE_PORT: '0', PIPELOCK_PORT: '0' }
    const pipelock = await start('pipelock', { env })
    const gate = await start('git-gate')
    const all = { ...env, PIPELOCK_PORT: String(pipelock.port), GIT_GATE_PORT: String(gate.port) }
    const status = await start('status', { env: all })
    await status.line('All four daemons are up')
    await status.line('Ctrl-C stops everything.')
    expect(status.lines.join('\n')).toContain(
      `curl -x http://127.0.0.1:${egress.port} http://127.0.0.1:${status.port}/ `,
    )
    expect((await send(status.port, '/healthz')).text).toBe('ok\n')

    const page = await send(egress.port, `http://127.0.0.1:${status.port}/`)
    expect(page.text).toContain('you came through egress\n')
    expect(page.text).toMatch(
      new RegExp(`^egress +up +pid ${egress.pid} .* tokens: EGRESS_TOKEN_DEMO$`, 'm'),
    )
    expect(page.text).toMatch(
      new RegExp(`^pipelock +up +pid ${pipelock.pid} .* tokens: none$`, 'm'),
    )

    await pipelock.stop()
    const report = JSON.parse((await send(status.port, '/json')).text)
    expect(report.daemons).toMatchObject([
      { name: 'egress', pid: egress.pid },
      { name: 'pipelock', problem: expect.stringContaining('ECONNREFUSED') },
      { name: 'git-gate', pid: gate.pid },
      { name: 'status', pid: status.pid, tokens: [] },
    ])
  })
})

test('a remedy names the pid of pitcrew if pitcrew is the parent', async () => {
  const life = new URL('../../examples/quickstart/life.mjs', import.meta.url).href
  const child = `import('${life}').then(({ pitcrewPid }) => console.log(pitcrewPid()))`
  const parent = `
    process.title = 'pitcrew'
    const { execFileSync } = require('node:child_process')
    console.log(process.pid + ' ' + execFileSync(process.execPath, ['-e', process.argv[1]]))`
  const { stdout } = await execFile(process.execPath, ['-e', parent, child])
  const [pid, named] = stdout.trim().split(' ')
  expect(named).toBe(pid)
})

describe.each(['egress', 'pipelock', 'git-gate', 'status'] as const)('%s', (name) => {
  test('exits with 0 at once on TERM, and opens no debugger on USR1', async () => {
    const daemon = await start(name)
    daemon.signal('SIGUSR1')
    await daemon.line('USR1 is meant for pitcrew')
    const { code, tookMs } = await daemon.stop()
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(500)
    expect(daemon.lines.join()).not.toContain('Debugger')
  })

  test('reports in one line that its port is in use', async () => {
    const port = site.split(':')[1] ?? ''
    const variable = `${name.toUpperCase().replace('-', '_')}_PORT`
    expect(await run(name, { env: { [variable]: port } })).toEqual({
      code: 1,
      lines: [`cannot listen on 127.0.0.1:${port}: in use; set ${variable}`],
    })
  })
})
