/** How a daemon is seen to be ready: a word of its own, or a look from outside. */
import { byteLength } from '../../core/plan/address.ts'
import type { Probe, ReadySpec, ReadyWord } from '../../core/plan/plan.ts'
import { didYouMean } from '../../core/text/suggest.ts'
import { complain, inside, mismatch, type Reader } from '../location.ts'
import { quote } from '../problems.ts'
import { duration, fields, flag, integer, textThat } from '../read.ts'
import { entryOf, isNothing } from '../tree.ts'
import { onlyOne, probeReaders } from './probe.ts'

type Sign = Probe | ReadyWord

const minMs = 10
const maxMs = 3_600_000
const defaultTimeoutMs = 30_000
const defaultIntervalMs = 100
const maxLogBytes = 256

/** The descriptor that `ready: fd` means: the first one that is not taken. */
const firstFd = 3
const lastFd = 9

export const ready: Reader<ReadySpec> = (value, place) => {
  if (value.kind === 'text' && !isNothing(value)) {
    if (value.text === 'fd') return withTimes({ type: 'fd', fd: firstFd })
    if (value.text === 'notify') return withTimes({ type: 'notify' })
    return mismatch(place, value, 'fd, notify or a map', () => {
      const example = examples[value.text]
      if (example !== undefined) return `write { ${value.text}: ${example} }`
      return didYouMean(value.text, signNames) ?? 'such as { tcp: 127.0.0.1:8080 }'
    })
  }
  const found = readyFields(value, place)
  const chosen = onlyOne(value, place, signNames, ['timeout', 'interval'], 'sign')
  const sign = chosen === undefined ? undefined : found?.[chosen.key as Sign['type']]
  if (found === undefined || chosen === undefined) return
  const interval = entryOf(value, 'interval')
  if (interval !== undefined && wordNames.includes(chosen.key)) {
    const message = `has no effect with ${quote(chosen.key)}`
    const hint = 'remove it: the daemon says it by itself, nobody asks'
    return complain(inside(place, 'interval'), interval.at, message, hint)
  }
  return sign === undefined ? undefined : withTimes(sign, found.timeout, found.interval)
}

function withTimes(
  sign: Sign,
  timeoutMs: number = defaultTimeoutMs,
  intervalMs: number = defaultIntervalMs,
): ReadySpec {
  return { sign, timeoutMs, intervalMs }
}

const fd: Reader<ReadyWord> = (value, place) => {
  const found = integer(firstFd, lastFd)(value, place)
  return found === undefined ? undefined : { type: 'fd', fd: found }
}

const notify: Reader<ReadyWord> = (value, place) => {
  const found = flag(value, place)
  if (found !== false) return found && { type: 'notify' }
  return complain(place, value.at, 'false says nothing', 'write true, or remove it')
}

const log: Reader<ReadyWord> = (value, place) => {
  const found = logText(value, place)
  return found === undefined ? undefined : { type: 'log', text: found }
}

const logText: Reader<string> = textThat(
  (text) => text !== '' && !text.includes('\n') && byteLength(text) <= maxLogBytes,
  `a piece of one line, up to ${maxLogBytes} bytes`,
)

const wordReaders: { readonly [T in ReadyWord['type']]: Reader<ReadyWord> } = { fd, notify, log }

/** The words of which `ready` knows and `alive` does not. */
export const wordNames: readonly string[] = Object.keys(wordReaders)

const examples: Readonly<Record<string, string | undefined>> = {
  tcp: '127.0.0.1:8080',
  unix: '/run/PATH',
  http: 'http://127.0.0.1:8080/PATH',
  command: '[PROGRAM, ARGUMENT, …]',
  log: 'TEXT',
  file: '/run/PATH',
}

const signReaders: { readonly [T in Sign['type']]: Reader<Sign> } = {
  ...wordReaders,
  ...probeReaders,
}

const signNames: readonly string[] = Object.keys(signReaders)

type ReadyFields = Record<Sign['type'], Sign> & { timeout: number; interval: number }

const readyFields: Reader<Partial<ReadyFields>> = fields<ReadyFields>({
  ...signReaders,
  timeout: duration(minMs, maxMs),
  interval: duration(minMs, maxMs),
})
