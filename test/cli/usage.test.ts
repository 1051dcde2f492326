/** DESIGN §7: exit status 2 = usage. One clear message and its remedy; talk goes to stderr. */
import { expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { cli } from './cli.ts'
import { FakeSystem } from './fake-system.ts'

test('without a verb: the overview, on stderr, and status 2', () => {
  expect(cli([])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew unbuilt: init (PID 1) and supervisor for containers

    Usage:
      pitcrew run [--trace FILE] [BUNDLE]  Start the daemons of a bundle and look after them
      pitcrew [-g] -- COMMAND [ARG...]     Run one command as a small init for it
      pitcrew validate [BUNDLE] [--json]   Check a bundle and say what it means
      pitcrew build BUNDLE --out FILE      Check a bundle and write it as a plan, which starts faster
      pitcrew help [VERB]                  Show this overview, or the page of one verb

    pitcrew help VERB tells more; pitcrew --version names this version.
    Exit status: 0 done, 1 failed, 2 usage or a bundle that is not valid."
  `)
})

test('--help, -h and help are the same', () => {
  const text = cli(['help'])
  expect(text).toContain('exit 0')
  expect(cli(['--help'])).toBe(text)
  expect(cli(['-h'])).toBe(text)
})

test('--version', () => {
  expect(cli(['--version'])).toBe('exit 0\npitcrew unbuilt')
})

test.each(['run', '--', 'validate', 'build', 'help'])('the page of %s', (verb) => {
  expect(cli(['help', verb])).toMatchSnapshot()
  if (verb !== '--') expect(cli([verb, '--help'])).toBe(cli(['help', verb]))
})

test('a help page is shown whatever else is on the line', () => {
  const text = cli(['help', 'run'])
  expect(cli(['run', 'bundle.yaml', '--help'])).toBe(text)
  expect(cli(['run', '-h'])).toBe(text)
  expect(cli(['-g', '--help'])).toBe(cli(['help', '--']))
})

test('what is internal is in no list', () => {
  expect(cli(['help'])).not.toContain('@plan')
  expect(cli(['plan'])).not.toContain('@plan')
})

test('mistakes', () => {
  expect(cli(['valdate'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown verb "valdate"; did you mean "validate"?"
  `)
  expect(cli(['frobnicate'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown verb "frobnicate"; see: pitcrew help"
  `)
  expect(cli(['--hlep'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "--hlep"; did you mean "--help"?"
  `)
  expect(cli(['-x'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "-x"; see: pitcrew help"
  `)
  expect(cli(['--'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: no command to run; usage: pitcrew [-g] -- COMMAND [ARG...]"
  `)
  expect(cli(['-g'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: no command to run; usage: pitcrew [-g] -- COMMAND [ARG...]"
  `)
  expect(cli(['help', 'biuld'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: no help for "biuld"; did you mean "build"?"
  `)
  expect(cli(['help', 'run', 'now'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: one argument too many: "now"; usage: pitcrew help [VERB]"
  `)
  expect(cli(['validate', '--jsn'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "--jsn"; did you mean "--json"?"
  `)
  expect(cli(['validate', '-json'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "-json"; did you mean "--json"?"
  `)
  expect(cli(['validate', '--json=yes'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: --json takes no value; see: pitcrew help validate"
  `)
  expect(cli(['validate', '--json', '--json'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: --json is given twice; see: pitcrew help validate"
  `)
  expect(cli(['validate', 'a', 'b'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: one argument too many: "b"; usage: pitcrew validate [BUNDLE] [--json]"
  `)
  expect(cli(['build'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: missing argument BUNDLE; usage: pitcrew build BUNDLE --out FILE"
  `)
  expect(cli(['build', 'a.yaml'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: missing option --out; write --out FILE"
  `)
  expect(cli(['build', 'a.yaml', '--out'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: --out needs a value; write --out FILE"
  `)
  expect(cli(['build', 'a.yaml', '--out='])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: --out needs a value; write --out FILE"
  `)
  expect(cli(['@plan'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: missing argument PATH; usage: pitcrew @plan PATH"
  `)
  expect(cli(['constructor'])).toContain('unknown verb')
  expect(cli(['validate', '--constructor'])).toContain('unknown option')
})

test('behind -- everything is an argument', () => {
  const text = cli(['validate', '--', '--json'])
  expect(text).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: cannot read the bundle --json: no such file or directory (ENOENT); check the path"
  `)
})

test('a bug is not dressed up as a mistake of the user', () => {
  const system = new FakeSystem(['validate', 'a.yaml'])
  system.readFile = () => {
    throw new Error('a planted bug')
  }
  expect(main(system)).toBe(70)
  expect(system.stderr).toContain('internal error: a planted bug')
})
