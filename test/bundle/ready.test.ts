/** `ready`, `alive` and `watchdog` in the bundle file. */
import { describe, expect, test } from 'vitest'
import { daemonOf, problemsOfDaemon } from './problems-of.ts'

describe('ready', () => {
  test.each([
    ['fd', { type: 'fd', fd: 3 }],
    ['notify', { type: 'notify' }],
    ['{ fd: 9 }', { type: 'fd', fd: 9 }],
    ['{ notify: true }', { type: 'notify' }],
    ['{ log: "listening on *" }', { type: 'log', text: 'listening on *' }],
    ['{ command: [redis-cli, ping] }', { type: 'command', command: ['redis-cli', 'ping'] }],
    ['{ file: /run/web.pid }', { type: 'file', path: '/run/web.pid' }],
    ['{ unix: /run/web.sock }', { type: 'unix', path: '/run/web.sock' }],
    ['{ unix: "@web" }', { type: 'unix', path: '@web' }],
  ])('%s', (written, sign) => {
    expect(daemonOf(`ready: ${written}`).ready).toEqual({
      sign,
      timeoutMs: 30_000,
      intervalMs: 100,
    })
  })

  test('timeout and interval', () => {
    expect(daemonOf('ready: { tcp: 80, timeout: 1h, interval: 10ms }').ready).toMatchObject({
      timeoutMs: 3_600_000,
      intervalMs: 10,
    })
    expect(daemonOf('ready: { log: up, timeout: 10ms }').ready).toMatchObject({ timeoutMs: 10 })
  })

  test.each([
    ['8080', '127.0.0.1', 8080],
    [':8080', '127.0.0.1', 8080],
    ['localhost:1', '127.0.0.1', 1],
    ['127.0.0.1:65535', '127.0.0.1', 65_535],
    ['10.1.2.3:80', '10.1.2.3', 80],
    ['"[::1]:80"', '::1', 80],
    ['"[fe80::1:2]:80"', 'fe80::1:2', 80],
    ['"[::ffff:10.0.0.1]:80"', '::ffff:10.0.0.1', 80],
  ])('tcp: %s', (written, host, port) => {
    expect(daemonOf(`ready: { tcp: ${written} }`).ready?.sign).toEqual({ type: 'tcp', host, port })
  })

  test.each([
    ['http://127.0.0.1:8080/healthz', '127.0.0.1', 8080, '127.0.0.1:8080', '/healthz'],
    ['http://localhost', '127.0.0.1', 80, 'localhost', '/'],
    ['http://localhost:81?a=b', '127.0.0.1', 81, 'localhost:81', '/?a=b'],
    ['"http://[::1]:8080/a/b?c&d=%20"', '::1', 8080, '[::1]:8080', '/a/b?c&d=%20'],
  ])('http: %s', (written, host, port, name, path) => {
    const sign = { type: 'http', host, port, name, path }
    expect(daemonOf(`ready: { http: ${written} }`).ready?.sign).toEqual(sign)
  })
})

describe('invalid values of ready', () => {
  const ready = (value: string) => problemsOfDaemon(`ready: ${value}`)

  test('no condition, or two', () => {
    expect(ready('{}')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": ready: no condition; add one of: fd, notify, log, tcp, unix, http, command, file"`,
    )
    expect(ready('{ timeout: 1s }')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": ready: no condition; add one of: fd, notify, log, tcp, unix, http, command, file"`,
    )
    expect(ready('{ tcp: 80, notify: true }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": ready: "notify" is a second condition beside "tcp"; remove one of them"`,
    )
    expect(ready('{ tpc: 80 }')).toMatchInlineSnapshot(
      `"b.yaml:4:14: daemon "web": ready: unknown key "tpc"; did you mean "tcp"?"`,
    )
  })

  test('conditions as text', () => {
    expect(ready('')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": ready: has no value; add one, or remove the key"`,
    )
    expect(ready('tcp')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": ready: expected fd, notify or a map, found "tcp"; write { tcp: 127.0.0.1:8080 }"`,
    )
    expect(ready('notfy')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": ready: expected fd, notify or a map, found "notfy"; did you mean "notify"?"`,
    )
    expect(ready('127.0.0.1:80')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": ready: expected fd, notify or a map, found "127.0.0.1:80"; such as { tcp: 127.0.0.1:8080 }"`,
    )
    expect(ready('[fd]')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": ready: expected a map, found a list; keys: fd, notify, log, tcp, unix, http, command, file, timeout, interval"`,
    )
    expect(ready('{ fd: 2 }')).toMatchInlineSnapshot(
      `"b.yaml:4:18: daemon "web": ready.fd: expected a whole number from 3 to 9, found "2""`,
    )
    expect(ready('{ fd: 10 }')).toContain('from 3 to 9')
    expect(ready('{ notify: false }')).toMatchInlineSnapshot(
      `"b.yaml:4:22: daemon "web": ready.notify: false has no meaning; write true, or remove it"`,
    )
    expect(ready('{ log: "" }')).toMatchInlineSnapshot(
      `"b.yaml:4:19: daemon "web": ready.log: expected a piece of one line, up to 256 bytes, found """`,
    )
    expect(ready('{ log: "a\\nb" }')).toContain('a piece of one line')
    expect(ready(`{ log: ${'ä'.repeat(128)} }`)).toBe('valid')
    expect(ready(`{ log: ${'ä'.repeat(129)} }`)).toContain('up to 256 bytes')
  })

  test('timeout and interval', () => {
    expect(ready('{ fd: 3, interval: 1s }')).toMatchInlineSnapshot(
      `"b.yaml:4:21: daemon "web": ready.interval: has no effect with "fd"; remove it: the daemon reports readiness by itself"`,
    )
    expect(ready('{ notify: true, interval: 1s }')).toContain('has no effect')
    expect(ready('{ log: up, interval: 1s }')).toContain('has no effect')
    expect(ready('{ tcp: 80, interval: 9ms }')).toMatchInlineSnapshot(
      `"b.yaml:4:33: daemon "web": ready.interval: expected a duration from 10 ms to 1 h, found "9ms""`,
    )
    expect(ready('{ tcp: 80, timeout: 61m }')).toContain('from 10 ms to 1 h')
  })

  test('addresses must be numeric', () => {
    expect(ready('{ tcp: "db:5432" }')).toMatchInlineSnapshot(
      `"b.yaml:4:19: daemon "web": ready.tcp: "db" is not a numeric address; write an IP address or localhost: PID 1 resolves no names"`,
    )
    expect(ready('{ tcp: localhost }')).toMatchInlineSnapshot(
      `"b.yaml:4:19: daemon "web": ready.tcp: expected HOST:PORT, found "localhost"; write 127.0.0.1:8080, [::1]:8080, or the port alone"`,
    )
    expect(ready('{ tcp: "::1:80" }')).toMatchInlineSnapshot(
      `"b.yaml:4:19: daemon "web": ready.tcp: expected HOST:PORT, found "::1:80"; write an IPv6 address in brackets: [::1]:PORT"`,
    )
    expect(ready('{ tcp: tcp://127.0.0.1:80 }')).toMatchInlineSnapshot(
      `"b.yaml:4:19: daemon "web": ready.tcp: expected HOST:PORT, found "tcp://127.0.0.1:80"; remove the scheme before the host"`,
    )
    expect(ready('{ tcp: 127.0.0.1:0 }')).toMatchInlineSnapshot(
      `"b.yaml:4:19: daemon "web": ready.tcp: port "0" is not from 1 to 65535"`,
    )
    expect(ready('{ tcp: 65536 }')).toMatchInlineSnapshot(
      `"b.yaml:4:19: daemon "web": ready.tcp: port "65536" is not from 1 to 65535"`,
    )
    expect(ready(`{ tcp: ${'9'.repeat(400)} }`)).toContain('is not from 1 to 65535')
    expect(ready('{ tcp: [80] }')).toMatchInlineSnapshot(
      `"b.yaml:4:19: daemon "web": ready.tcp: expected text, found a list"`,
    )
    for (const host of ['1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '[1.2.3.4]', '[:::1]']) {
      expect(ready(`{ tcp: "${host}:80" }`)).toContain('is not a numeric address')
    }
    for (const host of ['[1:2:3:4:5:6:7]', '[::1%eth0]', '[1::2::3]', '[12345::]', '[g::1]']) {
      expect(ready(`{ tcp: "${host}:80" }`)).toContain('is not a numeric address')
    }
    for (const host of ['[::]', '[1:2:3:4:5:6:7:8]', '[1::8]', '[1:2:3:4:5:6:1.2.3.4]']) {
      expect(ready(`{ tcp: "${host}:80" }`)).toBe('valid')
    }
  })

  test('URLs', () => {
    expect(ready('{ http: https://127.0.0.1/ }')).toMatchInlineSnapshot(
      `"b.yaml:4:20: daemon "web": ready.http: https is not supported; write http://…, or use a command such as curl"`,
    )
    expect(ready('{ http: 127.0.0.1:80 }')).toMatchInlineSnapshot(
      `"b.yaml:4:20: daemon "web": ready.http: expected http://HOST:PORT/PATH, found "127.0.0.1:80"; write http://127.0.0.1:8080/PATH"`,
    )
    expect(ready('{ http: "http://:80/" }')).toMatchInlineSnapshot(
      `"b.yaml:4:20: daemon "web": ready.http: expected http://HOST:PORT/PATH, found "http://:80/"; write http://127.0.0.1:8080/PATH"`,
    )
    expect(ready('{ http: http://web/ }')).toMatchInlineSnapshot(
      `"b.yaml:4:20: daemon "web": ready.http: "web" is not a numeric address; write an IP address or localhost: PID 1 resolves no names"`,
    )
    expect(ready('{ http: "http://user@127.0.0.1/" }')).toContain('is not a numeric address')
    expect(ready('{ http: http://127.0.0.1:0/ }')).toMatchInlineSnapshot(
      `"b.yaml:4:20: daemon "web": ready.http: port "0" is not from 1 to 65535"`,
    )
    expect(ready('{ http: "http://127.0.0.1/a b" }')).toMatchInlineSnapshot(
      `"b.yaml:4:20: daemon "web": ready.http: "/a b" is not a valid path; use up to 1024 visible ASCII characters, without #"`,
    )
    expect(ready('{ http: "http://127.0.0.1/\\r\\nX: y" }')).toContain('is not a valid path')
    expect(ready('{ http: "http://127.0.0.1/#top" }')).toContain('is not a valid path')
    expect(ready(`{ http: http://127.0.0.1/${'x'.repeat(1023)} }`)).toBe('valid')
    expect(ready(`{ http: http://127.0.0.1/${'x'.repeat(1024)} }`)).toContain('is not a valid path')
  })

  test('commands and paths', () => {
    expect(ready('{ command: redis-cli ping }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": ready.command: expected a list, found "redis-cli ping"; write a list: [redis-cli, ping]"`,
    )
    expect(ready('{ command: [] }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": ready.command: the list is empty; add command: [PROGRAM, ARGUMENT, …]"`,
    )
    expect(ready('{ file: "" }')).toMatchInlineSnapshot(
      `"b.yaml:4:20: daemon "web": ready.file: expected a path, found """`,
    )
    expect(ready(`{ unix: /${'x'.repeat(106)} }`)).toBe('valid')
    expect(ready(`{ unix: /${'x'.repeat(107)} }`)).toContain('up to 107 bytes')
  })

  test('a relative path with a cwd', () => {
    expect(problemsOfDaemon('cwd: /srv/\n    ready: { file: run/ready }')).toMatchInlineSnapshot(
      `"b.yaml:5:20: daemon "web": ready.file: "run/ready" is relative, and the daemon has a cwd; write /srv/run/ready"`,
    )
    expect(problemsOfDaemon('alive: { unix: a.sock }\n    cwd: sub')).toMatchInlineSnapshot(
      `"b.yaml:4:20: daemon "web": alive.unix: "a.sock" is relative, and the daemon has a cwd; write sub/a.sock"`,
    )
    expect(problemsOfDaemon('ready: { file: run/ready }')).toBe('valid')
    expect(problemsOfDaemon('cwd: /srv\n    ready: { unix: "@web" }')).toBe('valid')
  })
})

describe('alive', () => {
  test('has the probes of ready', () => {
    expect(daemonOf('alive: { tcp: 80 }').alive).toMatchInlineSnapshot(`
      {
        "failures": 3,
        "intervalMs": 10000,
        "probe": {
          "host": "127.0.0.1",
          "port": 80,
          "type": "tcp",
        },
        "timeoutMs": 2000,
      }
    `)
    expect(
      daemonOf('alive: { command: [check], interval: 1s, timeout: 500ms, failures: 100 }').alive,
    ).toMatchInlineSnapshot(`
      {
        "failures": 100,
        "intervalMs": 1000,
        "probe": {
          "command": [
            "check",
          ],
          "type": "command",
        },
        "timeoutMs": 500,
      }
    `)
    expect(daemonOf('user: root').alive).toBeNull()
  })

  const alive = (value: string) => problemsOfDaemon(`alive: ${value}`)

  test('invalid values', () => {
    expect(alive('{}')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": alive: no probe; add one of: tcp, unix, http, command, file"`,
    )
    expect(alive('{ notify: true }')).toMatchInlineSnapshot(
      `"b.yaml:4:14: daemon "web": alive.notify: shows readiness once, not that the daemon is still alive; use a probe, or watchdog: 30s for WATCHDOG=1 messages"`,
    )
    expect(alive('{ fd: 3, log: x, interval: 1 }')).toMatchInlineSnapshot(`
      "b.yaml:4:14: daemon "web": alive.fd: shows readiness once, not that the daemon is still alive; use a probe, or watchdog: 30s for WATCHDOG=1 messages
      b.yaml:4:21: daemon "web": alive.log: shows readiness once, not that the daemon is still alive; use a probe, or watchdog: 30s for WATCHDOG=1 messages
      b.yaml:4:39: daemon "web": alive.interval: expected a duration, found "1"; a number needs a unit: 1s or 1ms"
    `)
    expect(alive('{ tcp: 80, unix: /x }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": alive: "unix" is a second probe beside "tcp"; remove one of them"`,
    )
    expect(alive('tcp')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": alive: expected a map, found "tcp"; keys: tcp, unix, http, command, file, interval, timeout, failures"`,
    )
    expect(alive('{ tcp: 80, failures: 0 }')).toMatchInlineSnapshot(
      `"b.yaml:4:33: daemon "web": alive.failures: expected a whole number from 1 to 100, found "0""`,
    )
    expect(alive('{ tcp: 80, retries: 3 }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": alive: unknown key "retries"; known: tcp, unix, http, command, file, interval, timeout, failures"`,
    )
    expect(alive('{ http: ftp://x }')).toMatchInlineSnapshot(
      `"b.yaml:4:20: daemon "web": alive.http: expected http://HOST:PORT/PATH, found "ftp://x"; write http://127.0.0.1:8080/PATH"`,
    )
  })
})

test('watchdog', () => {
  expect(daemonOf('watchdog: 30s').watchdogMs).toBe(30_000)
  expect(problemsOfDaemon('watchdog: 30')).toMatchInlineSnapshot(
    `"b.yaml:4:15: daemon "web": watchdog: expected a duration, found "30"; a number needs a unit: 30s or 30ms"`,
  )
  expect(problemsOfDaemon('watchdog: 1ms')).toMatchInlineSnapshot(
    `"b.yaml:4:15: daemon "web": watchdog: expected a duration from 10 ms to 1 h, found "1ms""`,
  )
})
