/** Operations, which span several runs of a daemon: their arguments and answers, a type and its
 *  schema for each. */
import type { Activation, ChangeResult, Step } from '../../core/operations/change.ts'
import type { RevisionOutcome } from '../../core/operations/file-work.ts'
import type { ChangeArgs } from './requests.ts'
import { changeArgs } from './requests.ts'
import {
  flag,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  type Schema,
  text,
  whole,
} from './schema.ts'

const ms = 'milliseconds'
const name: Schema<string> = text('the name of a daemon', 48)
const path: Schema<string> = text("the file; may be absent if the daemon's config has one", 4096)
const anyNumber: readonly [string, number, number] = ['a whole number, from 1', 1, 2 ** 53 - 1]

/** The largest content, in bytes. */
const contentBytesMax = 1024 * 1024

/** What a change of a file has in common. */
interface FileChangeArgs extends ChangeArgs {
  readonly file?: string
  readonly confirmMs?: number
  readonly dryRun?: boolean
}
const { daemon, why, wait, timeoutMs, progress } = changeArgs.fields as {
  readonly [K in keyof Required<ChangeArgs>]: Schema<Exclude<ChangeArgs[K], undefined>>
}
const fileChange = {
  daemon,
  file: optional(path),
  confirmMs: optional(
    whole(
      'roll back unless it is confirmed in this time',
      `${ms} from 1 to 86400000`,
      1,
      86_400_000,
    ),
  ),
  dryRun: optional(flag('only a plan: what would change')),
  why,
  wait,
  timeoutMs,
  progress,
}

export interface ApplyArgs extends FileChangeArgs {
  readonly bytes: number
  readonly ifMatch?: string
}
export const applyArgs: Schema<ApplyArgs> = object('', {
  ...fileChange,
  bytes: whole(
    'the size of the content, which follows the line of the request as bytes',
    `bytes from 0 to ${contentBytesMax}`,
    0,
    contentBytesMax,
  ),
  ifMatch: optional(text('refuse unless the file has this SHA-256, in hexadecimal', 80)),
})

export interface RollbackArgs extends FileChangeArgs {
  readonly to?: number
}
export const rollbackArgs: Schema<RollbackArgs> = object('', {
  ...fileChange,
  to: optional(
    whole(
      'the number of a revision; the last good one before the present, if absent',
      ...anyNumber,
    ),
  ),
})

export interface OperationArgs {
  readonly ticket: number
}
export const operationArgs: Schema<OperationArgs> = object('', {
  ticket: whole('the id of an open change', ...anyNumber),
})

// ---- answers

interface ContentAnswer {
  readonly sha256: string
  readonly bytes: number
}
const content = {
  sha256: text('its SHA-256 in hexadecimal', 64),
  bytes: number('its size', 'bytes'),
}

export interface ChangeAnswer {
  readonly path: string
  readonly step: Step
  readonly result: ChangeResult | null
  readonly activation: Activation
  readonly before: ContentAnswer | null
  readonly after: ContentAnswer | null
  readonly revision: number | null
  readonly diff: string
  readonly words: string
  readonly confirmLeftMs: number | null
  readonly steps: readonly { readonly step: Step; readonly tookMs: number }[]
}
/** The steps of a change, in order. */
export const steps: readonly Step[] = [
  'waiting',
  'preparing',
  'checking',
  'storing',
  'activating',
  'verifying',
  'confirming',
  'committing',
  'restoring',
  'reverting',
  'over',
]
const step: Schema<Step> = oneOf('the step that it is in', steps)
const results: readonly ChangeResult[] = [
  'applied',
  'unchanged',
  'planned',
  'rejected',
  'rolled back',
  'rollback failed',
]
const activations: readonly Activation[] = ['restart', 'signal', 'command', 'http', 'none']
export const changeAnswer: Schema<ChangeAnswer> = object('the change of a file', {
  path: text('the file', 4096),
  step,
  result: nullable(oneOf('how it ended', results)),
  activation: oneOf('how a new content takes effect', activations),
  before: nullable(object<ContentAnswer>('the content before; null = no such file', content)),
  after: nullable(object<ContentAnswer>('the new content', content)),
  revision: nullable(number('the revision of the new content', 'a whole number')),
  diff: text('a unified diff, in which secrets are masked', 16_384),
  words: text('why it was rejected or rolled back, with the words of the check', 4096),
  confirmLeftMs: nullable(number('the time left for a confirmation', ms)),
  steps: list(
    'the steps that are over, in order',
    object('', { step, tookMs: number('the duration', ms) }),
  ),
})

export interface ConfirmAnswer {
  readonly ticket: number
}
export const confirmAnswer: Schema<ConfirmAnswer> = object('', {
  ticket: number('the id of the change, which ends with its own answer', 'a whole number'),
})

/** A revision, as an item of `history`. */
export interface RevisionItem {
  readonly revision: number
  readonly at: string
  readonly path: string
  readonly outcome: RevisionOutcome
  readonly cause: string
  readonly by: string
  readonly why: string
  readonly sha256: string | null
  readonly bytes: number | null
  readonly lastGood: boolean
}
const outcomes: readonly RevisionOutcome[] = [
  'applied',
  'not verified',
  'adopted',
  'found',
  'rolled back',
  'rollback failed',
  'set aside',
]
export const revisionItem: Schema<RevisionItem> = object('', {
  revision: number('its number, over all files of the daemon', 'a whole number, from 1'),
  at: text('when it was recorded, as ISO 8601', 40),
  path: text('the file', 4096),
  outcome: oneOf(
    'how it came about; `adopted`: a run was started with it and worked; `found`: it was there before the first change; `set aside`: it was replaced at boot',
    outcomes,
  ),
  cause: text('why it was rolled back', 4096),
  by: text('the requester', 200),
  why: text('the reason that the requester gave', 200),
  sha256: nullable(text('the SHA-256 of its content in hexadecimal; null = no file', 64)),
  bytes: nullable(number('the size of its content', 'bytes')),
  lastGood: flag('it is the last content of its file that a run was verified with'),
})

export interface HistoryAnswer {
  readonly daemon: string
}
export const historyAnswer: Schema<HistoryAnswer> = object('', { daemon: name })
