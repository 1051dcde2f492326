/** The bundle file from the top: tree → plan. Each key has one reader; what is not in a table here,
 *  in daemon.ts or in their helpers is refused. */

import { maxDaemons } from '../core/plan/check-plan.ts'
import { isEnvName, isName, nameRule } from '../core/plan/names.ts'
import { type DaemonSpec, type Plan, planFormat, type SignalMap } from '../core/plan/plan.ts'
import { suggest } from '../core/text/suggest.ts'
import { checkDones, completeAfter } from './keys/after.ts'
import { completeOnDeath, onDeath } from './keys/command.ts'
import { type DaemonFound, readDaemon } from './keys/daemon.ts'
import { signalMap } from './keys/signal.ts'
import { complain, mismatch, type Reader, type Reading } from './location.ts'
import { type Problems, quote } from './problems.ts'
import { duration, fields, textThat } from './read.ts'
import { checkUses } from './references.ts'
import type { Value } from './tree.ts'

/** @returns The plan, completed with defaults; of no use when a problem was reported. */
export function readBundle(root: Value, problems: Problems): Plan {
  const reading: Reading = { problems, uses: [], dones: [], claims: new Map() }
  const found = bundleFields(root, { reading, daemon: null, path: '' })
  const daemons = found?.daemons ?? []
  const written =
    root.kind === 'map' ? root.entries.find(({ key }) => key === 'daemons') : undefined
  if (root.kind === 'map' && !root.entries.some(({ key }) => suggest(key, ['daemons']) !== null)) {
    problems.add(root.at, 'no daemons', 'add daemons: { NAME: { command: [PROGRAM] } }')
  }
  const names = written?.value.kind === 'map' ? written.value.entries.map(({ key }) => key) : []
  checkUses(reading, names, daemons)
  checkDones(reading, daemons)
  return {
    plan: planFormat,
    name: found?.name ?? 'pitcrew',
    label: found?.label ?? 'pitcrew',
    select: found?.select ?? 'PITCREW_DAEMONS',
    deadlineMs: found?.deadline ?? defaultDeadlineMs,
    signals: found?.signals ?? {},
    daemons: complete(daemons, found?.onDeath),
  }
}

/** What a daemon's entry alone does not tell. */
function complete(
  daemons: readonly DaemonFound[],
  onDeath: readonly string[] | undefined,
): DaemonSpec[] {
  const jobs = new Set(daemons.filter(({ kind }) => kind === 'job').map(({ name }) => name))
  return daemons.map((daemon) => ({
    ...daemon,
    after: completeAfter(daemon.after, jobs),
    onDeath: completeOnDeath(daemon.onDeath, onDeath),
  }))
}

/** Under the 10 s after which Docker kills. */
const defaultDeadlineMs = 9000
const minDeadlineMs = 100
const maxDeadlineMs = 3_600_000
const maxLabelLength = 64

const daemons: Reader<DaemonFound[]> = (value, place) => {
  if (value.kind !== 'map') {
    return mismatch(place, value, 'a map', 'write daemons: { NAME: { command: [PROGRAM] } }')
  }
  if (value.entries.length === 0) {
    return complain(place, value.at, 'there are none', 'a bundle has at least one daemon')
  }
  if (value.entries.length > maxDaemons) {
    const hint = `at most ${maxDaemons}: make several bundles`
    return complain(place, value.at, `there are ${value.entries.length}`, hint)
  }
  for (const { key, at } of value.entries) {
    if (!isName(key)) complain(place, at, `${quote(key)} cannot be a name`, `use ${nameRule}`)
  }
  const found = value.entries.map((entry) => readDaemon(entry, place.reading))
  const [main, other] = found.filter(({ main }) => main)
  if (main !== undefined && other !== undefined) {
    const at = value.entries.find(({ key }) => key === other.name)?.at ?? value.at
    const message = `daemon ${quote(other.name)} is main, and so is ${quote(main.name)}`
    complain(place, at, message, 'pitcrew ends with one main daemon: choose one')
  }
  return found
}

const label: Reader<string> = textThat(
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
  daemons: DaemonFound[]
}

const bundleFields: Reader<Partial<BundleFields>> = fields<BundleFields>(
  {
    name: textThat(isName, nameRule),
    label,
    select: textThat(isEnvName, 'the name of an environment variable'),
    deadline: duration(minDeadlineMs, maxDeadlineMs),
    signals: signalMap,
    onDeath,
    daemons,
  },
  ['drain', 'log', 'settle'],
)
