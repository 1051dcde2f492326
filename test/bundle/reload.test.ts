/** DESIGN §8: the configuration files of a daemon (`config`, `watch`, `onBootFailure`), how a change
 *  takes effect (`reload`), and signals that reload. */
import { expect, test } from 'vitest'
import { checkPlan } from '../../src/core/plan/check-plan.ts'
import { specDefaults } from '../../src/core/plan/plan.ts'
import { serializePlan } from '../../src/core/plan/plan-text.ts'
import { daemonOf, planOf, problemsOf, problemsOfDaemon } from './problems-of.ts'

/** What a daemon with these keys has of the fields of this file. */
function configOf(keys: string): unknown {
  const { config, watch, reload, onBootFailure } = daemonOf(keys)
  return { config, watch, onBootFailure, reload }
}

const reloadOf = (written: string) => daemonOf(`config: /etc/web\n    reload: ${written}`).reload

test('without these keys a daemon is restarted, nothing is checked, and nothing is written to the plan', () => {
  const { config, watch, reload, onBootFailure } = specDefaults
  expect(configOf('')).toEqual({ config, watch, reload, onBootFailure })
  expect({ config, watch, reload, onBootFailure }).toMatchInlineSnapshot(`
    {
      "config": [],
      "onBootFailure": "leave",
      "reload": {
        "by": {
          "type": "restart",
        },
        "check": null,
        "checkInPlace": false,
        "settleMs": 1000,
        "verify": null,
        "verifyMs": 30000,
      },
      "watch": true,
    }
  `)
  const text = serializePlan(planOf('daemons: { web: { command: [web] } }'))
  expect(text).not.toContain('config')
  expect(text).not.toContain('reload')
})

test('config: a path or a list of paths', () => {
  expect(configOf('config: /etc/web.conf')).toMatchObject({ config: ['/etc/web.conf'] })
  expect(configOf('config: [/etc/web.conf, "/etc/a b/ä"]')).toMatchObject({
    config: ['/etc/web.conf', '/etc/a b/ä'],
  })
})

test.each([
  ['restart', { by: { type: 'restart' } }],
  ['none', { by: { type: 'none' } }],
  ['{ restart: true }', { by: { type: 'restart' } }],
  ['{ none: true, settle: 2s }', { by: { type: 'none' }, settleMs: 2000 }],
  ['{ signal: HUP }', { by: { type: 'signal', signal: 'HUP' } }],
  ['{ signal: SIGUSR2 }', { by: { type: 'signal', signal: 'USR2' } }],
  ['{ command: [web, -s, reload] }', { by: { type: 'command', command: ['web', '-s', 'reload'] } }],
  [
    '{ http: "http://127.0.0.1:2019/-/reload?a=b" }',
    {
      by: {
        type: 'http',
        host: '127.0.0.1',
        port: 2019,
        name: '127.0.0.1:2019',
        path: '/-/reload?a=b',
      },
    },
  ],
  ['{ check: [web, -t, "-c{file}"] }', { check: ['web', '-t', '-c{file}'], checkInPlace: false }],
  ['{ check: [web, -t], checkInPlace: true }', { check: ['web', '-t'], checkInPlace: true }],
  ['{ check: [web, "{file}"], checkInPlace: true }', { checkInPlace: true }],
  ['{ check: [web, "{file}"], checkInPlace: false }', { checkInPlace: false }],
  [
    '{ verify: { tcp: 8080 } }',
    { verify: { type: 'tcp', host: '127.0.0.1', port: 8080 }, verifyMs: 30_000 },
  ],
  ['{ verify: { command: [ok], timeout: 5s } }', { verifyMs: 5000 }],
  ['{ settle: 0s }', { settleMs: 0, by: { type: 'restart' } }],
])('reload: %s', (written, expected) => {
  const reload = reloadOf(written)
  expect(reload).toMatchObject(expected)
  expect(Object.keys(reload)).toEqual(Object.keys(specDefaults.reload))
})

test('paths of config', () => {
  const config = (paths: string) => problemsOfDaemon(`config: ${paths}`)
  const long = 'x'.repeat(201)
  const problems = [
    'etc/web.conf',
    './web.conf',
    '/etc/../web.conf',
    '//etc/./web.conf',
    '/etc/web/',
    '/etc/..',
    '/',
    '"/etc/a\\nb"',
    `/etc/${long}`,
    '[]',
    '~',
    '{ path: /etc/web }',
    '[/etc/web, /etc/web]',
    `[${Array.from({ length: 17 }, (_, index) => `/${index}`)}]`,
  ]
  expect(problems.map(config).join('\n')).toMatchInlineSnapshot(`
    "b.yaml:4:13: daemon "web": config: "etc/web.conf" is not an absolute path; begin with /: the file is named in the same way everywhere
    b.yaml:4:13: daemon "web": config: "./web.conf" is not an absolute path; begin with /: the file is named in the same way everywhere
    b.yaml:4:13: daemon "web": config: "/etc/../web.conf" is not in its shortest spelling; write /web.conf
    b.yaml:4:13: daemon "web": config: "//etc/./web.conf" is not in its shortest spelling; write /etc/web.conf
    b.yaml:4:13: daemon "web": config: "/etc/web/" is not the path of a file; use up to 1024 bytes without control characters, with the name of a file at its end
    b.yaml:4:13: daemon "web": config: "/etc/.." is not the path of a file; use up to 1024 bytes without control characters, with the name of a file at its end
    b.yaml:4:13: daemon "web": config: "/" is not the path of a file; use up to 1024 bytes without control characters, with the name of a file at its end
    b.yaml:4:13: daemon "web": config: "/etc/a\\nb" is not the path of a file; use up to 1024 bytes without control characters, with the name of a file at its end
    b.yaml:4:13: daemon "web": config: "/etc/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" is not the path of a file; use up to 1024 bytes without control characters, with the name of a file at its end
    b.yaml:4:13: daemon "web": config: the list is empty; add a path, or remove it
    b.yaml:4:13: daemon "web": config: expected text, found "~"; to use the word itself, put it in quotes
    b.yaml:4:13: daemon "web": config: expected a path or a list of paths, found a map
    b.yaml:4:24: daemon "web": config: "/etc/web" is listed twice; remove one of them
    b.yaml:4:13: daemon "web": config: 17 files are too many; at most 16"
  `)
  expect(config(`/${'y/'.repeat(511)}${'x'.repeat(1)}`)).toBe('valid')
  expect(config(`/${'y/'.repeat(512)}${'x'.repeat(1)}`)).toContain('use up to 1024 bytes')
})

test('keys that contradict each other or have no effect', () => {
  const config = 'config: /etc/web\n    '
  const problems = [
    'watch: true',
    'watch: false',
    'onBootFailure: lastGood',
    'reload: { check: [web, "{file}"] }',
    `${config}onBootFailure: first`,
    `${config}watch: sometimes`,
    `${config}reload: hup`,
    `${config}reload: restrat`,
    `${config}reload: signal`,
    `${config}reload: ~`,
    `${config}reload: { signal: HUP, http: "http://127.0.0.1/x" }`,
    `${config}reload: { restart: false }`,
    `${config}reload: { signal: KILL }`,
    `${config}reload: { signal: TERM }`,
    `${config}stop: { signal: QUIT }\n    reload: { signal: QUIT }`,
    `${config}reload: { http: "https://127.0.0.1/x" }`,
    `${config}reload: { http: "http://web:80/x" }`,
    `${config}reload: { check: [web, -t] }`,
    `${config}reload: { check: [web, -t], checkInPlace: false }`,
    `${config}reload: { checkInPlace: true }`,
    `${config}reload: { check: "web -t {file}" }`,
    `${config}reload: { chek: [web, "{file}"] }`,
    `${config}reload: { verify: { timeout: 1s } }`,
    `${config}reload: { verify: { tcp: 1, http: "http://127.0.0.1/" } }`,
    `${config}reload: { verify: { notify: true } }`,
    `${config}reload: { settle: 2 }`,
    `${config}cwd: /srv\n    reload: { verify: { file: up } }`,
  ]
  expect(problems.map(problemsOfDaemon).join('\n')).toMatchInlineSnapshot(`
    "b.yaml:4:5: daemon "web": watch: has no effect without config; add config: /PATH, or remove it
    b.yaml:4:5: daemon "web": watch: has no effect without config; add config: /PATH, or remove it
    b.yaml:4:5: daemon "web": onBootFailure: has no effect without config; add config: /PATH, or remove it
    b.yaml:4:15: daemon "web": reload.check: has no effect without config; add config: /PATH, or remove it
    b.yaml:5:20: daemon "web": onBootFailure: expected leave or lastGood, found "first"
    b.yaml:5:12: daemon "web": watch: expected true or false, found "sometimes"
    b.yaml:5:13: daemon "web": reload: expected restart, none or a map, found "hup"; such as { signal: HUP }
    b.yaml:5:13: daemon "web": reload: expected restart, none or a map, found "restrat"; did you mean "restart"?
    b.yaml:5:13: daemon "web": reload: expected restart, none or a map, found "signal"; write { signal: HUP }
    b.yaml:5:13: daemon "web": reload: expected a map, found "~"; keys: restart, none, signal, command, http, check, checkInPlace, verify, settle
    b.yaml:5:28: daemon "web": reload: "http" is a second way beside "signal"; remove one of them
    b.yaml:5:24: daemon "web": reload.restart: false has no meaning; write true, or remove it
    b.yaml:5:23: daemon "web": reload.signal: no daemon can handle KILL; write HUP or USR1
    b.yaml:5:15: daemon "web": reload.signal: TERM is the stop signal of this daemon; write restart, or another signal such as HUP
    b.yaml:6:15: daemon "web": reload.signal: QUIT is the stop signal of this daemon; write restart, or another signal such as HUP
    b.yaml:5:21: daemon "web": reload.http: https is not supported; write http://…, or use a command such as curl
    b.yaml:5:21: daemon "web": reload.http: "web" is not a numeric address; write an IP address or localhost: PID 1 resolves no names
    b.yaml:5:15: daemon "web": reload.check: no argument contains {file}, which stands for the new content; add {file}, or checkInPlace: true to check after the file was replaced
    b.yaml:5:15: daemon "web": reload.check: no argument contains {file}, which stands for the new content; add {file}, or checkInPlace: true to check after the file was replaced
    b.yaml:5:15: daemon "web": reload.checkInPlace: has no effect without check; add check: [PROGRAM, …], or remove it
    b.yaml:5:22: daemon "web": reload.check: expected a list, found "web -t {file}"; write a list, or for a shell: [sh, -c, "web -t {file}"]
    b.yaml:5:15: daemon "web": reload: unknown key "chek"; did you mean "check"?
    b.yaml:5:23: daemon "web": reload.verify: no probe; add one of: tcp, unix, http, command, file
    b.yaml:5:33: daemon "web": reload.verify: "http" is a second probe beside "tcp"; remove one of them
    b.yaml:5:25: daemon "web": reload.verify: unknown key "notify"; known: tcp, unix, http, command, file, timeout
    b.yaml:5:23: daemon "web": reload.settle: expected a duration, found "2"; a number needs a unit: 2s or 2ms
    b.yaml:6:31: daemon "web": reload.verify.file: "up" is relative, and the daemon has a cwd; write /srv/up"
  `)
  const withoutConfig = [
    'reload: { signal: HUP }',
    'reload: none',
    'reload: { verify: { tcp: 1 } }',
  ]
  expect(withoutConfig.map(problemsOfDaemon)).toEqual(['valid', 'valid', 'valid'])
})

test('a job can only be restarted', () => {
  const job = (keys: string) =>
    problemsOf(`daemons: { a: { kind: job, command: [a], config: /etc/a, ${keys} } }`)
  expect(job('reload: restart')).toBe('valid')
  expect(job('reload: { check: [a, "{file}"] }')).toBe('valid')
  const problems = ['reload: { signal: HUP }', 'reload: none', 'reload: { verify: { tcp: 1 } }']
  expect(problems.map(job).join('\n')).toMatchInlineSnapshot(`
    "b.yaml:1:58: daemon "a": reload: "signal" does not apply to a job; a job ends: write restart, which runs it again, or remove it
    b.yaml:1:58: daemon "a": reload: "none" does not apply to a job; a job ends: write restart, which runs it again, or remove it
    b.yaml:1:68: daemon "a": reload.verify: does not apply to a job; remove it: a job is verified when it exits with 0"
  `)
})

test('signals that reload', () => {
  const { signals } = planOf(
    'signals: { HUP: { reload: [b, a] } }\ndaemons: { a: { command: [a] }, b: { command: [b] } }',
  )
  expect(signals).toEqual({ HUP: { forward: [], restart: [], reload: ['b', 'a'] } })
  expect(
    problemsOf('daemons: { web: { command: [a] } }\nsignals: { HUP: { reload: [wbe] } }'),
  ).toMatchInlineSnapshot(
    `"b.yaml:2:28: signals.HUP.reload: no daemon "wbe" in this bundle; did you mean "web"?"`,
  )
})

test('two daemons may have the same file; at most 256 files are watched', () => {
  const bundle = (count: number, keys: string) => {
    const daemon = (n: number) => {
      const files = Array.from({ length: 16 }, (_, file) => `/etc/${n}/${file}`)
      return `d${n}: { command: [d], config: [${files}], ${keys} }`
    }
    return `daemons:\n  ${Array.from({ length: count }, (_, n) => daemon(n)).join('\n  ')}`
  }
  const full = `${bundle(16, '')}\n  more: { command: [d], config: /etc/0/0 }`
  expect(problemsOf(full)).toBe('valid')
  expect(checkPlan(planOf(full))).toBeNull()
  expect(problemsOf(bundle(17, 'watch: false'))).toBe('valid')
  expect(problemsOf(bundle(18, ''))).toMatchInlineSnapshot(
    `"b.yaml:18:3: daemons: more than 256 config files are watched, from daemon "d16" on; write watch: false where files change by pitcrew apply only"`,
  )
  const plan = planOf(bundle(17, 'watch: false'))
  const watching = { ...plan, daemons: plan.daemons.map((spec) => ({ ...spec, watch: true })) }
  expect(checkPlan(watching)).toBe('daemons: more than 256 config files are watched')
})
