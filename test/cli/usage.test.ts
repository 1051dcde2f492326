/** The help pages; and DESIGN §7: a usage error has one message with its remedy, and status 2. */
import { expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { cli } from './cli.ts'
import { FakeSystem } from './fake-system.ts'

const verbs = [
  'run',
  '--',
  'status',
  'explain',
  'logs',
  'events',
  'wait',
  'ticket',
  'history',
  'start',
  'stop',
  'restart',
  'reload',
  'apply',
  'plan',
  'confirm',
  'cancel',
  'rollback',
  'shutdown',
  'validate',
  'build',
  'help',
  'completion',
]

test('without a verb, the overview goes to stderr, with status 2', async () => {
  expect(await cli([])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew unbuilt: init (PID 1) and supervisor for containers

    Run:
      pitcrew run [BUNDLE]              Start and supervise the daemons of a bundle
      pitcrew [-g] -- COMMAND [ARG...]  Run one command under a minimal init

    Inspect:
      pitcrew status [NAME...]          Show the state of each daemon
      pitcrew explain NAME              Explain the state of a daemon and what to do
      pitcrew logs [NAME...]            Print the recent output of daemons
      pitcrew events [NAME...]          Print the journal: starts, deaths, requests
      pitcrew wait NAME...              Wait until daemons reach a state
      pitcrew ticket ID                 Show the outcome of a request
      pitcrew history NAME              List the contents that its files had

    Change:
      pitcrew start NAME...             Start daemons
      pitcrew stop NAME...              Stop daemons until they are started again
      pitcrew restart NAME...           Restart daemons without touching the others
      pitcrew reload NAME...            Make daemons read their configuration again
      pitcrew apply NAME --from FILE|-  Replace a configuration file of a daemon
      pitcrew plan NAME --from FILE|-   Show what an apply would change
      pitcrew confirm TICKET            Keep a change that waits for a confirmation
      pitcrew cancel TICKET             Undo a change that is not over
      pitcrew rollback NAME             Go back to an earlier content of a file
      pitcrew shutdown                  Stop all daemons, then pitcrew itself

    Bundles:
      pitcrew validate [BUNDLE]         Check a bundle and summarise it
      pitcrew build BUNDLE --out FILE   Compile a bundle to a plan, to start faster

    Help:
      pitcrew help [VERB]               Show this overview or the page of a verb
      pitcrew completion bash|zsh|fish  Print a completion script for a shell

    Exit status:
      0   success
      1   the operation failed or was superseded
      2   usage error or invalid bundle
      3   no such daemon, ticket or file
      4   timed out
      5   already running
      6   not permitted
      7   no pitcrew answers
      70  a bug in pitcrew

    "pitcrew help VERB" shows the options of a verb.
    "pitcrew --version" prints the version."
  `)
})

test('--help, -h and help are the same', async () => {
  const text = await cli(['help'])
  expect(text).toContain('exit 0')
  expect(await cli(['--help'])).toBe(text)
  expect(await cli(['-h'])).toBe(text)
})

test('--version', async () => {
  expect(await cli(['--version'])).toBe('exit 0\npitcrew unbuilt')
})

test.each(verbs)('the page of %s', async (verb) => {
  expect(await cli(['help', verb])).toMatchSnapshot()
  if (verb !== '--') expect(await cli([verb, '--help'])).toBe(await cli(['help', verb]))
})

test('--help shows the page whatever else is on the command line', async () => {
  const text = await cli(['help', 'run'])
  expect(await cli(['run', 'bundle.yaml', '--help'])).toBe(text)
  expect(await cli(['run', '-h'])).toBe(text)
  expect(await cli(['-g', '--help'])).toBe(await cli(['help', '--']))
})

test('internal verbs are not listed', async () => {
  expect(await cli(['help'])).not.toContain('@plan')
  expect(await cli(['plan'])).not.toContain('@plan')
})

test('every listed verb has its page here', async () => {
  const shown = (await cli(['help'])).matchAll(/^ {2}pitcrew (\[-g\] )?(\S+)/gm)
  expect([...shown].map((match) => match[2])).toEqual(verbs)
})

test('every help page fits into 80 columns', async () => {
  const pages = await Promise.all(verbs.map((verb) => cli(['help', verb])))
  pages.push(await cli(['help']))
  const lines = pages.flatMap((page) => page.split('\n'))
  expect(lines.filter((line) => line.length > 80)).toEqual([])
})

test('every verb has --json, except those that print text for people or plans', async () => {
  const pages = await Promise.all(verbs.map((verb) => cli(['help', verb])))
  const without = verbs.filter((_, at) => !pages[at]?.includes('--json'))
  expect(without).toEqual(['run', '--', 'build', 'help', 'completion'])
})

test('usage errors', async () => {
  expect(await cli(['valdate'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown verb "valdate"; did you mean "validate"?"
  `)
  expect(await cli(['frobnicate'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown verb "frobnicate"; see: pitcrew help"
  `)
  expect(await cli(['--hlep'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "--hlep"; did you mean "--help"?"
  `)
  expect(await cli(['-x'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "-x"; see: pitcrew help"
  `)
  expect(await cli(['--socket=/run/a.sock', 'status'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "--socket=/run/a.sock"; put it after the verb: pitcrew VERB --socket"
  `)
  expect(await cli(['--'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: no command to run; usage: pitcrew [-g] -- COMMAND [ARG...]"
  `)
  expect(await cli(['-g'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: no command to run; usage: pitcrew [-g] -- COMMAND [ARG...]"
  `)
  expect(await cli(['help', 'biuld'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown verb "biuld"; did you mean "build"?"
  `)
  expect(await cli(['help', 'run', 'now'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unexpected argument "now"; usage: pitcrew help [VERB]"
  `)
  expect(await cli(['validate', '--jsn'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "--jsn"; did you mean "--json"?"
  `)
  expect(await cli(['validate', '-json'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "-json"; did you mean "--json"?"
  `)
  expect(await cli(['validate', '--json=yes'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: --json takes no value; see: pitcrew help validate"
  `)
  expect(await cli(['validate', '--json', '--json'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: --json appears twice; see: pitcrew help validate"
  `)
  expect(await cli(['validate', 'a', 'b'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unexpected argument "b"; usage: pitcrew validate [BUNDLE] [--json]"
  `)
  expect(await cli(['build'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: missing argument BUNDLE; usage: pitcrew build BUNDLE --out FILE"
  `)
  expect(await cli(['build', 'a.yaml'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: missing option --out; write --out FILE"
  `)
  expect(await cli(['build', 'a.yaml', '--out'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: --out needs a value; write --out FILE"
  `)
  expect(await cli(['build', 'a.yaml', '--out='])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: --out needs a value; write --out FILE"
  `)
  expect(await cli(['status', '-x'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown option "-x"; see: pitcrew help status"
  `)
  expect(await cli(['logs', '-n'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: -n needs a value; write -n N"
  `)
  expect(await cli(['logs', '-n', 'x'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: invalid value "x" for --tail; write a whole number"
  `)
  expect(await cli(['logs', '-n', '1', '--tail', '2'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: --tail appears twice; see: pitcrew help logs"
  `)
  expect(await cli(['sttaus'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown verb "sttaus"; did you mean "status"?"
  `)
  expect(await cli(['completion', 'bsh'])).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: unknown shell "bsh"; did you mean "bash"?"
  `)
  expect(await cli(['constructor'])).toContain('unknown verb')
  expect(await cli(['validate', '--constructor'])).toContain('unknown option')
})

test('after -- every word is an argument', async () => {
  const text = await cli(['validate', '--', '--json'])
  expect(text).toMatchInlineSnapshot(`
    "exit 2
    stderr: pitcrew: cannot read the bundle --json: no such file or directory (ENOENT); check the path"
  `)
})

test('a bug is reported as an internal error, with status 70', async () => {
  const system = new FakeSystem(['validate', 'a.yaml'])
  system.readFile = () => {
    throw new Error('a planted bug')
  }
  expect(await main(system)).toBe(70)
  expect(system.stderr).toContain('internal error: a planted bug')
})
