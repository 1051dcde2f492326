/** Reads the tree of a bundle to a plan. Each key has one reader; a key without one is refused. */

import { isEnvName, isName, nameRule } from '../core/plan/names.ts'
import {
  type DaemonSpec,
  maxDaemons,
  type Plan,
  planFormat,
  type SignalMap,
} from '../core/plan/plan.ts'
import { suggest } from '../core/text/suggest.ts'
import { checkDoneReferences, completeAfter } from './keys/after.ts'
import { completeOnDeath, onDeath } from './keys/command.ts'
import { checkWatchedFiles } from './keys/config.ts'
import { type PartialDaemon, readDaemon } from './keys/daemon.ts'
import { signalMap } from './keys/signal.ts'
import { type ReadContext, type Reader, reportMismatch, reportProblem } from './location.ts'
import { type Problems, quote } from './problems.ts'
import { duration, fields, textMatching } from './read.ts'
import { checkReferences } from './references.ts'
import { findEntry, type Value } from './tree.ts'

/** @returns The plan with its defaults; unusable if a problem was reported. */
export function readBundle(root: Value, problems: Problems): Plan {
  const context: ReadContext = { problems, references: [], doneReferences: [], claims: new Map() }
  const found = bundleFields(root, { context, daemon: null, path: '' })
  const daemons = found?.daemons ?? []
  const written = findEntry(root, 'daemons')
  if (root.kind === 'map' && !root.entries.some(({ key }) => suggest(key, ['daemons']) !== null)) {
    problems.add(root.offset, 'no daemons', 'add daemons: { NAME: { command: [PROGRAM] } }')
  }
  const names = written?.value.kind === 'map' ? written.value.entries.map(({ key }) => key) : []
  checkReferences(context, names, daemons)
  checkDoneReferences(context, daemons)
  return {
    plan: planFormat,
    name: found?.name ?? 'pitcrew',
    label: found?.label ?? 'pitcrew',
    select: found?.select ?? 'PITCREW_DAEMONS',
    deadlineMs: found?.deadline ?? defaultDeadlineMs,
    signals: found?.signals ?? {},
    daemons: completeDaemons(daemons, found?.onDeath),
  }
}

/** Completes daemons with what depends on other daemons and on the bundle. */
function completeDaemons(
  daemons: readonly PartialDaemon[],
  onDeath: readonly string[] | undefined,
): DaemonSpec[] {
  const jobs = new Set(daemons.filter(({ kind }) => kind === 'job').map(({ name }) => name))
  return daemons.map((daemon) => ({
    ...daemon,
    after: completeAfter(daemon.after, jobs),
    onDeath: completeOnDeath(daemon.onDeath, onDeath),
  }))
}

/** Below the 10 s after which Docker sends KILL. */
const defaultDeadlineMs = 9000
const minDeadlineMs = 100
const maxDeadlineMs = 3_600_000
const maxLabelLength = 64

const daemons: Reader<PartialDaemon[]> = (value, location) => {
  if (value.kind !== 'map') {
    const hint = 'write daemons: { NAME: { command: [PROGRAM] } }'
    return reportMismatch(location, value, 'a map', hint)
  }
  if (value.entries.length === 0) {
    const hint = 'a bundle has at least one daemon'
    return reportProblem(location, value.offset, 'the map is empty', hint)
  }
  if (value.entries.length > maxDaemons) {
    const message = `${value.entries.length} daemons are too many`
    return reportProblem(location, value.offset, message, `at most ${maxDaemons}: split the bundle`)
  }
  for (const { key, offset } of value.entries) {
    if (isName(key)) continue
    reportProblem(location, offset, `${quote(key)} is not a valid name`, `use ${nameRule}`)
  }
  const found = value.entries.map((entry) => readDaemon(entry, location.context))
  checkWatchedFiles(found, value.entries, location, value)
  const [main, other] = found.filter(({ main }) => main)
  if (main !== undefined && other !== undefined) {
    const offset = value.entries.find(({ key }) => key === other.name)?.offset ?? value.offset
    const message = `daemon ${quote(other.name)} is main, and so is ${quote(main.name)}`
    reportProblem(location, offset, message, 'only one daemon can be main: choose one')
  }
  return found
}

const label: Reader<string> = textMatching(
  (text) =>
    text.trim() !== '' && text.length <= maxLabelLength && !/[\p{Cc}\u2028\u2029]/u.test(text),
  `one line of printable text, up to ${maxLabelLength} characters`,
)

interface BundleFields {
  name: string
  label: string
  select: string
  deadline: number
  signals: SignalMap
  onDeath: readonly string[]
  daemons: PartialDaemon[]
}

const bundleFields: Reader<Partial<BundleFields>> = fields<BundleFields>(
  {
    name: textMatching(isName, nameRule),
    label,
    select: textMatching(isEnvName, 'the name of an environment variable'),
    deadline: duration(minDeadlineMs, maxDeadlineMs),
    signals: signalMap,
    onDeath,
    daemons,
  },
  ['drain', 'log'],
)
