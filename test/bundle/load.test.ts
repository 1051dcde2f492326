/** DESIGN §6: from a bundle file to its plan. */
import { expect, test } from 'vitest'
import { checkPlan, parsePlan } from '../../src/core/plan/check-plan.ts'
import type { Plan } from '../../src/core/plan/plan.ts'
import { serializePlan } from '../../src/core/plan/plan-text.ts'
import { daemonOf, planOf } from './problems-of.ts'

const full = `
name: agent-sidecars
label: sidecar-init
select: CLAUDE_BOTTLE_SIDECAR_DAEMONS
deadline: 8.5s
signals: { SIGHUP: { forward: [egress] }, USR1: { restart: [pipelock, egress] } }
daemons:
  egress:
    command: [/bin/sh, /app/egress-entrypoint.sh]
    env: { claim: ["EGRESS_TOKEN_*"], pass: [PATH, "LC_*"], set: { PORT: 8080, ON: true, E: "" } }
    limits: { nofile: { soft: 1024, hard: 64k }, core: 0, memlock: unlimited }
    umask: 027
  pipelock:
    command: [/usr/local/bin/pipelock, run, --config, /etc/pipelock.yaml]
    after: [egress]
    cwd: /srv
    user: nobody
    group: 65534
    stop: { signal: SIGQUIT, grace: 5s, success: [15, 143] }
    restart: { policy: never }
    main: true
  git-gate:
    command: [/bin/sh, /git-gate-entrypoint.sh]
    after: { egress: started, prepare: done }
    ready: { http: http://localhost:8080/healthz, timeout: 5s, interval: 250ms }
    alive: { unix: /run/git.sock, interval: 5s, timeout: 1s, failures: 2 }
    watchdog: 20s
    control: operate
    stop: { command: [git-gate, stop] }
    restart: { backoff: { initial: 1s, max: 1m }, limit: 5 in 1m, calm: 10s, then: shutdown }
    onDeath: { command: [tell, operator] }
    guard: true
    critical: true
  prepare: { command: [prepare], kind: job, optional: true, restart: on-failure }
`

test('a plan contains every default of its bundle', () => {
  expect(planOf(full)).toMatchInlineSnapshot(`
    {
      "daemons": [
        {
          "after": [],
          "alive": null,
          "command": [
            "/bin/sh",
            "/app/egress-entrypoint.sh",
          ],
          "config": [],
          "control": "none",
          "critical": false,
          "cwd": null,
          "env": {
            "claim": [
              "EGRESS_TOKEN_*",
            ],
            "pass": [
              "PATH",
              "LC_*",
            ],
            "set": {
              "E": "",
              "ON": "true",
              "PORT": "8080",
            },
          },
          "group": null,
          "guard": false,
          "kind": "daemon",
          "limits": {
            "core": {
              "hard": 0,
              "soft": 0,
            },
            "memlock": {
              "hard": "unlimited",
              "soft": "unlimited",
            },
            "nofile": {
              "hard": 65536,
              "soft": 1024,
            },
          },
          "main": false,
          "name": "egress",
          "onBootFailure": "leave",
          "onDeath": null,
          "optional": false,
          "ready": null,
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
          "restart": {
            "backoffMaxMs": 30000,
            "backoffMs": 200,
            "calmMs": 30000,
            "limit": null,
            "policy": "always",
            "then": "leave",
          },
          "stop": {
            "command": null,
            "graceMs": null,
            "signal": "TERM",
            "success": [],
          },
          "umask": 23,
          "user": null,
          "watch": true,
          "watchdogMs": null,
        },
        {
          "after": [
            {
              "daemon": "egress",
              "until": "ready",
            },
          ],
          "alive": null,
          "command": [
            "/usr/local/bin/pipelock",
            "run",
            "--config",
            "/etc/pipelock.yaml",
          ],
          "config": [],
          "control": "none",
          "critical": false,
          "cwd": "/srv",
          "env": {
            "claim": [],
            "pass": null,
            "set": {},
          },
          "group": "65534",
          "guard": false,
          "kind": "daemon",
          "limits": {},
          "main": true,
          "name": "pipelock",
          "onBootFailure": "leave",
          "onDeath": null,
          "optional": false,
          "ready": null,
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
          "restart": {
            "backoffMaxMs": 30000,
            "backoffMs": 200,
            "calmMs": 30000,
            "limit": null,
            "policy": "never",
            "then": "leave",
          },
          "stop": {
            "command": null,
            "graceMs": 5000,
            "signal": "QUIT",
            "success": [
              15,
              143,
            ],
          },
          "umask": null,
          "user": "nobody",
          "watch": true,
          "watchdogMs": null,
        },
        {
          "after": [
            {
              "daemon": "egress",
              "until": "started",
            },
            {
              "daemon": "prepare",
              "until": "done",
            },
          ],
          "alive": {
            "failures": 2,
            "intervalMs": 5000,
            "probe": {
              "path": "/run/git.sock",
              "type": "unix",
            },
            "timeoutMs": 1000,
          },
          "command": [
            "/bin/sh",
            "/git-gate-entrypoint.sh",
          ],
          "config": [],
          "control": "operate",
          "critical": true,
          "cwd": null,
          "env": {
            "claim": [],
            "pass": null,
            "set": {},
          },
          "group": null,
          "guard": true,
          "kind": "daemon",
          "limits": {},
          "main": false,
          "name": "git-gate",
          "onBootFailure": "leave",
          "onDeath": [
            "tell",
            "operator",
          ],
          "optional": false,
          "ready": {
            "intervalMs": 250,
            "sign": {
              "host": "127.0.0.1",
              "name": "localhost:8080",
              "path": "/healthz",
              "port": 8080,
              "type": "http",
            },
            "timeoutMs": 5000,
          },
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
          "restart": {
            "backoffMaxMs": 60000,
            "backoffMs": 1000,
            "calmMs": 10000,
            "limit": {
              "times": 5,
              "windowMs": 60000,
            },
            "policy": "always",
            "then": "shutdown",
          },
          "stop": {
            "command": [
              "git-gate",
              "stop",
            ],
            "graceMs": null,
            "signal": "TERM",
            "success": [],
          },
          "umask": null,
          "user": null,
          "watch": true,
          "watchdogMs": 20000,
        },
        {
          "after": [],
          "alive": null,
          "command": [
            "prepare",
          ],
          "config": [],
          "control": "none",
          "critical": false,
          "cwd": null,
          "env": {
            "claim": [],
            "pass": null,
            "set": {},
          },
          "group": null,
          "guard": false,
          "kind": "job",
          "limits": {},
          "main": false,
          "name": "prepare",
          "onBootFailure": "leave",
          "onDeath": null,
          "optional": true,
          "ready": null,
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
          "restart": {
            "backoffMaxMs": 30000,
            "backoffMs": 200,
            "calmMs": 30000,
            "limit": null,
            "policy": "on-failure",
            "then": "leave",
          },
          "stop": {
            "command": null,
            "graceMs": null,
            "signal": "TERM",
            "success": [],
          },
          "umask": null,
          "user": null,
          "watch": true,
          "watchdogMs": null,
        },
      ],
      "deadlineMs": 8500,
      "label": "sidecar-init",
      "name": "agent-sidecars",
      "plan": 2,
      "select": "CLAUDE_BOTTLE_SIDECAR_DAEMONS",
      "signals": {
        "HUP": {
          "forward": [
            "egress",
          ],
          "reload": [],
          "restart": [],
        },
        "USR1": {
          "forward": [],
          "reload": [],
          "restart": [
            "pipelock",
            "egress",
          ],
        },
      },
    }
  `)
})

test('one daemon with a command is a valid bundle', () => {
  expect(JSON.stringify(planOf('daemons: { web: { command: [web] } }'))).toMatchInlineSnapshot(
    `"{"plan":2,"name":"pitcrew","label":"pitcrew","select":"PITCREW_DAEMONS","deadlineMs":9000,"signals":{},"daemons":[{"name":"web","kind":"daemon","command":["web"],"cwd":null,"env":{"set":{},"pass":null,"claim":[]},"after":[],"ready":null,"alive":null,"watchdogMs":null,"stop":{"signal":"TERM","command":null,"graceMs":null,"success":[]},"restart":{"policy":"always","backoffMs":200,"backoffMaxMs":30000,"limit":null,"calmMs":30000,"then":"leave"},"main":false,"critical":false,"guard":false,"optional":false,"onDeath":null,"control":"none","user":null,"group":null,"umask":null,"limits":{},"config":[],"watch":true,"reload":{"by":{"type":"restart"},"check":null,"checkInPlace":false,"verify":null,"verifyMs":30000,"settleMs":1000},"onBootFailure":"leave"}]}"`,
  )
})

test('a bundle in JSON, with tabs, gives the same plan', () => {
  const bundle = {
    name: 'shop',
    deadline: '5s',
    signals: { HUP: { forward: ['web'] } },
    daemons: { web: { command: ['web', 8080, 'tab\t"quote"', '😀'], umask: '022' } },
  }
  const yaml = `
name: shop
deadline: 5s
signals: { HUP: { forward: [web] } }
daemons: { web: { command: [web, 8080, "tab\\t\\"quote\\"", 😀], umask: 022 } }
`
  expect(planOf(JSON.stringify(bundle, null, '\t'))).toEqual(planOf(yaml))
  expect(planOf(JSON.stringify(bundle))).toEqual(planOf(yaml))
})

test('the plan does not depend on the order of keys, only on the order of daemons', () => {
  const one = planOf('daemons: { a: { command: [a], main: true, limits: { nofile: 1, core: 0 } } }')
  const two = planOf('daemons: { a: { limits: { core: 0, nofile: 1 }, main: true, command: [a] } }')
  expect(serializePlan(two)).toBe(serializePlan(one))
})

test('numbers and booleans in a command stay text', () => {
  const written = [
    '8080',
    '0x1F',
    '1.50',
    '1e3',
    '022',
    'true',
    'False',
    'yes',
    '1_000',
    '-1',
    '.5',
  ]
  const [daemon] = planOf(`daemons:\n  x: { command: [${written}] }`).daemons
  expect(daemon?.command).toEqual(written)
})

test('values of env.set stay text', () => {
  expect(
    daemonOf('env: { set: { A: 1.0, B: 0o17, C: "", D: "null", E: TRUE, __proto__: x } }').env.set,
  ).toMatchInlineSnapshot(`
      {
        "A": "1.0",
        "B": "0o17",
        "C": "",
        "D": "null",
        "E": "TRUE",
        "__proto__": "x",
      }
    `)
})

test.each([
  ['022', 0o22],
  ['0o22', 0o22],
  ['22', 0o22],
  ['"077"', 0o77],
  ['0', 0],
  ['0777', 0o777],
])('umask: %s is octal', (written, mask) => {
  expect(daemonOf(`umask: ${written}`).umask).toBe(mask)
})

test.each([
  ['1024', 1024, 1024],
  ['"64M"', 64 * 1024 ** 2, 64 * 1024 ** 2],
  ['2k', 2048, 2048],
  ['1G', 1024 ** 3, 1024 ** 3],
  ['unlimited', 'unlimited', 'unlimited'],
  ['{ soft: 1, hard: unlimited }', 1, 'unlimited'],
  ['{ soft: 8k, hard: 8192 }', 8192, 8192],
])('limits.nofile: %s', (written, soft, hard) => {
  expect(daemonOf(`limits: { nofile: ${written} }`).limits).toEqual({ nofile: { soft, hard } })
})

test('aliases are supported', () => {
  const { daemons } = planOf(`
daemons:
  a: { command: [a], env: &common { set: { LANG: C.UTF-8 } } }
  b: { command: [b], env: *common }
`)
  expect(daemons.map(({ env }) => env.set)).toEqual([{ LANG: 'C.UTF-8' }, { LANG: 'C.UTF-8' }])
})

test('comments, a byte order mark and Windows line ends are ignored', () => {
  const plain = planOf('daemons:\n  a:\n    command: [a, b]\n')
  expect(planOf('\uFEFF# hello\r\ndaemons:\r\n  a: # first\r\n    command: [a, b]\r\n')).toEqual(
    plain,
  )
  expect(planOf('---\ndaemons:\n  a:\n    command: [a, b]\n...\n')).toEqual(plain)
})

test('a built plan is accepted as a bundle', () => {
  const plan = planOf(full)
  expect(planOf(serializePlan(plan))).toEqual(plan)
  expect(planOf(JSON.stringify(plan, null, 2))).toEqual(plan)
})

test('every loaded plan passes the check of the init, and its text gives the same plan', () => {
  for (const plan of [planOf(full), ...randomBundles(200).map(planOf)]) {
    expect(checkPlan(plan)).toBeNull()
    const text = serializePlan(plan)
    expect(text.startsWith('{"plan":2,')).toBe(true)
    expect(parsePlan(text)).toEqual({ plan })
  }
})

test('4096 daemons, each after the one before, are loaded', { timeout: 20_000 }, () => {
  const lines = Array.from({ length: 4096 }, (_, index) => {
    const after = index === 0 ? '' : `, after: [d${index - 1}]`
    return `  d${index}: { command: [d]${after} }`
  })
  const plan: Plan = planOf(`daemons:\n${lines.join('\n')}\n`)
  expect(plan.daemons).toHaveLength(4096)
})

/** Valid bundles from a fixed seed. */
function randomBundles(count: number): string[] {
  let state = 7
  const draw = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  const pick = (choices: readonly string[]): string => choices[draw(choices.length)] ?? ''
  return Array.from({ length: count }, () => {
    const daemons = Array.from({ length: 1 + draw(6) }, (_, index) => {
      const after = Array.from({ length: index }, (_, other) => `d${other}`).filter(
        () => draw(2) > 0,
      )
      return `  d${index}:
    command: [${pick(['a', '"a b"', "'#'", '8080', 'true'])}, ${pick(['x', '"\\u0007"', '"null"', '1.50'])}]
    after: [${after}]
    stop: ${pick(['{}', '{ signal: SIGINT }', '{ grace: 1m30s }', '{ success: [0, 255] }', '{ command: [x] }'])}
    ${pick(['kind: job', 'ready: notify', 'ready: { tcp: "[::1]:1" }', 'ready: { log: ä, timeout: 1s }', 'watchdog: 1s'])}
    ${pick(['guard: true', 'optional: true', 'critical: true', 'onDeath: { command: [x] }'])}
    restart: ${pick(['on-failure', 'never', '{ policy: on-failure, backoff: none, limit: 3 in 1s }'])}
    umask: ${pick(['022', '0o077', '"0"'])}
    env: ${pick(['{}', '{ set: { A: b } }', `{ claim: [X${index}_*] }`, '{ pass: ["*"] }'])}
    limits: ${pick(['{}', '{ as: 1G }', '{ core: unlimited }', '{ nofile: { soft: 1, hard: 2 } }'])}
    user: ${pick(['root', '0', 'www-data'])}`
    })
    return `deadline: ${pick(['100ms', '9s', '1h'])}
${pick(['', 'onDeath: { command: [x] }'])}
daemons:\n${daemons.join('\n')}\n`
  })
}
