/** Invalid bundles. DESIGN §6: "Unknown keys are errors with line, column and did you mean"; "a key
 *  that is planned but not built is refused with not yet, never ignored". Every message names the
 *  place, the value and the remedy; all problems are reported at once, in the order of the file. */
import { expect, test } from 'vitest'
import { loadBundle } from '../../src/bundle/load.ts'
import { maxBundleBytes } from '../../src/core/plan/plan-text.ts'
import { problemsOf, problemsOfDaemon } from './problems-of.ts'

test('all problems are reported at once, in the order of the file', () => {
  expect(
    problemsOf(`nam: Agent
label: "a\\nb"
deadline: 9
signals: { HPU: { forward: [egress] } }
daemons:
  egress:
    comand: [sh]
    env: { claim: ["EGRESS_TOKEN_*", 'a*b'], set: { A: , "B=": 1, C: [x], D: ~ } }
  Web: { command: nginx -g off, critical: yes }
  pipelock:
    command: []
    umask: 8
`),
  ).toMatchInlineSnapshot(`
    "b.yaml:1:1: unknown key "nam"; did you mean "name"?
    b.yaml:2:8: label: expected one line of printable text, up to 64 characters, found "a\\nb"
    b.yaml:3:11: deadline: expected a duration, found "9"; a number needs a unit: 9s or 9ms
    b.yaml:4:12: signals: unknown signal "HPU"; did you mean "HUP"?
    b.yaml:7:5: daemon "egress": unknown key "comand"; did you mean "command"?
    b.yaml:8:38: daemon "egress": env.claim: expected the name of a variable, with * at most at its end, found "a*b"
    b.yaml:8:53: daemon "egress": env.set.A: has no value; write "" for an empty value
    b.yaml:8:58: daemon "egress": env.set: "B=" is not a valid variable name; write NAME: VALUE
    b.yaml:8:70: daemon "egress": env.set.C: expected text, found a list
    b.yaml:8:78: daemon "egress": env.set.D: expected text, found "~"; to use the word itself, put it in quotes
    b.yaml:9:3: daemons: "Web" is not a valid name; use up to 48 lower-case letters, digits and dashes, the first a letter
    b.yaml:9:19: daemon "Web": command: expected a list, found "nginx -g off"; write a list: [nginx, -g, off]
    b.yaml:9:43: daemon "Web": critical: expected true or false, found "yes"
    b.yaml:11:14: daemon "pipelock": command: the list is empty; add command: [PROGRAM, ARGUMENT, …]
    b.yaml:12:12: daemon "pipelock": umask: expected an octal mask from 000 to 777, found "8"; write 022"
  `)
})

test('unknown keys', () => {
  expect(problemsOf('daemons: { a: { command: [a] } }\nxyz: 1')).toMatchInlineSnapshot(
    `"b.yaml:2:1: unknown key "xyz"; known: name, label, select, deadline, signals, onDeath, daemons"`,
  )
  expect(problemsOfDaemon('aftr: [a]')).toMatchInlineSnapshot(
    `"b.yaml:4:5: daemon "web": unknown key "aftr"; did you mean "after"?"`,
  )
  expect(problemsOfDaemon('redy: { tcp: 1 }')).toMatchInlineSnapshot(
    `"b.yaml:4:5: daemon "web": unknown key "redy"; did you mean "ready"?"`,
  )
  expect(problemsOfDaemon('stop: { signl: TERM }')).toMatchInlineSnapshot(
    `"b.yaml:4:13: daemon "web": stop: unknown key "signl"; did you mean "signal"?"`,
  )
  expect(problemsOfDaemon('limits: { nofiles: 1 }')).toMatchInlineSnapshot(
    `"b.yaml:4:15: daemon "web": limits: unknown key "nofiles"; did you mean "nofile"?"`,
  )
  expect(problemsOfDaemon('env: { sett: {} }')).toMatchInlineSnapshot(
    `"b.yaml:4:12: daemon "web": env: unknown key "sett"; did you mean "set"?"`,
  )
  expect(problemsOfDaemon('constructor: 1')).toMatchInlineSnapshot(
    `"b.yaml:4:5: daemon "web": unknown key "constructor"; known: kind, command, cwd, env, after, ready, alive, watchdog, stop, restart, main, critical, guard, optional, onDeath, control, user, group, umask, limits, config, watch, reload, onBootFailure"`,
  )
})

test.each([
  'listen: { mcp: tcp://127.0.0.1:9100 }',
  'drain: {}',
  'log: { format: json }',
  'env: { file: /etc/env }',
])('keys of a later version: %s', (keys) => {
  const problem = problemsOfDaemon(keys)
  expect(problem).toContain('is not yet supported')
  expect(problem.split('\n')).toHaveLength(1)
})

test.each(['log: {}', 'drain: {}'])('planned and not built, for the whole bundle: %s', (keys) => {
  expect(problemsOf(`daemons: { a: { command: [a] } }\n${keys}`)).toContain(':2:1: ')
  expect(problemsOf(`daemons: { a: { command: [a] } }\n${keys}`)).toContain('not yet')
})

test('commands', () => {
  expect(problemsOf('daemons: { a: {} }')).toMatchInlineSnapshot(
    `"b.yaml:1:12: daemon "a": no command; add command: [PROGRAM, ARGUMENT, …]"`,
  )
  expect(problemsOf('daemons: { a: }')).toMatchInlineSnapshot(
    `"b.yaml:1:15: daemon "a": has no value; add one, or remove the key"`,
  )
  expect(problemsOf('daemons: { a: [sh] }')).toMatchInlineSnapshot(
    `"b.yaml:1:15: daemon "a": expected a map, found a list; keys: kind, command, cwd, env, after, ready, alive, watchdog, stop, restart, main, critical, guard, optional, onDeath, control, user, group, umask, limits, config, watch, reload, onBootFailure"`,
  )
  expect(problemsOf('daemons: { a: { command: } }')).toMatchInlineSnapshot(
    `"b.yaml:1:26: daemon "a": command: has no value; add one, or remove the key"`,
  )
  expect(problemsOf('daemons: { a: { command: [] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:26: daemon "a": command: the list is empty; add command: [PROGRAM, ARGUMENT, …]"`,
  )
  expect(problemsOf('daemons: { a: { command: [""] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:27: daemon "a": command: the program name is empty; add command: [PROGRAM, ARGUMENT, …]"`,
  )
  expect(problemsOf('daemons: { a: { command: nginx -g off } }')).toMatchInlineSnapshot(
    `"b.yaml:1:26: daemon "a": command: expected a list, found "nginx -g off"; write a list: [nginx, -g, off]"`,
  )
  expect(problemsOf('daemons: { a: { command: "a | b" } }')).toMatchInlineSnapshot(
    `"b.yaml:1:26: daemon "a": command: expected a list, found "a | b"; write a list, or for a shell: [sh, -c, "a | b"]"`,
  )
  expect(
    problemsOf('daemons: { a: { command: [ls, ~, [x], { y: z }, ] } }'),
  ).toMatchInlineSnapshot(`
    "b.yaml:1:31: daemon "a": command: expected text, found "~"; to use the word itself, put it in quotes
    b.yaml:1:34: daemon "a": command: expected text, found a list
    b.yaml:1:39: daemon "a": command: expected text, found a map"
  `)
  expect(problemsOf('daemons:\n  a:\n    command:\n    - sh\n    -\n')).toMatchInlineSnapshot(
    `"b.yaml:5:6: daemon "a": command: has no value; add one, or remove the key"`,
  )
})

test('names', () => {
  expect(problemsOf('name: My_Bundle\ndaemons: { a: { command: [a] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:7: name: expected up to 48 lower-case letters, digits and dashes, the first a letter, found "My_Bundle""`,
  )
  expect(problemsOf('daemons: { Web: { command: [a] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:12: daemons: "Web" is not a valid name; use up to 48 lower-case letters, digits and dashes, the first a letter"`,
  )
  for (const bad of ['-a', '1a', 'a_b', 'a.b', 'ä', 'a'.repeat(49)]) {
    expect(problemsOf(`daemons: { ${bad}: { command: [a] } }`)).toContain('is not a valid name')
  }
  for (const good of ['a', 'a-', 'a1-b2', 'a'.repeat(48)]) {
    expect(problemsOf(`daemons: { ${good}: { command: [a] } }`)).toBe('valid')
  }
})

test('the map of daemons', () => {
  expect(problemsOf('name: a')).toMatchInlineSnapshot(
    `"b.yaml:1:1: no daemons; add daemons: { NAME: { command: [PROGRAM] } }"`,
  )
  expect(problemsOf('deamons: { a: { command: [a] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:1: unknown key "deamons"; did you mean "daemons"?"`,
  )
  expect(problemsOf('daemons: {}')).toMatchInlineSnapshot(
    `"b.yaml:1:10: daemons: the map is empty; a bundle has at least one daemon"`,
  )
  expect(problemsOf('daemons: [a, b]')).toMatchInlineSnapshot(
    `"b.yaml:1:10: daemons: expected a map, found a list; write daemons: { NAME: { command: [PROGRAM] } }"`,
  )
  expect(
    problemsOf('daemons:\n  a: { command: [a] }\n  a: { command: [b] }'),
  ).toMatchInlineSnapshot(`"b.yaml:3:3: duplicate key "a"; remove or rename one of them"`)
  const many = Array.from({ length: 4097 }, (_, index) => `d${index}: {}`)
  expect(problemsOf(`daemons: {${many}}`)).toMatchInlineSnapshot(
    `"b.yaml:1:10: daemons: 4097 daemons are too many; at most 4096: split the bundle"`,
  )
  expect(
    problemsOf('daemons: { a: { command: [a], main: true }, b: { command: [b], main: true } }'),
  ).toMatchInlineSnapshot(
    `"b.yaml:1:45: daemons: daemon "b" is main, and so is "a"; only one daemon can be main: choose one"`,
  )
})

test('label, select, deadline', () => {
  const rest = '\ndaemons: { a: { command: [a] } }'
  expect(problemsOf(`label: ${'x'.repeat(65)}${rest}`)).toMatchInlineSnapshot(
    `"b.yaml:1:8: label: expected one line of printable text, up to 64 characters, found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…""`,
  )
  expect(problemsOf(`label: " "${rest}`)).toMatchInlineSnapshot(
    `"b.yaml:1:8: label: expected one line of printable text, up to 64 characters, found " ""`,
  )
  expect(problemsOf(`label: "\\e[31m"${rest}`)).toMatchInlineSnapshot(
    `"b.yaml:1:8: label: expected one line of printable text, up to 64 characters, found "\\u001b[31m""`,
  )
  expect(problemsOf(`select: A=B${rest}`)).toMatchInlineSnapshot(
    `"b.yaml:1:9: select: expected the name of an environment variable, found "A=B""`,
  )
  expect(problemsOf(`deadline: 9${rest}`)).toMatchInlineSnapshot(
    `"b.yaml:1:11: deadline: expected a duration, found "9"; a number needs a unit: 9s or 9ms"`,
  )
  expect(problemsOf(`deadline: soon${rest}`)).toMatchInlineSnapshot(
    `"b.yaml:1:11: deadline: expected a duration, found "soon"; write 500ms, 9s or 1m30s"`,
  )
  expect(problemsOf(`deadline: 99ms${rest}`)).toMatchInlineSnapshot(
    `"b.yaml:1:11: deadline: expected a duration from 100 ms to 1 h, found "99ms""`,
  )
  expect(problemsOf(`deadline: 61m${rest}`)).toMatchInlineSnapshot(
    `"b.yaml:1:11: deadline: expected a duration from 100 ms to 1 h, found "61m""`,
  )
  expect(problemsOf(`deadline: 100ms${rest}`)).toBe('valid')
  expect(problemsOf(`deadline: 1h${rest}`)).toBe('valid')
})

test('signals', () => {
  const signals = (map: string) => problemsOf(`signals: ${map}\ndaemons: { web: { command: [a] } }`)
  for (const name of ['TERM', 'INT', 'KILL', 'STOP', 'CHLD', 'SIGTERM', 'SIGKILL']) {
    expect(signals(`{ ${name}: { restart: [web] } }`)).toContain('cannot map ')
  }
  expect(signals('{ TERM: { restart: [web] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:12: signals: cannot map TERM; TERM always shuts down"`,
  )
  expect(signals('{ KILL: { restart: [web] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:12: signals: cannot map KILL; no program can receive KILL"`,
  )
  expect(signals('{ CHLD: { restart: [web] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:12: signals: cannot map CHLD; pitcrew needs CHLD to learn that a process has ended"`,
  )
  expect(signals('{ HPU: { restart: [web] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:12: signals: unknown signal "HPU"; did you mean "HUP"?"`,
  )
  expect(signals('{ sighup: { restart: [web] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:12: signals: unknown signal "sighup"; did you mean "HUP"?"`,
  )
  expect(signals('{ 10: { restart: [web] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:12: signals: unknown signal "10"; did you mean "USR1"?"`,
  )
  expect(signals('{ HUP: { restart: [wbe] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:29: signals.HUP.restart: no daemon "wbe" in this bundle; did you mean "web"?"`,
  )
  expect(signals('{ HUP: { restart: web } }')).toMatchInlineSnapshot(
    `"b.yaml:1:28: signals.HUP.restart: expected a list, found "web"; write [web]"`,
  )
  expect(signals('{ HUP: {} }')).toMatchInlineSnapshot(
    `"b.yaml:1:12: signals.HUP: the signal has no action; add forward: [NAME], restart: [NAME] or reload: [NAME], or remove it"`,
  )
  expect(signals('{ HUP: { restart: [web] }, SIGHUP: { forward: [web] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:37: signals: duplicate signal HUP; SIGHUP and HUP are the same"`,
  )
  expect(signals('{ HUP: { restart: [web, web] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:34: signals.HUP.restart: "web" is listed twice; remove one of them"`,
  )
})

test('environment', () => {
  expect(problemsOfDaemon('env: { claim: ["*X"] }')).toMatchInlineSnapshot(
    `"b.yaml:4:20: daemon "web": env.claim: expected the name of a variable, with * at most at its end, found "*X""`,
  )
  expect(problemsOfDaemon('env: { pass: [""] }')).toMatchInlineSnapshot(
    `"b.yaml:4:19: daemon "web": env.pass: expected the name of a variable, with * at most at its end, found """`,
  )
  expect(problemsOfDaemon('env: { pass: PATH }')).toMatchInlineSnapshot(
    `"b.yaml:4:18: daemon "web": env.pass: expected a list, found "PATH"; write [PATH]"`,
  )
  expect(problemsOfDaemon('env: { set: { A: } }')).toMatchInlineSnapshot(
    `"b.yaml:4:19: daemon "web": env.set.A: has no value; write "" for an empty value"`,
  )
  expect(problemsOfDaemon('env: { set: { A: null } }')).toMatchInlineSnapshot(
    `"b.yaml:4:22: daemon "web": env.set.A: expected text, found "null"; to use the word itself, put it in quotes"`,
  )
  expect(problemsOfDaemon('env: { set: { "": x } }')).toMatchInlineSnapshot(
    `"b.yaml:4:19: daemon "web": env.set: "" is not a valid variable name; write NAME: VALUE"`,
  )
  expect(problemsOfDaemon('env: { set: [A=1] }')).toMatchInlineSnapshot(
    `"b.yaml:4:17: daemon "web": env.set: expected a map, found a list"`,
  )
  expect(
    problemsOf(`daemons:
  a: { command: [a], env: { claim: ["TOKEN_*"], pass: [PATH] } }
  b: { command: [b], env: { claim: [OTHER, "TOKEN_*"] } }`),
  ).toMatchInlineSnapshot(
    `"b.yaml:3:44: daemon "b": env.claim: "TOKEN_*" is already claimed by daemon "a"; remove one claim: a variable goes to one daemon"`,
  )
})

test('stop', () => {
  expect(problemsOfDaemon('stop: { signal: TREM }')).toMatchInlineSnapshot(
    `"b.yaml:4:21: daemon "web": stop.signal: unknown signal "TREM"; did you mean "TERM"?"`,
  )
  expect(problemsOfDaemon('stop: { grace: 5 }')).toMatchInlineSnapshot(
    `"b.yaml:4:20: daemon "web": stop.grace: expected a duration, found "5"; a number needs a unit: 5s or 5ms"`,
  )
  expect(problemsOfDaemon('stop: { grace: 2h }')).toMatchInlineSnapshot(
    `"b.yaml:4:20: daemon "web": stop.grace: expected a duration from 0 ms to 1 h, found "2h""`,
  )
  expect(problemsOfDaemon('stop: { success: [256, -1, "0", 1.0, x] }')).toMatchInlineSnapshot(`
    "b.yaml:4:23: daemon "web": stop.success: expected a whole number from 0 to 255, found "256"
    b.yaml:4:28: daemon "web": stop.success: expected a whole number from 0 to 255, found "-1"
    b.yaml:4:32: daemon "web": stop.success: expected a whole number from 0 to 255, found "0"; remove the quotes
    b.yaml:4:37: daemon "web": stop.success: expected a whole number from 0 to 255, found "1.0"
    b.yaml:4:42: daemon "web": stop.success: expected a whole number from 0 to 255, found "x""
  `)
  expect(problemsOfDaemon('stop: { success: 15 }')).toMatchInlineSnapshot(
    `"b.yaml:4:22: daemon "web": stop.success: expected a list, found "15"; write [15]"`,
  )
  expect(problemsOfDaemon('stop: { command: kill -9 1 }')).toMatchInlineSnapshot(
    `"b.yaml:4:22: daemon "web": stop.command: expected a list, found "kill -9 1"; write a list: [kill, -9, 1]"`,
  )
  expect(problemsOfDaemon('stop: { command: [] }')).toMatchInlineSnapshot(
    `"b.yaml:4:22: daemon "web": stop.command: the list is empty; add command: [PROGRAM, ARGUMENT, …]"`,
  )
})

test('process attributes', () => {
  expect(problemsOfDaemon('main: yes')).toMatchInlineSnapshot(
    `"b.yaml:4:11: daemon "web": main: expected true or false, found "yes""`,
  )
  expect(problemsOfDaemon('critical: "true"')).toMatchInlineSnapshot(
    `"b.yaml:4:15: daemon "web": critical: expected true or false, found "true"; remove the quotes"`,
  )
  expect(problemsOfDaemon('control: all')).toMatchInlineSnapshot(
    `"b.yaml:4:14: daemon "web": control: expected look or operate, found "all""`,
  )
  expect(problemsOfDaemon('cwd: ""')).toMatchInlineSnapshot(
    `"b.yaml:4:10: daemon "web": cwd: expected a path, found """`,
  )
  expect(problemsOfDaemon('cwd: ~')).toMatchInlineSnapshot(
    `"b.yaml:4:10: daemon "web": cwd: expected text, found "~"; to use the word itself, put it in quotes"`,
  )
  expect(problemsOfDaemon('user: "1000:1000"')).toMatchInlineSnapshot(
    `"b.yaml:4:11: daemon "web": user: expected a name or a number, found "1000:1000""`,
  )
  expect(problemsOfDaemon('user: -1')).toMatchInlineSnapshot(
    `"b.yaml:4:11: daemon "web": user: expected a name or a number, found "-1""`,
  )
  expect(problemsOfDaemon('group: 4294967295')).toMatchInlineSnapshot(
    `"b.yaml:4:12: daemon "web": group: expected a name or a number, found "4294967295""`,
  )
  for (const mask of ['8', '1000', '0o1000', '0x12', '-1', '[22]', 'rwx', '""']) {
    expect(problemsOfDaemon(`umask: ${mask}`)).toContain('an octal mask from 000 to 777')
  }
})

test('limits', () => {
  expect(problemsOfDaemon('limits: { nofile: lots }')).toMatchInlineSnapshot(
    `"b.yaml:4:23: daemon "web": limits.nofile: expected a number such as 1024, 64k, 64M or 1G, or unlimited, found "lots""`,
  )
  expect(problemsOfDaemon('limits: { nofile: -1 }')).toMatchInlineSnapshot(
    `"b.yaml:4:23: daemon "web": limits.nofile: expected a number such as 1024, 64k, 64M or 1G, or unlimited, found "-1"; write unlimited"`,
  )
  expect(problemsOfDaemon('limits: { nofile: 99999999999999999999 }')).toMatchInlineSnapshot(
    `"b.yaml:4:23: daemon "web": limits.nofile: expected a number such as 1024, 64k, 64M or 1G, or unlimited, found "99999999999999999999""`,
  )
  expect(problemsOfDaemon('limits: { nofile: { soft: 2, hard: 1 } }')).toMatchInlineSnapshot(
    `"b.yaml:4:23: daemon "web": limits.nofile: soft (2) is above hard (1); raise hard"`,
  )
  expect(problemsOfDaemon('limits: { nofile: { soft: unlimited, hard: 1 } }')).toContain('above')
  expect(problemsOfDaemon('limits: { nofile: { soft: 2 } }')).toMatchInlineSnapshot(
    `"b.yaml:4:23: daemon "web": limits.nofile: expected both soft and hard; write { soft: 1024, hard: 4096 }"`,
  )
})

test('at most 20 problems are shown; the others are counted', () => {
  const bad = Array.from({ length: 30 }, (_, index) => `  Bad${index}: { command: [a] }`)
  const lines = problemsOf(`daemons:\n${bad.join('\n')}`).split('\n')
  expect(lines).toHaveLength(21)
  expect(lines[0]).toContain('b.yaml:2:3: ')
  expect(lines[20]).toBe('and 10 more')
})

test('a text over 1 MiB is refused before it is parsed', () => {
  const filler = `# ${'x'.repeat(maxBundleBytes)}\n[`
  expect(problemsOf(filler)).toMatchInlineSnapshot(
    `"b.yaml:1:1: the bundle is larger than 1 MiB; make it smaller, or split it"`,
  )
})

test('a plan of another format and a broken plan are refused', () => {
  expect(problemsOf('{"plan":9,"name":"x"}')).toMatchInlineSnapshot(
    `"b.yaml:1:1: not a valid plan: plan: format 9 is not known, this version reads format 2; build it again with this version"`,
  )
  expect(problemsOf('{"plan":2,"name":"x"}')).toMatchInlineSnapshot(
    `"b.yaml:1:1: not a valid plan: label: expected text that is not empty; build it again with this version"`,
  )
  expect(problemsOf('{"plan":2,')).toContain('not a valid plan: ')
})

test('a truncated bundle gives a plan or problems, never a crash', () => {
  const text = `name: x\nsignals: { HUP: { forward: [a] } }\ndaemons:\n  a: &a\n    command: [sh, "-c", 'x']
    env: { set: { A: |-\n        text\n } }\n  b:\n    ? command\n    : [x]\n    after: [a]\n`
  for (let end = 0; end <= text.length; end++) {
    for (const cut of [text.slice(0, end), text.slice(end), `${text.slice(0, end)}\0`]) {
      const answer = loadBundle(cut)
      if ('problems' in answer) expect(answer.problems.length).toBeGreaterThan(0)
    }
  }
})
