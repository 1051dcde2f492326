/** Checks a plan whose text is not sealed (plan-text.ts). Every field is checked here, once, so
 *  that later code can rely on it. */

import { signalNumbers, unmappableSignals } from '../signals.ts'
import { byteLength, isAddress, isHttpPath, isVisible, maxPort, maxSocketPath } from './address.ts'
import { checkReferences } from './check-references.ts'
import { isConfigPath, maxConfigFiles, neverReloads } from './config.ts'
import { isEnvName, isEnvPattern, isName } from './names.ts'
import { limitNames, maxDaemons, type Plan, planFormat } from './plan.ts'
import { type PlanAnswer, type PlanCheck, readWholePlan, type SumOf } from './plan-text.ts'
import {
  type Check,
  fields,
  flag,
  integer,
  isRecord,
  list,
  oneOf,
  orNull,
  record,
  text,
  textThat,
  variant,
} from './shape.ts'

/** @param sumOf Computes the sum of a sealed text; null = check the plan in any case. */
export function parsePlan(text: string, sumOf: SumOf | null = null): PlanAnswer {
  return readWholePlan(text, () => planCheck, sumOf)
}

/**
 * @param value The result of JSON.parse.
 * @returns null for a valid plan; else the first problem with its place, such as
 *          `daemons[2].stop.graceMs: expected a number or null`.
 */
export function checkPlan(value: unknown): string | null {
  const problem = checkHead(value)
  if (problem !== null) return problem
  const plan = value as Plan
  for (const [index, daemon] of plan.daemons.entries()) {
    const wrong = checkDaemon(daemon, index)
    if (wrong !== null) return wrong
  }
  return checkReferences(plan)
}

function checkHead(value: unknown): string | null {
  if (!isRecord(value)) return 'expected a plan, which is an object'
  if (value.plan !== planFormat) return wrongFormat(value.plan)
  return planShape(value, '')
}

function checkDaemon(spec: unknown, index: number): string | null {
  return daemonShape(spec, `daemons[${index}]`)
}

export const planCheck: PlanCheck = {
  head: checkHead,
  daemon: checkDaemon,
  references: checkReferences,
}

function wrongFormat(format: unknown): string {
  if (typeof format !== 'number') return 'plan: expected the number of the format'
  return `plan: format ${format} is not known, this version reads format ${planFormat}`
}

const name = textThat('a name', isName)
const someText = textThat('text that is not empty', (value) => value !== '')
const envName = textThat('the name of an environment variable', isEnvName)
const envPattern = textThat(
  'the name of an environment variable, maybe with * at its end',
  isEnvPattern,
)
const signal = textThat('the name of a signal', (value) => Object.hasOwn(signalNumbers, value))
const mappedSignal = textThat(
  'the name of a signal that can be mapped',
  (value) => Object.hasOwn(signalNumbers, value) && !Object.hasOwn(unmappableSignals, value),
)
const ms = integer(0, Number.MAX_SAFE_INTEGER, 'a number')
const limit: Check = (value, place) => (value === 'unlimited' ? null : ms(value, place))

const positive = integer(1, Number.MAX_SAFE_INTEGER, 'a positive number')
const port = integer(1, maxPort, 'a port')
const address = textThat('a numeric address', isAddress)
const command = list(text, 1)

const probes = {
  tcp: { host: address, port },
  unix: {
    path: textThat('the path of a socket', (value) => {
      return value !== '' && byteLength(value) <= maxSocketPath
    }),
  },
  http: {
    host: address,
    port,
    name: textThat('the name of a host', (value) => isVisible(value) && value.length <= 100),
    path: textThat('the path of a page', isHttpPath),
  },
  command: { command },
  file: { path: someText },
}

const words = {
  fd: { fd: integer(3, 9, 'a descriptor from 3 to 9') },
  notify: {},
  log: {
    text: textThat('a piece of a line', (value) => {
      return value !== '' && !value.includes('\n') && byteLength(value) <= 256
    }),
  },
}

const readyShape = fields({
  sign: variant({ ...probes, ...words }),
  timeoutMs: positive,
  intervalMs: positive,
})

const aliveShape = fields({
  probe: variant(probes),
  intervalMs: positive,
  timeoutMs: positive,
  failures: integer(1, 100, 'a number from 1 to 100'),
})

const restartShape = fields({
  policy: oneOf(['always', 'on-failure', 'never']),
  backoffMs: ms,
  backoffMaxMs: ms,
  limit: orNull(fields({ times: integer(1, 1000, 'a number from 1 to 1000'), windowMs: positive })),
  calmMs: ms,
  // biome-ignore lint/suspicious/noThenProperty: a key of the plan, which is never awaited.
  then: oneOf(['leave', 'shutdown']),
})

const reloadShape = fields({
  by: variant({
    restart: {},
    none: {},
    signal: {
      signal: textThat('the name of a signal that a daemon can handle', (value) => {
        return Object.hasOwn(signalNumbers, value) && !neverReloads.includes(value)
      }),
    },
    command: { command },
    http: probes.http,
  }),
  check: orNull(command),
  checkInPlace: flag,
  verify: orNull(variant(probes)),
  verifyMs: positive,
  settleMs: ms,
})

const daemonShape = fields({
  name,
  kind: oneOf(['daemon', 'job']),
  command,
  cwd: orNull(someText),
  env: fields({
    set: record(envName, text),
    pass: orNull(list(envPattern)),
    claim: list(envPattern),
  }),
  after: list(fields({ daemon: name, until: oneOf(['started', 'ready', 'done']) })),
  ready: orNull(readyShape),
  alive: orNull(aliveShape),
  watchdogMs: orNull(positive),
  stop: fields({
    signal,
    command: orNull(command),
    graceMs: orNull(ms),
    success: list(integer(0, 255, 'an exit code')),
  }),
  restart: restartShape,
  main: flag,
  critical: flag,
  guard: flag,
  optional: flag,
  onDeath: orNull(command),
  control: oneOf(['none', 'look', 'operate']),
  user: orNull(someText),
  group: orNull(someText),
  umask: orNull(integer(0, 0o777, 'a file mode mask')),
  limits: record(
    textThat('the name of a limit', (value) => limitNames.some((known) => known === value)),
    fields({ soft: limit, hard: limit }),
  ),
  config: list(textThat('an absolute path', isConfigPath), 0, maxConfigFiles),
  watch: flag,
  reload: reloadShape,
  onBootFailure: oneOf(['leave', 'lastGood']),
})

const planShape = fields({
  plan: ms,
  name,
  label: someText,
  select: envName,
  deadlineMs: integer(1, Number.MAX_SAFE_INTEGER, 'a number'),
  signals: record(
    mappedSignal,
    fields({ forward: list(name), restart: list(name), reload: list(name) }),
  ),
  // Each daemon is checked by itself.
  daemons: list(() => null, 1, maxDaemons),
})
