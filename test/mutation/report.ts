/** The report of a run: for each file the number of mutations that each judge detected, and
 *  every survivor. */
import type { Verdict } from './jobs.ts'
import { type Change, keyOf, type Mutation } from './mutation.ts'

export interface Judged {
  readonly mutation: Mutation
  readonly verdict: Verdict
}

export interface Report {
  readonly text: string
  /** The number of unknown survivors and of wrong entries in the list of equivalent mutations. */
  readonly problems: number
}

const columns = ['mutations', 'simulator', 'stories', 'compiler', 'timeout', 'survived'] as const

/** @param known   Mutations that are listed as equivalent.
 *  @param isWhole Whether every mutation of these files was judged. */
export function reportOf(
  judged: readonly Judged[],
  known: readonly Change[],
  isWhole: boolean,
): Report {
  const files = [...new Set(judged.map(({ mutation }) => mutation.file))]
  const knownKeys = new Set(known.map(keyOf))
  const isKnown = ({ mutation }: Judged) => knownKeys.has(keyOf(mutation))
  const survivors = judged.filter(({ verdict }) => verdict.by === null)
  const fresh = survivors.filter((one) => !isKnown(one))
  const refuted = judged.filter((one) => one.verdict.by !== null && isKnown(one))
  const keys = new Set(judged.map(({ mutation }) => keyOf(mutation)))
  const missing = isWhole
    ? known.filter((one) => files.includes(one.file) && !keys.has(keyOf(one)))
    : []
  const count = survivors.length - fresh.length
  const lines = [
    ...tableOf([
      ['', ...columns],
      ...files.map((file) =>
        rowOf(
          file,
          judged.filter(({ mutation }) => mutation.file === file),
        ),
      ),
      rowOf('all', judged),
    ]),
    `${count} of the survivors are known to be equivalent (test/mutation/equivalent.ts)`,
    ...fresh.flatMap(({ mutation }) => ['', `survived: ${placeOf(mutation)}`, ...diffOf(mutation)]),
    ...refuted.flatMap(({ mutation, verdict }) => [
      '',
      `listed as equivalent, but detected by ${howOf(verdict)}: ${placeOf(mutation)}`,
      ...diffOf(mutation),
    ]),
    ...missing.flatMap((one) => [
      '',
      `listed as equivalent, but does not exist any more: ${one.file} ${one.inside}`,
      ...diffOf(one),
    ]),
  ]
  return { text: `${lines.join('\n')}\n`, problems: fresh.length + refuted.length + missing.length }
}

/** All verdicts, three lines for each mutation: the judge, the promise or test, and the change. */
export function verdictsOf(judged: readonly Judged[]): string {
  return judged
    .flatMap(({ mutation, verdict }) => [
      `${placeOf(mutation)}: ${howOf(verdict)}`,
      ...diffOf(mutation),
    ])
    .join('\n')
}

function rowOf(name: string, judged: readonly Judged[]): string[] {
  const by = (...names: Verdict['by'][]) =>
    judged.filter(({ verdict }) => names.includes(verdict.by)).length
  const counts = [by('simulator'), by('stories'), by('compiler'), by('time', 'crash'), by(null)]
  return [name, judged.length, ...counts].map(String)
}

function tableOf(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  )
}

function placeOf({ file, line, inside }: Mutation): string {
  return `${file}:${line} ${inside}`.trim()
}

function diffOf({ from, to }: { readonly from: string; readonly to: string }): string[] {
  return [`  - ${from}`, `  + ${to}`]
}

function howOf({ by, how }: Verdict): string {
  return by === null ? 'survived' : `${by}: ${how}`
}
