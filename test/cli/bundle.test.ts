/** validate, build and @plan. */
import { describe, expect, test } from 'vitest'
import { planMain } from '../../src/cli/bundle/print-plan.ts'
import { parsePlan } from '../../src/core/plan/check-plan.ts'
import { cli, goodBundle, runSystem } from './cli.ts'
import { FakeSystem } from './fake-system.ts'

const files = { 'shop.yaml': goodBundle }

describe('validate', () => {
  test('prints the start order and how a shutdown divides the deadline', async () => {
    expect(await cli(['validate', 'shop.yaml'], files)).toMatchInlineSnapshot(`
      "exit 0
      shop.yaml is valid: shop, 2 daemons, in start order:
        1 db                     redis-server
        2 web  after db started  nginx -g daemon off;
      shutdown within 9 s:
        stop web; KILL after 2 s
        stop db; KILL after 8.5 s
        flush output for up to 250 ms"
    `)
  })

  test('prints what each daemon waits for; without ready: it waits until the dependency has started', async () => {
    const bundle = `
      daemons:
        all: { command: [all], after: { db: ready, cache: ready, migrate: ready, web: started } }
        many: { command: [many], after: [all, db, cache, migrate, web] }
        web: { command: [web], after: [migrate], ready: fd }
        migrate: { command: [migrate], kind: job, after: [db] }
        db: { command: [db], ready: { tcp: 5432 } }
        cache: { command: [cache] }
    `
    expect(await cli(['validate', 'b.yaml'], { 'b.yaml': bundle })).toMatchInlineSnapshot(`
      "exit 0
      b.yaml is valid: pitcrew, 6 daemons, in start order:
        1 db                                                               db
        2 cache                                                            cache
        3 migrate  after db ready                                          migrate
        4 web      after migrate done                                      web
        5 all      after db ready, cache started, migrate done and 1 more  all
        6 many     after all started, db ready, cache started and 2 more   many
      shutdown within 9 s:
        stop many; KILL after 1.531 s
        stop all; KILL after 3.281 s
        stop cache, web; KILL after 5.031 s
        stop migrate; KILL after 6.781 s
        stop db; KILL after 8.531 s
        flush output for up to 250 ms"
    `)
    expect(await cli(['validate', 'b.yaml', '--json'], { 'b.yaml': bundle })).toContain(
      '"after":{"all":{"db":"ready","cache":"started","migrate":"done","web":"started"}',
    )
  })

  test('configuration files, how a change takes effect, and which file is shared', async () => {
    const bundle = `daemons:
  web:
    command: [web]
    config: [/etc/web.conf, /etc/hosts.allow]
    reload: { signal: HUP, check: [web, -t, "{file}"] }
  db: { command: [db], config: /etc/hosts.allow, watch: false }
  api: { command: [api], config: /etc/api, reload: { http: "http://127.0.0.1:80/load" } }
`
    const text = await cli(['validate', 'b.yaml'], { 'b.yaml': bundle })
    expect(text.slice(text.indexOf('configuration files:'))).toMatchInlineSnapshot(`
      "configuration files:
        /etc/web.conf: web, check, then HUP
        /etc/hosts.allow: web, check, then HUP
        /etc/hosts.allow: db, restart, not watched
        /etc/api: api, POST 127.0.0.1:80/load
        /etc/hosts.allow is shared by web, db: each that watches it applies a change in turn"
    `)
    const json = await cli(['validate', 'b.yaml', '--json'], { 'b.yaml': bundle })
    expect(json.slice(json.indexOf('"config":'))).toMatchInlineSnapshot(
      `""config":{"web":{"files":["/etc/web.conf","/etc/hosts.allow"],"watch":true,"reload":"signal","check":true},"db":{"files":["/etc/hosts.allow"],"watch":false,"reload":"restart","check":false},"api":{"files":["/etc/api"],"watch":true,"reload":"http","check":false}}}"`,
    )
  })

  test('--json', async () => {
    expect(await cli(['validate', '--json', 'shop.yaml'], files)).toMatchInlineSnapshot(`
      "exit 0
      {"valid":true,"path":"shop.yaml","name":"shop","startOrder":["db","web"],"after":{"web":{"db":"started"}},"shutdown":{"deadlineMs":9000,"killAtMs":[2000,8500],"flushMs":250},"config":{}}"
    `)
    const bad = { 'b.yaml': 'daemons:\n  a: { comand: [a] }\nx: 1\n' }
    expect(await cli(['validate', 'b.yaml', '--json'], bad)).toMatchInlineSnapshot(`
      "exit 2
      {"valid":false,"path":"b.yaml","problems":[{"line":2,"column":8,"message":"daemon \\"a\\": unknown key \\"comand\\"","hint":"did you mean \\"command\\"?"},{"line":3,"column":1,"message":"unknown key \\"x\\"","hint":"known: name, label, select, deadline, signals, onDeath, daemons"}],"more":0}"
    `)
    expect(await cli(['validate', 'gone.yaml', '--json'])).toMatchInlineSnapshot(`
      "exit 2
      {"valid":false,"path":"gone.yaml","problems":[{"line":null,"column":null,"message":"cannot read the bundle gone.yaml: no such file or directory (ENOENT)","hint":"check the path"}],"more":0}"
    `)
  })

  test('in a terminal lines are truncated to its width', async () => {
    const system = new FakeSystem(['validate', 'shop.yaml'], files)
    system.terminals = [1]
    system.size = { columns: 24, rows: 24 }
    expect(await runSystem(system)).toContain('\n  2 web  after db start…\n')
  })

  test('prints every problem with line and column on stderr, and exits with 2', async () => {
    const bad = { 'b.yaml': 'daemons:\n  a: { comand: [a] }\n  b: { command: [], after: [c] }\n' }
    expect(await cli(['validate', 'b.yaml'], bad)).toMatchInlineSnapshot(`
      "exit 2
      stderr: b.yaml:2:8: daemon "a": unknown key "comand"; did you mean "command"?
      b.yaml:3:17: daemon "b": command: the list is empty; add command: [PROGRAM, ARGUMENT, …]
      b.yaml:3:29: daemon "b": after: no daemon "c" in this bundle; known: a, b
      pitcrew: cannot use b.yaml: 3 problems"
    `)
  })

  test('a plan is valid, too', async () => {
    const built = new FakeSystem(['build', 'shop.yaml', '--out', 'p.json'], files)
    await runSystem(built)
    const text = await cli(['validate', 'p.json'], { 'p.json': built.written.get('p.json') ?? '' })
    expect(text).toBe((await cli(['validate', 'shop.yaml'], files)).replace('shop.yaml', 'p.json'))
  })

  test('if many daemons stop together, only some are named', async () => {
    const daemons = Array.from({ length: 12 }, (_, index) => `d${index}: { command: [d] }`)
    const text = await cli(['validate', 'b.yaml'], { 'b.yaml': `daemons: {${daemons}}` })
    expect(text).toContain('stop d0, d1, d2, d3 and 8 more')
  })

  test('the text of a bundle cannot move the cursor', async () => {
    const text = await cli(['validate', 'b.yaml'], {
      'b.yaml': 'daemons: { a: { command: ["\\e[2J"] } }',
    })
    expect(text).not.toContain('\u001b')
  })
})

describe('finding the bundle', () => {
  const places = [
    './bundle.yaml',
    './bundle.json',
    '/etc/pitcrew/bundle.yaml',
    '/etc/pitcrew/bundle.json',
  ]

  test('without an argument, the first of four paths is used', async () => {
    for (let first = 0; first < places.length; first++) {
      const there = Object.fromEntries(places.slice(first).map((place) => [place, goodBundle]))
      expect(await cli(['validate'], there)).toContain(`${places[first]} is valid`)
    }
  })

  test('if none exists, all four are named', async () => {
    expect(await cli(['validate'])).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: cannot find a bundle: there is no ./bundle.yaml, no ./bundle.json, no /etc/pitcrew/bundle.yaml, no /etc/pitcrew/bundle.json; name one on the command line"
    `)
  })

  test('a file that exists but cannot be read is an error', async () => {
    const system = new FakeSystem(['validate'], { './bundle.json': goodBundle })
    system.files.set('./bundle.yaml', { error: 'EACCES' })
    expect(await runSystem(system)).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: cannot read the bundle ./bundle.yaml: permission denied (EACCES); check its mode and owner, and those of its directories"
    `)
  })

  test.each([
    'ENOENT',
    'ENOTDIR',
    'EACCES',
    'EISDIR',
    'not a regular file',
    'too large',
    'EIO',
    'ESTALE',
  ])('a file that answers %s', async (error) => {
    const system = new FakeSystem(['validate', 'b.yaml'])
    system.files.set('b.yaml', { error })
    expect(await runSystem(system)).toMatchSnapshot()
  })

  test('10 MB of text are refused', async () => {
    const large = { 'b.yaml': '#'.repeat(10_000_000) }
    expect(await cli(['validate', 'b.yaml'], large)).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: cannot read the bundle b.yaml: it is too large; a bundle has at most 1 MiB, a plan at most 4 MiB"
    `)
    const between = { 'b.yaml': '#'.repeat(2_000_000) }
    expect(await cli(['validate', 'b.yaml'], between)).toMatchInlineSnapshot(`
      "exit 2
      stderr: b.yaml:1:1: the bundle is larger than 1 MiB; make it smaller, or split it
      pitcrew: cannot use b.yaml: 1 problem"
    `)
  })

  test('a bundle that is a program is not yet supported', async () => {
    expect(
      await cli(['validate', 'bundle.ts'], { 'bundle.ts': 'export default {}' }),
    ).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: cannot read the bundle bundle.ts: a bundle that is a program: not yet; write it as YAML or JSON"
    `)
  })
})

describe('build', () => {
  test('writes a plan that is loaded without the parser', async () => {
    const system = new FakeSystem(['build', 'shop.yaml', '--out', '/tmp/p.json'], files)
    expect(await runSystem(system)).toMatchInlineSnapshot(`
      "exit 0
      stderr: pitcrew: wrote /tmp/p.json: 2 daemons
      /tmp/p.json <- {"plan":2,"sum":"4bd2960d91e1322f","name":"shop","label":"pitcrew","select":"PITCREW_DAEMONS","deadlineMs":9000,"signals":{},"daemons":[
      {"name":"web","command":["nginx","-g","daemon off;"],"after":[{"daemon":"db","until":"ready"}],"stop":{"signal":"TERM","command":null,"graceMs":2000,"success":[]}},
      {"name":"db","command":["redis-server"]}
      ]}"
    `)
    expect(parsePlan(system.written.get('/tmp/p.json') ?? '')).toHaveProperty('plan')
  })

  test('--out - writes to stdout and nothing else', async () => {
    const system = new FakeSystem(['build', '--out=-', 'shop.yaml'], files)
    expect(await runSystem(system)).toContain('exit 0')
    expect(system.stderr).toBe('')
    expect(parsePlan(system.stdout)).toHaveProperty('plan')
  })

  test('writes nothing for an invalid bundle', async () => {
    expect(
      await cli(['build', 'b.yaml', '--out', 'p.json'], { 'b.yaml': 'daemons: {}' }),
    ).toMatchInlineSnapshot(`
      "exit 2
      stderr: b.yaml:1:10: daemons: the map is empty; a bundle has at least one daemon
      pitcrew: cannot use b.yaml: 1 problem"
    `)
  })

  test('never overwrites the bundle', async () => {
    expect(await cli(['build', 'shop.yaml', '--out', 'shop.yaml'], files)).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: cannot write the plan over its bundle shop.yaml; name another file, so that the bundle is kept"
    `)
  })

  test('a file that cannot be written: status 1', async () => {
    const system = new FakeSystem(['build', 'shop.yaml', '--out', '/ro/p.json'], files)
    system.writeError = 'EROFS'
    expect(await runSystem(system)).toMatchInlineSnapshot(`
      "exit 1
      stderr: pitcrew: cannot write /ro/p.json: read-only file system (EROFS)"
    `)
  })

  test('refuses a plan that would be too large to load', async () => {
    const long = `[${Array.from({ length: 2000 }, () => 'x'.repeat(100))}]`
    const daemons = Array.from({ length: 40 }, (_, index) => `d${index}: { command: *c }`)
    const bundle = `daemons: { a: { command: &c ${long} }, ${daemons} }`
    expect(
      await cli(['build', 'b.yaml', '--out', 'p.json'], { 'b.yaml': bundle }),
    ).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: cannot build a plan of more than 4 MiB; use fewer aliases in the bundle: each is written out"
    `)
  })
})

describe('@plan, for the init', () => {
  test('prints the same plan as build', async () => {
    const plan = await runSystem(new FakeSystem(['@plan', 'shop.yaml'], files), planMain)
    expect(plan).toBe(await cli(['build', 'shop.yaml', '--out', '-'], files))
  })

  test('problems go to stderr, and stdout stays empty', async () => {
    const system = new FakeSystem(['@plan', 'b.yaml'], { 'b.yaml': 'daemons: [' })
    expect(await runSystem(system, planMain)).toMatchInlineSnapshot(`
      "exit 2
      stderr: b.yaml:1:11: not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ]; close the bracket before this position
      pitcrew: cannot use b.yaml: 1 problem"
    `)
    expect(system.stdout).toBe('')
  })
})
