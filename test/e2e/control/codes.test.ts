/** Reaches every code of the table (src/errors.ts) once, by a verb, a client or `run`, with its
 *  exit status. A code without a row here does not compile. */
import { execFileSync } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type ErrorCode, errorCodes, exitStatus, PitcrewError } from '../../../src/errors.ts'
import { connect } from '../../../src/node/index.ts'
import { runVerb, startVerb, type VerbResult } from '../support/cli.ts'
import { connectControl, socketPath } from '../support/control-client.ts'
import { binary, fixtures, type Options, Pitcrew, root, sh } from '../support/pitcrew.ts'
import { release } from '../support/processes.ts'

const planted = join(root, 'build/pitcrew-faults-codes')
const long = { command: sh('echo up; exec sleep 1000') }
const exitsOnRelease = { command: ['/bin/sh', `${fixtures}/scripts/exits-on-release.sh`] }
const fails = { command: sh('exit 3'), restart: 'never', ready: 'fd' }
const bundle = { daemons: { web: long } }

beforeAll(() => {
  const words = [join(root, 'scripts/build.mjs'), '--faults', '--out', planted]
  execFileSync(process.execPath, words, { stdio: 'pipe' })
}, 120_000)

/** The exit status and the output of a process that got the code; with --json the output has the
 *  code itself. */
type Way = () => Promise<{ readonly status: number; readonly output: string }>

function ended({ status, out, err }: VerbResult): { status: number; output: string } {
  return { status, output: [...out, ...err].join('\n') }
}

async function started(of: object = bundle): Promise<Pitcrew> {
  const pitcrew = new Pitcrew(of)
  await pitcrew.line('] up')
  return pitcrew
}

/** Arguments after the bundle. */
function more(words: string): Options {
  return { wrap: ['/bin/sh', '-c', `exec "$@" ${words}`, 'sh'] }
}

/** Runs a verb against a pitcrew with this bundle. */
function asking(words: readonly string[], of?: object): Way {
  return async () => {
    await using pitcrew = await started(of)
    return ended(await runVerb(pitcrew, ...words))
  }
}

/** Runs `run`, which fails before it starts a daemon. */
function running(of: string | object | null, options: Options = {}): Way {
  return async () => {
    await using pitcrew = new Pitcrew(of, options)
    const status = await pitcrew.exitCode()
    return { status, output: [...pitcrew.lines, ...pitcrew.errors].join('\n') }
  }
}

async function superseded(): Promise<{ status: number; output: string }> {
  await using pitcrew = await started({ daemons: { web: exitsOnRelease, db: long } })
  await pitcrew.line('[web] up')
  const stopping = startVerb(pitcrew, 'stop', 'web', '--json')
  await pitcrew.line('[web] got TERM')
  const starting = startVerb(pitcrew, 'start', 'web')
  const status = await stopping.exitCode()
  await release(pitcrew)
  await starting.exitCode()
  return { status, output: stopping.lines.join('\n') }
}

/** A low limit of descriptors gives a low limit of clients. */
async function busy(): Promise<{ status: number; output: string }> {
  const wrap = ['/bin/sh', '-c', 'ulimit -n 60; exec "$@"', 'sh']
  await using pitcrew = new Pitcrew(bundle, { wrap })
  await pitcrew.line('] up')
  const clients = []
  for (;;) {
    const client = await connectControl(pitcrew)
    clients.push(client)
    const [refusal] = client.lines
    if (refusal !== undefined) break
  }
  const answer = await runVerb(pitcrew, 'status')
  expect(clients.at(-1)?.lines[0]).toMatchObject({ id: null, failed: { code: 'BUSY' } })
  for (const client of clients) client.hangUp()
  return ended(answer)
}

/** A daemon requests a change that needs access "operate". */
async function notPermitted(): Promise<{ status: number; output: string }> {
  const script = sh(`${binary} restart web --json; echo "status $?"; exec sleep 1000`)
  await using pitcrew = await started({ daemons: { web: long, agent: { command: script } } })
  const status = await pitcrew.line('[agent] status')
  const output = await pitcrew.line('[agent] {')
  return { status: Number(/\d+$/.exec(status)?.[0]), output }
}

/** The init has a bug at the line of a client. */
async function internal(): Promise<{ status: number; output: string }> {
  const env = { PITCREW_FAULTS: 'throw:host-line' }
  await using pitcrew = new Pitcrew(bundle, { program: planted, env })
  await pitcrew.line('] up')
  return ended(await runVerb(pitcrew, 'status'))
}

/** A program that sends other requests and never reads its events: no verb leaves items unread
 *  for so long. */
async function lagged(): Promise<{ status: number; output: string }> {
  await using pitcrew = new Pitcrew(null, { args: ['--version'] })
  const path = join(pitcrew.folder, 'floods')
  const server = await floods(path)
  const client = await connect(path)
  const events = client.events({ follow: true })
  await client.call('status', {})
  await events.all()
  const error = await events.next().catch((thrown: unknown) => thrown)
  client.close()
  server.close()
  expect(error).toBeInstanceOf(PitcrewError)
  return { status: exitStatus(error), output: (error as PitcrewError).code }
}

/** A daemon without "config:" has no file that could be changed. */
async function noSuchFile(): Promise<{ status: number; output: string }> {
  await using pitcrew = await started()
  const client = await connect(socketPath(pitcrew))
  const error = await client.call('rollback', { daemon: 'web' }).catch((thrown: unknown) => thrown)
  client.close()
  return { status: exitStatus(error), output: (error as PitcrewError).message }
}

/** Answers the second request after more items of the first than a client keeps. */
function floods(path: string): Promise<Server> {
  const greeting = { pitcrew: 1, version: '0', name: 'x', pid: 1, access: 'look', daemon: null }
  const item = '{"id":1,"item":{}}\n'.repeat(100_001)
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.write(`${JSON.stringify(greeting)}\n`)
      // The client disconnects when it has failed.
      socket.on('error', () => {})
      socket.on('data', (text) => {
        if (String(text).includes('"status"')) socket.write(`${item}{"id":2,"done":{}}\n`)
      })
    })
    server.listen(path, () => resolve(server))
  })
}

async function twice(): Promise<{ status: number; output: string }> {
  await using first = await started()
  const env = { PITCREW_RUN_DIR: first.folder, PITCREW_STATE_DIR: first.folder }
  await using second = new Pitcrew(bundle, { env })
  return { status: await second.exitCode(), output: second.errors.join('\n') }
}

const slow = { web: long, slow: { command: sh('exec sleep 1000'), ready: 'fd' } }

const ways: Readonly<Record<ErrorCode, readonly [expected: RegExp, ...ways: Way[]]>> = {
  USAGE: [
    /did you mean "status"|--control-fd/,
    asking(['stauts']),
    running(bundle, more('--control-fd 7')),
  ],
  BUNDLE_NOT_FOUND: [
    /no such file or directory/,
    asking(['validate', '/nowhere']),
    running(null, { args: ['run', '/nowhere'] }),
  ],
  BUNDLE_UNREADABLE: [
    /not a regular file/,
    asking(['validate', '/tmp']),
    running(null, { args: ['run', '/tmp'] }),
  ],
  BUNDLE_INVALID: [/comand/, running('daemons: { web: { comand: [sleep] } }\n')],
  WRITE_FAILED: [/cannot write/, running(bundle, more('--trace /proc/nowhere'))],
  FAILED: [
    /"code":"FAILED"/,
    asking(['start', 'bad', '--json'], { daemons: { web: long, bad: fails } }),
  ],
  SUPERSEDED: [/"code":"SUPERSEDED"/, superseded],
  LAGGED: [/LAGGED/, lagged],
  BUSY: [/too many|one too many|clients/, busy],
  REQUEST_INVALID: [/"code":"REQUEST_INVALID"/, asking(['restart', 'x'.repeat(60), '--json'])],
  NO_SUCH_DAEMON: [/"code":"NO_SUCH_DAEMON"/, asking(['restart', 'wep', '--json'])],
  NO_SUCH_TICKET: [/cannot find ticket 99/, asking(['ticket', '99'])],
  NO_SUCH_FILE: [/cannot change a file of web: it has no "config:"/, noSuchFile],
  TIMED_OUT: [
    /"code":"TIMED_OUT"/,
    asking(['wait', 'slow', '--timeout', '20ms', '--json'], { daemons: slow }),
  ],
  ALREADY_RUNNING: [/another pitcrew runs it/, twice],
  NOT_PERMITTED: [/"code":"NOT_PERMITTED"/, notPermitted],
  NO_PITCREW: [/no pitcrew answers/, asking(['status', '--socket', '/nowhere.sock'])],
  INTERNAL: [/an internal error; pitcrew keeps running/, internal],
}

test.each(Object.entries(errorCodes))('%s is reached, with its exit status', async (code, exit) => {
  const [expected, ...all] = ways[code as ErrorCode]
  expect(all.length).toBeGreaterThan(0)
  for (const way of all) {
    const { status, output } = await way()
    expect(output).toMatch(expected)
    expect({ status, output }).toMatchObject({ status: exit })
  }
})
