/** The configuration files of daemons: what each run was started with, what is on the disk now, and
 *  what was last seen to work.
 *
 *  A change on disk is applied when the file has been quiet for half a second. What counts is the
 *  content: a file that was changed and changed back is not applied. A run that was started after
 *  the last change of a file has read that content, so "write the file, then restart" is one
 *  restart; the kernel's own file times decide that (`fileClockMs`). */
import type { FileState } from '../../control/server/control-plane.ts'
import type { Daemon } from '../../core/daemon/phases.ts'
import type { FileAnswer, FileWork, Recovered } from '../../core/operations/file-work.ts'
import type { Transaction } from '../../core/operations/operation.ts'
import type { DaemonSpec } from '../../core/plan/plan.ts'
import { describeErrno } from '../../errors.ts'
import type { HostEvent } from '../../host/host.ts'
import type { OperationParts } from './operations.ts'

/** How long a file must be quiet, and how long a change waits at most, in milliseconds. */
const quietMs = 500
const quietMaxMs = 5000
/** The first daemon waits this long for the first reports of the watcher, in milliseconds. */
const firstReportsMs = 1000
/** Times of the file clock that differ by less are of the same tick. */
const tickMs = 1
/** A report of the watcher may come so much later than its change, in milliseconds. */
const reportLagMs = 300
/** While a transaction is under way, its daemon is looked at again after this time. */
const busyMs = 1000
/** After this time the watcher is started again, in milliseconds. */
const watchAgainMs = 5000

const timer = { kind: 'operation', what: 'files' } as const

type FileEvent = Extract<HostEvent, { type: 'file' }>

export interface FileOrders {
  work(work: FileWork): void
  /** A content on disk is to be applied. */
  apply(daemon: string, path: string): void
  restart(daemon: string, why: string): void
  /** A transaction of the daemon is under way. */
  isBusy(daemon: string): boolean
}

/** A file on disk, as the watcher reported it last. */
interface OnDisk {
  /** null: there is none, or it cannot be read. */
  readonly sha256: string | null
  readonly changedMs: number
}

/** One configuration file of one daemon. */
interface File {
  readonly path: string
  /** What the present run was started with, or reads since a reload; undefined = not known. */
  using: string | null | undefined
  /** The last content that a run was verified with; undefined = not known. */
  lastGood: string | null | undefined
  /** A content on disk that was not accepted, and why. */
  rejected: { readonly sha256: string; readonly why: string } | null
}

interface Configured {
  readonly spec: DaemonSpec
  readonly files: readonly File[]
  /** The file clock just before its last spawn. */
  spawnedMs: number
  run: number
  /** The last run that was verified; 0 = none in this life. */
  verifiedRun: number
  /** `onBootFailure` was used in this life. */
  wasRescued: boolean
  /** When it is considered; Infinity = nothing has changed. */
  dueMs: number
  /** The latest time for that. */
  latestMs: number
  /** When a run without `ready:` counts as verified; Infinity = it does, or there is none. */
  settledMs: number
}

export class ConfigFiles {
  readonly #parts: OperationParts
  readonly #folder: string
  readonly #orders: FileOrders
  readonly #daemons: Map<string, Configured> = new Map()
  readonly #onDisk: Map<string, OnDisk> = new Map()
  #watchAgainMs = Number.POSITIVE_INFINITY
  /** Files without a report, while the first daemon waits for them. */
  readonly #unreported: Set<string> = new Set()
  #firstReportsByMs = Number.POSITIVE_INFINITY
  #begun: (() => void) | null = null
  #isOver = false

  constructor(parts: OperationParts, folder: string, orders: FileOrders) {
    this.#parts = parts
    this.#folder = folder
    this.#orders = orders
    for (const { spec } of parts.state.daemons.values()) {
      if (spec.config.length > 0) this.#daemons.set(spec.name, configured(spec))
    }
  }

  /** To be called once, before the first daemon is started.
   *  @param lastGood The last good contents, by daemon and path.
   *  @param begun    Called when the present contents are known, or take too long. */
  begin(lastGood: Recovered['lastGood'], begun: () => void): void {
    this.know(lastGood)
    for (const path of this.#watch()) this.#unreported.add(path)
    if (this.#unreported.size === 0) return begun()
    this.#begun = begun
    this.#firstReportsByMs = this.#parts.host.now() + firstReportsMs
    this.#arm()
  }

  know(lastGood: Recovered['lastGood']): void {
    for (const { daemon, path, sha256 } of lastGood) {
      const file = this.#file(daemon, path)
      if (file !== undefined) file.lastGood = sha256
    }
  }

  #endWait(): void {
    const begun = this.#begun
    this.#begun = null
    this.#firstReportsByMs = Number.POSITIVE_INFINITY
    begun?.()
  }

  /** @returns The files that are watched now. */
  #watch(): ReadonlySet<string> {
    const paths = new Set<string>()
    for (const { spec } of this.#daemons.values()) {
      if (spec.watch) for (const path of spec.config) paths.add(path)
    }
    this.#watchAgainMs = Number.POSITIVE_INFINITY
    const errno = paths.size === 0 ? null : this.#parts.host.watchFiles([...paths])
    if (errno === null) return paths
    this.watcherEnded(errno)
    return new Set()
  }

  watcherEnded(errno: string): void {
    if (this.#isOver) return
    const why = `files are not watched: ${describeErrno(errno)}`
    this.#parts.reporter.log(`${why}; trying again in ${watchAgainMs / 1000} s`)
    this.#watchAgainMs = this.#parts.host.now() + watchAgainMs
    this.#endWait()
    this.#arm()
  }

  /** A report of the watcher. */
  reported({ path, sha256, changedMs }: FileEvent): void {
    const nowMs = this.#parts.host.now()
    this.#onDisk.set(path, { sha256, changedMs })
    for (const one of this.#daemons.values()) {
      const file = one.files.find((its) => its.path === path)
      if (file === undefined || !one.spec.watch) continue
      // The present run was started after the change.
      if (one.run > 0 && changedMs < one.spawnedMs) {
        file.using = sha256
        // The run was verified before its files were known.
        if (one.verifiedRun === one.run) this.#adoptLater(one, reportLagMs)
      } else if (changedMs < one.spawnedMs + tickMs && file.using !== sha256) {
        // It may have read the content before or after the change.
        file.using = undefined
      }
      if (one.dueMs === Number.POSITIVE_INFINITY) one.latestMs = nowMs + quietMaxMs
      one.dueMs = Math.min(nowMs + quietMs, one.latestMs)
    }
    if (this.#unreported.delete(path) && this.#unreported.size === 0) this.#endWait()
    this.#arm()
  }

  /** To be called just before a run is started. */
  spawning(name: string): void {
    const one = this.#daemons.get(name)
    if (one === undefined) return
    one.spawnedMs = this.#parts.host.fileClockMs()
    for (const file of one.files) file.using = this.#onDisk.get(file.path)?.sha256
  }

  started(name: string, run: number): void {
    const one = this.#daemons.get(name)
    if (one === undefined) return
    one.run = run
    if (one.spec.ready !== null) return
    this.#adoptLater(one, one.spec.reload.settleMs)
  }

  /** The present run is ready: what it reads works. */
  verified(name: string): void {
    const one = this.#daemons.get(name)
    if (one === undefined) return
    one.verifiedRun = one.run
    this.#adoptLater(one, reportLagMs)
  }

  /** Reports of changes before the start of the run may still be on their way. */
  #adoptLater(one: Configured, afterMs: number): void {
    one.settledMs = this.#parts.host.now() + Math.max(afterMs, reportLagMs)
    this.#arm()
  }

  #adopt(one: Configured): void {
    if (one.files.every(({ using, lastGood }) => using === undefined || using === lastGood)) return
    this.#orders.work({
      kind: 'adopt',
      folder: this.#folder,
      daemon: one.spec.name,
      paths: one.files.map(({ path }) => path),
      sha256s: one.files.map(({ using }) => using ?? null),
      at: this.#parts.host.wallMs(),
    })
  }

  /** A run has ended by itself, or is ended for a fault. */
  failed(name: string, run: number, words: string): void {
    const one = this.#daemons.get(name)
    if (one === undefined || run < one.run) return
    one.settledMs = Number.POSITIVE_INFINITY
    if (one.verifiedRun > 0 || one.wasRescued || one.spec.onBootFailure !== 'lastGood') return
    const changed = one.files.filter(isUnproven)
    if (changed.length === 0) return
    one.wasRescued = true
    const paths = changed.map(({ path }) => path)
    const { reporter, host } = this.#parts
    reporter.log(
      `${name}: ${words}, and ${paths.join(', ')} has changed since it last worked: using its last good content (onBootFailure)`,
    )
    this.#orders.work({
      kind: 'use-last-good',
      folder: this.#folder,
      daemon: name,
      paths,
      at: host.wallMs(),
    })
  }

  /** The answer to file work that was ordered here. */
  worked(work: FileWork, answer: FileAnswer): void {
    if (work.kind === 'adopt') {
      if (answer.kind !== 'adopted') return this.#reportFailure(work.daemon, answer)
      for (const path of answer.adopted) {
        const file = this.#file(work.daemon, path)
        if (file !== undefined) file.lastGood = work.sha256s[work.paths.indexOf(path)] ?? null
      }
    } else if (work.kind === 'use-last-good') {
      if (answer.kind !== 'restored') return this.#reportFailure(work.daemon, answer)
      this.#orders.restart(work.daemon, 'its last good configuration is in place')
    }
  }

  #reportFailure(daemon: string, answer: FileAnswer): void {
    const why = 'why' in answer ? answer.why : answer.kind
    this.#parts.reporter.log(`${daemon}: cannot keep its last good configuration: ${why}`)
  }

  /** A transaction has ended. Edits that were made meanwhile are considered now. */
  changed({ request, change, isActivated }: Transaction): void {
    const one = this.#daemons.get(request.daemon)
    const file = this.#file(request.daemon, request.path)
    if (one === undefined || file === undefined) return
    const { result, before, after, words } = change
    if (result === 'applied' || result === 'unchanged') {
      file.rejected = null
      if (isActivated && after !== null) file.using = file.lastGood = after.sha256
    } else if (result === 'rolled back') file.using = before?.sha256 ?? null
    if (after !== null && request.source.from === 'disk' && result !== 'applied') {
      if (result !== 'unchanged' && result !== 'planned')
        file.rejected = { sha256: after.sha256, why: words }
    }
    one.dueMs = this.#parts.host.now()
    this.#arm()
  }

  /** A file has its old content again, some time after its transaction: a run that was started
   *  meanwhile does not use it. */
  replaced(name: string, path: string): void {
    const one = this.#daemons.get(name)
    const file = this.#file(name, path)
    if (one === undefined || file === undefined) return
    file.using = undefined
    const daemon = this.#daemonOf(one)
    const isDown = daemon.phase === 'stopped' && daemon.end !== 'failed'
    if (!isDown) this.#orders.restart(name, 'its old configuration is in place again')
  }

  elapsed(): void {
    const nowMs = this.#parts.host.now()
    if (this.#firstReportsByMs <= nowMs) this.#endWait()
    if (this.#watchAgainMs <= nowMs) this.#watch()
    for (const one of this.#daemons.values()) {
      if (one.settledMs <= nowMs) this.#settle(one)
      if (one.dueMs > nowMs) continue
      one.dueMs = Number.POSITIVE_INFINITY
      if (one.spec.watch) this.#consider(one)
    }
    this.#arm()
  }

  #settle(one: Configured): void {
    one.settledMs = Number.POSITIVE_INFINITY
    const daemon = this.#daemonOf(one)
    const { name } = one.spec
    if (daemon.phase !== 'running' || daemon.run !== one.run) return
    // A change is verified by its transaction, which may wait for a confirmation.
    if (this.#orders.isBusy(name)) return this.#adoptLater(one, busyMs)
    one.verifiedRun = one.run
    this.#adopt(one)
  }

  #consider(one: Configured): void {
    if (!('pid' in this.#daemonOf(one))) return // It reads its files at its next start.
    for (const file of one.files) {
      const sha256 = this.#onDisk.get(file.path)?.sha256
      if (sha256 === undefined || sha256 === null) continue
      if (sha256 === file.using) file.rejected = null
      else if (sha256 !== file.rejected?.sha256) this.#orders.apply(one.spec.name, file.path)
    }
  }

  #daemonOf({ spec }: Configured): Daemon {
    return this.#parts.state.daemons.get(spec.name) as Daemon
  }

  /** The SHA-256 of a file when the present run was started; undefined = not known. */
  startedWith(daemon: string, path: string): string | null | undefined {
    return this.#file(daemon, path)?.using
  }

  /** What is known of the files of a daemon. */
  stateOf(daemon: string): readonly FileState[] {
    return (this.#daemons.get(daemon)?.files ?? []).map(({ path, using, lastGood, rejected }) => {
      const onDisk = this.#onDisk.get(path)
      const sha256 = onDisk?.sha256 ?? null
      return {
        path,
        sha256,
        differs: onDisk !== undefined && using !== undefined && sha256 !== using,
        rejected: rejected !== null && rejected.sha256 === sha256 ? rejected.why : null,
        lastGood: lastGood ?? null,
      }
    })
  }

  /** After a failure inside pitcrew: timers may be lost. */
  recover(): void {
    for (const one of this.#daemons.values()) one.dueMs = this.#parts.host.now() + quietMs
    this.#arm()
  }

  end(): void {
    this.#isOver = true
    this.#parts.timers.disarm(timer)
    this.#parts.host.watchFiles([])
  }

  #file(daemon: string, path: string): File | undefined {
    return this.#daemons.get(daemon)?.files.find((file) => file.path === path)
  }

  #arm(): void {
    let nextMs = Math.min(this.#watchAgainMs, this.#firstReportsByMs)
    for (const { dueMs, settledMs } of this.#daemons.values()) {
      nextMs = Math.min(nextMs, dueMs, settledMs)
    }
    if (nextMs === Number.POSITIVE_INFINITY || this.#isOver) this.#parts.timers.disarm(timer)
    else this.#parts.timers.arm(timer, nextMs)
  }
}

/** It is not what a run was verified with. */
function isUnproven({ using, lastGood }: File): boolean {
  return typeof lastGood === 'string' && using !== undefined && using !== lastGood
}

function configured(spec: DaemonSpec): Configured {
  const never = Number.POSITIVE_INFINITY
  return {
    spec,
    files: spec.config.map((path) => ({
      path,
      using: undefined,
      lastGood: undefined,
      rejected: null,
    })),
    spawnedMs: 0,
    run: 0,
    verifiedRun: 0,
    wasRescued: false,
    dueMs: never,
    latestMs: never,
    settledMs: never,
  }
}
