/** Runs in the engine in place of the init and calls every function of the host with invalid
 *  arguments: wrong types, NaN, missing keys, strings with NUL, long lists. bindings.test.ts
 *  builds it with the sanitizers. `run SEED CALLS FOLDER` */
import type { Handlers, Host, HostEvent } from '../../src/host/host.ts'
import { Random } from '../core/random.ts'

type Anything = (...args: unknown[]) => unknown

const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }
const host = world.pitcrewHost
const functions = world.pitcrewHost as unknown as Record<string, Anything>
const random = new Random(Number(host.args[1]))
const folder = host.args[3] as string
let left = Number(host.args[2])

/** Functions that would end or stop the fuzzer, and output, which has its own test. */
const excluded = [
  'exit',
  'finish',
  'execSelf',
  'stopSelf',
  'armShutdownWatchdog',
  'startShutdownWatchdog',
  'write',
  'foreground',
]
/** Functions with a path to write to as their first argument. */
const writers = ['writeFile', 'openTrace', 'makeFolder', 'lock', 'listen']
/** Functions with a client as their first argument. */
const toClients = ['send', 'closeClient', 'streamLogs', 'receiveContent', 'dropContent']
const names = Object.getOwnPropertyNames(functions).filter(
  (name) => typeof functions[name] === 'function' && !excluded.includes(name),
)
const strings = [
  '',
  'a',
  'web',
  '\0',
  'a\0b',
  'x'.repeat(5000),
  '\u{1f600}\ud800',
  '/proc/self/stat',
  '/',
  'TERM',
  'tree',
  'leader',
  'pump',
  '..',
  'PATH=/bin',
  '=',
  '/bin/true',
  'true',
  '__proto__',
]
const numbers = [
  0,
  1,
  -1,
  2,
  15,
  9,
  64,
  0.5,
  2 ** 31,
  -(2 ** 31),
  2 ** 32 - 1,
  2 ** 53,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5000,
]

const called = new Set<string>()

function pick<T>(list: readonly T[]): T {
  return list[random.below(list.length)] as T
}

function anything(depth = 0): unknown {
  switch (random.below(depth > 2 ? 4 : 8)) {
    case 0:
      return pick([null, undefined, true, false])
    case 1:
      return pick(numbers)
    case 2:
    case 3:
      return pick(strings)
    case 4:
      return Array.from({ length: random.below(random.below(20) === 0 ? 3000 : 5) }, () =>
        anything(depth + 1),
      )
    case 5:
      return { length: pick(numbers), args: anything(depth + 1) }
    default:
      return pick([spawnSpec, channels])(depth)
  }
}

/** Valid in most parts, so that deeper code is reached. */
function spawnSpec(depth: number): unknown {
  const or = (right: unknown): unknown => (random.below(6) === 0 ? anything(depth + 1) : right)
  return {
    name: or(pick(['web', 'db'])),
    command: or(
      pick([
        ['true'],
        ['/nonexistent'],
        ['sh', '-c', 'exit 3'],
        ['sh', '-c', 'echo ready; echo >&3'],
        1,
        { self: or(['--version']) },
      ]),
    ),
    cwd: or(null),
    user: or(null),
    group: or(null),
    umask: or(null),
    limits: or(
      pick([
        {},
        { nofile: or({ soft: or(100), hard: or('unlimited') }), core: { soft: 0, hard: 0 } },
        { nothing: { soft: 0, hard: 0 } },
      ]),
    ),
  }
}

function channels(depth: number): unknown {
  const or = (right: unknown): unknown => (random.below(6) === 0 ? anything(depth + 1) : right)
  return {
    stdio: or(pick(['pump', 'null'])),
    ready: or(
      pick([
        null,
        { type: 'fd', fd: or(3) },
        { type: 'notify' },
        { type: 'log', text: or(pick(['ready', 'r*y', 'r?ad', '*'])) },
      ]),
    ),
    notify: or(pick([true, false])),
    control: or(pick([true, false])),
  }
}

/** Addresses without a listener, paths that are no socket, invalid addresses, and sockets of
 *  this process, so that there are clients. */
function probeSpec(): unknown {
  const or = (right: unknown): unknown => (random.below(6) === 0 ? anything(1) : right)
  return {
    type: or(pick(['tcp', 'unix', 'exchange'])),
    host: or(pick(['127.0.0.1', '::1', 'localhost'])),
    port: or(pick([1, 65_535])),
    path: or(pick([folder, `${folder}/none`, `${folder}/0`, `${folder}/1`, '@none'])),
    request: or(pick(['', 'GET / HTTP/1.0\r\n\r\n', 'x'.repeat(2048)])),
  }
}

/** Never a command that runs this program itself: the fuzzer would start again. */
function taskSpec(): unknown {
  const or = (right: unknown): unknown => (random.below(6) === 0 ? anything(1) : right)
  const path = `${folder}/a/b/${random.below(3)}`
  const [timeoutMs, maxBytes, text] = [or(pick([0, 5, 5000])), or(100), or(pick(strings))]
  return pick([
    { append: or([path, `${folder}/c/d/e`]), text, maxBytes, timeoutMs },
    { write: or([path]), text, timeoutMs },
    { tail: or([path, '/etc/passwd']), maxBytes, timeoutMs },
    { exists: or(path), timeoutMs },
    { connect: or(pick([`${folder}/0`, `${folder}/1`, '@none'])), timeoutMs },
  ])
}

function watchedFiles(): unknown {
  const paths = ['/', folder, `${folder}/0`, `${folder}/a/b/1`, '/etc/passwd', '/dev/zero', '']
  return Array.from({ length: random.below(random.below(20) === 0 ? 300 : 4) }, () =>
    random.below(10) === 0 ? anything(1) : pick(paths),
  )
}

function callOne(): void {
  const name = pick(names)
  const args = Array.from({ length: random.below(5) }, () => anything())
  if (name === 'spawn' && random.below(4) > 0) {
    args.splice(0, 4, spawnSpec(0), random.below(5), [0, 1, 'A=b'], channels(0))
  }
  if (name === 'probe' && random.below(4) > 0) args.splice(0, 2, random.below(50), probeSpec())
  if (toClients.includes(name) && random.below(4) > 0) args[0] = random.below(50)
  if (name === 'cancelProbe' && random.below(4) > 0) args[0] = random.below(50)
  if (writers.includes(name)) args[0] = `${folder}/${random.below(3)}`
  if (name === 'startHelper' && random.below(4) > 0) args.splice(0, 2, random.below(50), taskSpec())
  if (name === 'watchFiles' && random.below(4) > 0) args[0] = watchedFiles()
  if (name === 'cancelHelper' && random.below(4) > 0) args[0] = random.below(50)
  called.add(name)
  try {
    ;(functions[name] as Anything)(...args)
  } catch {
    // A refusal is an answer.
  }
}

world.pitcrewHandlers = {
  handle(event: HostEvent): void {
    if (event.type !== 'wake') return
    for (let calls = 0; calls < 100 && left > 0; calls++, left--) callOne()
    if (left <= 0) {
      host.write(1, `called ${[...called].sort().join(' ')}\n`)
      return host.finish(0, 100, 100)
    }
    host.wakeAt(host.now())
  },
  recover(): void {
    host.wakeAt(host.now())
  },
}
host.wakeAt(host.now())
