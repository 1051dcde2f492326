/** Reloads a running daemon, and checks and verifies a new configuration of it:
 *
 *      check ──> (the file is stored) ──> activate ──> verify
 *
 *  Commands are runs that serve the daemon ("web:check", "web:reload", "web:verify"), with its
 *  user, working directory and environment. Command runs and probes are those of the image
 *  "auxiliary": this module has no code of its own for them. Each daemon has at most one of each
 *  kind under way; a new one replaces it. */

import { fileArguments } from '../../core/plan/config.ts'
import type { DaemonSpec, Probe, ReloadSpec } from '../../core/plan/plan.ts'
import { signalNumbers } from '../../core/signals.ts'
import { describeErrno } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import type { DaemonServices } from '../image/auxiliary.ts'
import { describeCommandEnd, describeProbeFailure } from './probe-words.ts'

/** The timeout of a check, and that of a reload, in milliseconds. */
const checkMs = 30_000
const reloadMs = 30_000

/** What a check says: its last lines, or why it could not run. */
export interface CheckAnswer {
  readonly isGood: boolean
  /** At most 1 KiB, lines separated by newlines; '' = it printed nothing. */
  readonly words: string
}

export class Reloads {
  readonly #host: Host
  /** Loads what serves daemons, on first use. */
  readonly #services: () => DaemonServices
  /** The daemons for which something may be under way. */
  readonly #busy: Set<string> = new Set()

  constructor(host: Host, services: () => DaemonServices) {
    this.#host = host
    this.#services = services
  }

  /** Runs `reload.check`; without one every content is good.
   *  @param path The file that is checked: the candidate, or the real file.
   *  @param done Gets the answer once, maybe before this call returns.
   *  @param name Stands for the path in the words: the name that the operator knows. */
  check(
    spec: DaemonSpec,
    path: string,
    done: (answer: CheckAnswer) => void,
    name: string = path,
  ): void {
    const { check } = spec.reload
    if (check === null) return done({ isGood: true, words: '' })
    const command = fileArguments(check, path)
    this.#run(spec, 0, 'check', command, checkMs, (problem, lastLines) => {
      const words = lastLines === '' ? (problem ?? '') : lastLines.split(path).join(name)
      done({ isGood: problem === null, words })
    })
  }

  /** Makes a run read its files again. A restart is no work of this module: it is requested from
   *  the core.
   *  @param done Gets null, or why it has failed, once, maybe before this call returns. */
  activate(
    spec: DaemonSpec,
    run: number,
    by: ReloadSpec['by'],
    done: (problem: string | null) => void,
  ): void {
    switch (by.type) {
      case 'restart':
      case 'none':
        return done(null)
      case 'signal':
        return done(this.#signal(spec.name, run, signalNumbers[by.signal]))
      case 'command':
        return this.#run(spec, run, 'reload', by.command, reloadMs, (problem, lastLines) => {
          done(problem === null || lastLines === '' ? problem : `${problem}: ${lastLines}`)
        })
      case 'http': {
        this.#busy.add(spec.name)
        const target = { ...by, type: 'http' } as const
        return this.#services().probes.post(spec, run, target, reloadMs, (problem) => {
          done(problem === null ? null : describeProbeFailure(target, problem, 'POST', reloadMs))
        })
      }
    }
  }

  /** Probes a run until a probe succeeds. After a reload the first probe waits for `settleMs`: until
   *  then the run may still work with the old content.
   *  @param untilMs In the time of `Host.now()`.
   *  @param done    Gets null, or the result of the last probe in words, in a later call, once. */
  verify(
    spec: DaemonSpec,
    run: number,
    probe: Probe,
    untilMs: number,
    done: (problem: string | null) => void,
  ): void {
    const { by, settleMs } = spec.reload
    const firstMs = this.#host.now() + (by.type === 'restart' ? 0 : settleMs)
    this.#busy.add(spec.name)
    const probes = this.#services().probes
    probes.verify(spec, run, probe, Math.min(firstMs, untilMs), untilMs, (problem) => {
      done(problem === null ? null : describeProbeFailure(probe, problem))
    })
  }

  /** Ends what is under way for a daemon; its result is not reported. */
  cancel(daemon: string): void {
    if (!this.#busy.delete(daemon)) return
    const { commandRuns, probes } = this.#services()
    commandRuns.cancel(`${daemon}:check`)
    commandRuns.cancel(`${daemon}:reload`)
    probes.abandon(daemon)
  }

  /** Ends everything, as after a failure inside pitcrew. */
  cancelAll(): void {
    for (const daemon of [...this.#busy]) this.cancel(daemon)
  }

  /** @returns null, or why it was not sent. */
  #signal(daemon: string, run: number, signal: number): string | null {
    const answer = this.#host.signal(daemon, run, signal, 'leader')
    if (answer === 'sent') return null
    return answer === 'gone' ? 'its run has ended' : describeErrno(answer)
  }

  /** @param run  The run that it is about; 0 = none.
   *  @param done Gets null, or why the command failed, and its last lines. */
  #run(
    spec: DaemonSpec,
    run: number,
    what: 'check' | 'reload',
    command: readonly string[],
    timeoutMs: number,
    done: (problem: string | null, lastLines: string) => void,
  ): void {
    const { commandRuns, commandFor } = this.#services()
    const name = `${spec.name}:${what}`
    commandRuns.cancel(name)
    this.#busy.add(spec.name)
    const serviceCommand = commandFor(spec, command, 'pump', this.#environment(spec.name, run))
    const why = commandRuns.start(name, serviceCommand, timeoutMs, (end) => {
      const lastLines = this.#host.runResources(name, end.run)?.lastLines ?? ''
      done(end.isGood ? null : describeCommandEnd(end, timeoutMs), lastLines.trimEnd())
    })
    if (why !== null) done(why, '')
  }

  #environment(daemon: string, run: number): readonly string[] {
    const live = run === 0 ? [] : this.#host.liveRuns()
    const found = live.find((one) => one.daemon === daemon && one.run === run)
    if (found === undefined) return [`PITCREW_DAEMON=${daemon}`]
    return [`PITCREW_DAEMON=${daemon}`, `PITCREW_RUN=${run}`, `PITCREW_PID=${found.pid}`]
  }
}
