/** Types for the modules of the benchmark, which are plain JavaScript. */
import { join } from 'node:path'
import { root } from '../e2e/support/pitcrew.ts'

type Values = Readonly<Record<string, number>>
export type Report = readonly [name: string, pid: number]

export interface Contender {
  readonly name: string
  readonly prepare: (folder: string, daemons: readonly Daemon[]) => object
}

interface Daemon {
  readonly name: string
  readonly program: string
}

interface SupervisorRun {
  boot(): Promise<number>
  write(lines: number): Promise<number>
  stop(): Promise<number>
}

interface Measure {
  run(contender: Contender, kase: unknown, settings: object): Promise<Values>
}

interface Cell {
  readonly median: number | null
  readonly ratio: number | null
  readonly faults: number
}

interface Results {
  add(contender: string, repeat: number, values: Values): void
  addFault(contender: string, keys: readonly string[], text: string): void
  cell(key: string, contender: string): Cell | null
}

/** results.json, as far as the README shows it. */
export interface Summarised {
  readonly rows: readonly {
    readonly key: string
    readonly cells: Readonly<Record<string, { readonly median: number | null }>>
  }[]
}

interface Modules {
  'statistics.mjs': {
    median(values: readonly number[]): number
    spread(values: readonly number[]): [number, number]
    ratio(values: readonly (number | null)[], floor: readonly (number | null)[]): number | null
  }
  'checks.mjs': {
    checkReports(daemons: readonly { name: string }[], reports: readonly Report[]): void
    checkRestart(
      wanted: string,
      pids: ReadonlyMap<string, number>,
      reports: readonly Report[],
      isAlive: (pid: number) => boolean,
    ): void
    checkStorm(
      calm: string,
      dying: readonly { name: string }[],
      reports: readonly Report[],
      isAlive: (pid: number) => boolean,
    ): void
    checkInOrder(daemons: readonly { name: string }[], names: readonly string[]): void
    checkNoneLeft(pids: ReadonlyMap<string, number>, isAlive: (pid: number) => boolean): void
  }
  'results.mjs': { Results: new (contenders: readonly string[]) => Results }
  'rows.mjs': {
    rows: readonly { key: string; unit: string; target: object | null }[]
    meetsTarget(target: object | null, median: number, ratio: number | null): boolean | null
  }
  'table.mjs': { tableOf(results: Results): string }
  'summary.mjs': { summaryOf(results: Summarised): string }
  'picture.mjs': { pictureOf(results: Results, about: object): string }
  'compile.mjs': { compileAll(): Promise<void> }
  'scratch.mjs': { removeScratch(): void }
  'supervisor.mjs': {
    bundleOf(kind: string, count: number): Daemon[]
    withSupervisor<T>(
      contender: Contender,
      daemons: readonly Daemon[],
      options: object,
      use: (run: SupervisorRun) => Promise<T>,
    ): Promise<T>
  }
  'contenders/floor.mjs': { floor: Contender }
  'contenders/pitcrew.mjs': { pitcrew: Contender & { absent(): string | null } }
  'measures/chain.mjs': { chain: Measure }
  'measures/death.mjs': { death: Measure }
  'measures/lifecycle.mjs': { lifecycle: Measure }
  'measures/log.mjs': { log: Measure }
  'measures/restart.mjs': { restart: Measure }
  'measures/storm.mjs': { storm: Measure }
}

/** A module of bench/. */
export async function bench<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  return await import(join(root, 'bench', name))
}
