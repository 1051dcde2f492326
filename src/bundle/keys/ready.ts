/** `ready`: the condition under which a daemon is ready. It reports readiness itself (fd, notify,
 *  log), or pitcrew probes it. */
import { byteLength } from '../../core/plan/address.ts'
import type { Probe, ReadySpec, SelfReportedReadiness } from '../../core/plan/plan.ts'
import { didYouMean } from '../../core/text/suggest.ts'
import { childLocation, type Reader, reportMismatch, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { boolean, duration, fields, integer, textMatching } from '../read.ts'
import { findEntry, isNull } from '../tree.ts'
import { chooseOne, probeReaders } from './probe.ts'

type ReadyCondition = Probe | SelfReportedReadiness

const minMs = 10
const maxMs = 3_600_000
const defaultTimeoutMs = 30_000
const defaultIntervalMs = 100
const maxLogBytes = 256

/** The descriptor of `ready: fd`: the first one after stdin, stdout and stderr. */
const firstFd = 3
const lastFd = 9

export const ready: Reader<ReadySpec> = (value, location) => {
  if (value.kind === 'text' && !isNull(value)) {
    if (value.text === 'fd') return withTimes({ type: 'fd', fd: firstFd })
    if (value.text === 'notify') return withTimes({ type: 'notify' })
    return reportMismatch(location, value, 'fd, notify or a map', () => {
      const example = examples[value.text]
      if (example !== undefined) return `write { ${value.text}: ${example} }`
      return didYouMean(value.text, conditionNames) ?? 'such as { tcp: 127.0.0.1:8080 }'
    })
  }
  const found = readyFields(value, location)
  const chosen = chooseOne(value, location, conditionNames, ['timeout', 'interval'], 'condition')
  const condition = chosen === undefined ? undefined : found?.[chosen.key as ReadyCondition['type']]
  if (found === undefined || chosen === undefined) return
  const interval = findEntry(value, 'interval')
  if (interval !== undefined && selfReportedNames.includes(chosen.key)) {
    const message = `has no effect with ${quote(chosen.key)}`
    const hint = 'remove it: the daemon reports readiness by itself'
    return reportProblem(childLocation(location, 'interval'), interval.offset, message, hint)
  }
  return condition === undefined ? undefined : withTimes(condition, found.timeout, found.interval)
}

function withTimes(
  condition: ReadyCondition,
  timeoutMs: number = defaultTimeoutMs,
  intervalMs: number = defaultIntervalMs,
): ReadySpec {
  return { sign: condition, timeoutMs, intervalMs }
}

const fd: Reader<SelfReportedReadiness> = (value, location) => {
  const found = integer(firstFd, lastFd)(value, location)
  return found === undefined ? undefined : { type: 'fd', fd: found }
}

const notify: Reader<SelfReportedReadiness> = (value, location) => {
  const found = boolean(value, location)
  if (found !== false) return found && { type: 'notify' }
  return reportProblem(location, value.offset, 'false has no meaning', 'write true, or remove it')
}

const log: Reader<SelfReportedReadiness> = (value, location) => {
  const found = logText(value, location)
  return found === undefined ? undefined : { type: 'log', text: found }
}

const logText: Reader<string> = textMatching(
  (text) => text !== '' && !text.includes('\n') && byteLength(text) <= maxLogBytes,
  `a piece of one line, up to ${maxLogBytes} bytes`,
)

const selfReportedReaders: {
  readonly [T in SelfReportedReadiness['type']]: Reader<SelfReportedReadiness>
} = {
  fd,
  notify,
  log,
}

/** The conditions that `ready` has and `alive` has not. */
export const selfReportedNames: readonly string[] = Object.keys(selfReportedReaders)

const examples: Readonly<Record<string, string | undefined>> = {
  tcp: '127.0.0.1:8080',
  unix: '/run/PATH',
  http: 'http://127.0.0.1:8080/PATH',
  command: '[PROGRAM, ARGUMENT, …]',
  log: 'TEXT',
  file: '/run/PATH',
}

const conditionReaders: { readonly [T in ReadyCondition['type']]: Reader<ReadyCondition> } = {
  ...selfReportedReaders,
  ...probeReaders,
}

const conditionNames: readonly string[] = Object.keys(conditionReaders)

type ReadyFields = Record<ReadyCondition['type'], ReadyCondition> & {
  timeout: number
  interval: number
}

const readyFields: Reader<Partial<ReadyFields>> = fields<ReadyFields>({
  ...conditionReaders,
  timeout: duration(minMs, maxMs),
  interval: duration(minMs, maxMs),
})
