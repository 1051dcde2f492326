/** A world for changes of configuration files: pitcrew's own loop, core, operations and file work
 *  run unchanged over a disk in memory, a virtual clock and a daemon whose content decides how its
 *  runs behave. Chance orders applies, rollbacks, edits by hand, restarts, failures inside pitcrew,
 *  errors of the disk, and a KILL of pitcrew at any step of the work; then everything calms down.
 *  `problems` has the promises that were broken. */

import type { FileWork } from '../../../src/core/operations/file-work.ts'
import type { ReloadSpec } from '../../../src/core/plan/plan.ts'
import type { Ticket } from '../../../src/core/ticket.ts'
import { doFileWork } from '../../../src/files/work.ts'
import type { HelperEnd, HelperTask } from '../../../src/host/helper.ts'
import type { Host, HostEvent } from '../../../src/host/host.ts'
import { auxiliary } from '../../../src/init/image/auxiliary.ts'
import { operations } from '../../../src/init/image/operations.ts'
import { Loop } from '../../../src/init/loop/loop.ts'
import type { Operations } from '../../../src/init/operations/operations.ts'
import { daemonSpec, plan } from '../../core/plans.ts'
import { FakeDisk, hashOf, Killed } from '../../files/fake-disk.ts'

import { Chance } from '../world/chance.ts'

const path = '/etc/web/web.conf'
const folder = '/state/bundle'
const wallFromMs = 1_700_000_000_000
/** The first part of a content decides what a run does with it. */
const kinds = ['good', 'good', 'good', 'dies', 'never', 'later'] as const
/** Everything has calmed down after this time, in milliseconds. */
const calmMs = 120_000

export interface Fate {
  /** The seed of a schedule. */
  readonly seed: number
  readonly problems: readonly string[]
  readonly story: readonly string[]
  readonly applied: number
  readonly undone: number
}

export function play(seed: number): Fate {
  const world = new FileWorld(seed)
  world.live()
  return {
    seed,
    problems: world.problems,
    story: world.story,
    applied: world.applied,
    undone: world.undone,
  }
}

interface Run {
  readonly run: number
  readonly pid: number
  /** What it has read. */
  text: string
  isEnding: boolean
}

class FileWorld {
  readonly problems: string[] = []
  readonly story: string[] = []
  applied = 0
  undone = 0
  readonly #chance: Chance
  readonly #disk: FakeDisk = new FakeDisk()
  readonly #reload: Partial<ReloadSpec>
  readonly #hasReady: boolean
  readonly #isWatched: boolean
  readonly #events: { atMs: number; act: () => void }[] = []
  #nowMs = 10_000
  #wakeAtMs = Number.POSITIVE_INFINITY
  #loop: Loop | null = null
  #operations: Operations | null = null
  /** Which life of pitcrew; what belongs to an older one is void. */
  #life = 0
  #run: Run | null = null
  #pids = 100
  #contents = 0
  readonly #texts: Map<string, string> = new Map()
  #stdin: string[] = []
  /** The file work under way. */
  #works = 0
  #underWay: { readonly id: number; readonly work: FileWork } | null = null
  #watched = false
  #reported: string | null | undefined
  #changedMs = 0
  #seen: string | null = null
  /** Contents that were written by hand, or verified, at any time. */
  readonly #trusted: Set<string> = new Set()
  /** The content of the last edit by hand, until pitcrew or a later edit replaces it. */
  #edit: string | null = null
  /** The disk has refused a part of the last recovery. */
  #isRecoveryOwed = false
  #hadFault = false
  /** What the last transaction has stored. */
  #stored = ''
  #isCalm = false

  constructor(seed: number) {
    this.#chance = new Chance(seed)
    const { pick, percent } = {
      pick: this.#chance.pick.bind(this.#chance),
      percent: this.#chance.percent.bind(this.#chance),
    }
    this.#hasReady = percent(70)
    this.#isWatched = percent(70)
    this.#reload = {
      by: pick([{ type: 'restart' }, { type: 'restart' }, { type: 'signal', signal: 'HUP' }]),
      settleMs: 300,
    } as Partial<ReloadSpec>
    this.#disk.mkdir('/state')
    this.#write(this.#content('good'))
    this.#trusted.add(this.#onDisk as string)
  }

  live(): void {
    this.#boot()
    const acts = this.#chance.between(4, 14)
    for (let count = 0; count < acts; count++) {
      this.#pass(this.#chance.weighted([3, 0], [3, 3], [3, 40], [3, 700], [2, 6000]))
      this.#act()
    }
    this.#isCalm = true
    this.#disk.fault = null
    if (this.#loop === null) this.#boot()
    this.#pass(calmMs)
    if (this.#loop === null) {
      // The work that was under way was killed.
      this.#boot()
      this.#pass(calmMs)
    }
    this.#judgeCalm()
  }

  // ---- what happens

  #act(): void {
    if (this.#loop === null) return this.#boot()
    const ops = this.#operations
    switch (
      this.#chance.weighted(
        [6, 'apply'],
        [2, 'rollback'],
        [4, 'edit'],
        [1, 'edit back'],
        [2, 'restart'],
        [1, 'stop'],
        [1, 'start'],
        [2, 'kill'],
        [1, 'recover'],
        [2, 'confirm'],
        [1, 'cancel'],
        [2, 'fault'],
      )
    ) {
      case 'apply':
        return this.#apply()
      case 'rollback':
        return this.#request('rollback', { from: 'revision', revision: null }, 0)
      case 'edit':
        return this.#editByHand(this.#content(this.#chance.pick(kinds)))
      case 'edit back': {
        const before = this.#onDisk
        this.#editByHand(this.#content('good'))
        if (before !== null) this.#editByHand(before)
        return
      }
      case 'restart':
        return this.#signal(10)
      case 'stop':
      case 'start':
        return
      case 'kill':
        return this.#kill('between two works')
      case 'recover':
        this.story.push(`${this.#nowMs} an internal error`)
        return this.#turn(() => this.#loop?.recover('planted', false))
      case 'confirm':
      case 'cancel': {
        const open = ops?.open[0]
        if (open === undefined) return
        return this.#order(() => {
          if (this.#chance.percent(50)) ops?.confirm(open.id)
          else ops?.cancel(open.id, 'cancelled')
        })
      }
      case 'fault':
        this.#hadFault = true
        this.#disk.fault = {
          at: this.#disk.calls + this.#chance.between(1, 30),
          errno: this.#chance.pick(['ENOSPC', 'EIO', 'EROFS']),
        }
        return
    }
  }

  #content(kind: string): string {
    const text = `${kind} ${++this.#contents}`
    this.#texts.set(hashOf(text).sha256, text)
    return text
  }

  #apply(): void {
    const isSame = this.#chance.percent(15)
    const text = isSame ? (this.#onDisk ?? '') : this.#content(this.#chance.pick(kinds))
    this.#stdin.push(text)
    this.#request('apply', { from: 'stdin' }, this.#stdin.length)
  }

  #request(
    verb: 'apply' | 'rollback',
    source: { from: 'stdin' } | { from: 'revision'; revision: null },
    client: number,
  ): void {
    const confirmMs = this.#chance.percent(30) ? 2000 : null
    this.#order(() => {
      const ticket = this.#operations?.request({
        verb,
        daemon: 'web',
        path,
        source,
        ifMatch: null,
        confirmMs,
        isDry: this.#chance.percent(5),
        client,
        by: { kind: 'client', uid: 0, pid: 1, daemon: null },
        why: '',
      })
      this.story.push(
        `${this.#nowMs} ${verb} ${client === 0 ? '' : this.#stdin[client - 1]}: ticket ${ticket?.id}`,
      )
    })
  }

  #editByHand(text: string): void {
    this.story.push(`${this.#nowMs} edit by hand: ${text}`)
    this.#trusted.add(text)
    this.#write(text)
    this.#edit = text
  }

  #write(text: string): void {
    this.#disk.put(path, text)
    this.#noticeChange()
  }

  #signal(signal: number): void {
    this.story.push(`${this.#nowMs} signal ${signal}`)
    this.#dispatch({ type: 'signal', signal, hangup: false })
  }

  // ---- lives of pitcrew

  #boot(): void {
    this.#life++
    this.#works = 0
    this.#watched = false
    this.#run = null
    this.story.push(`${this.#nowMs} boot, life ${this.#life}, ${this.#onDisk}`)
    const bundle = plan(
      {
        web: {
          config: [path],
          watch: this.#isWatched,
          reload: { ...daemonSpec('x').reload, ...this.#reload },
          ready: this.#hasReady
            ? { sign: { type: 'notify' }, timeoutMs: 2000, intervalMs: 100 }
            : null,
          restart: { ...daemonSpec('x').restart, policy: 'always' },
        },
      },
      { signals: { USR1: { forward: [], restart: ['web'], reload: [] } } },
    )
    this.#loop = new Loop(this.#host(), bundle, ['web'], null)
    this.#turn(() => this.#loop?.boot())
  }

  /** pitcrew is killed, with its helpers and its daemon. */
  #kill(where: string): void {
    this.story.push(`${this.#nowMs} KILL ${where}, ${this.#onDisk}`)
    this.#life++
    this.#loop = null
    this.#operations = null
    this.#run = null
    this.#disk.killAt = 0
    this.#wakeAtMs = Number.POSITIVE_INFINITY
  }

  #turn(work: () => void): void {
    if (this.#loop === null) return
    try {
      work()
    } catch (error) {
      this.problems.push(`pitcrew threw: ${String(error)}`)
      this.#loop?.recover(String(error), false)
    }
  }

  /** What a client does, in a turn of the loop. */
  #order(work: () => void): void {
    this.#turn(work)
    this.#dispatch({ type: 'wake' })
  }

  #dispatch(event: HostEvent): void {
    this.#turn(() => this.#loop?.handle(event))
  }

  #later(afterMs: number, act: () => void): void {
    const life = this.#life
    const atMs = this.#nowMs + afterMs
    this.#events.push({ atMs, act: () => (life === this.#life ? act() : undefined) })
  }

  /** Time passes: what is due happens in order. */
  #pass(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let turns = 0; ; turns++) {
      if (turns > 20_000) return void this.problems.push('it spins')
      let next = 0
      for (let at = 1; at < this.#events.length; at++) {
        const [a, b] = [this.#events[at], this.#events[next]]
        if (a !== undefined && b !== undefined && a.atMs < b.atMs) next = at
      }
      const event = this.#events[next]
      const eventMs = event?.atMs ?? Number.POSITIVE_INFINITY
      const atMs = Math.min(eventMs, this.#wakeAtMs)
      if (atMs > untilMs) break
      this.#nowMs = Math.max(this.#nowMs, atMs)
      if (eventMs <= this.#wakeAtMs) {
        this.#events.splice(next, 1)
        event?.act()
      } else {
        this.#wakeAtMs = Number.POSITIVE_INFINITY
        this.#dispatch({ type: 'wake' })
      }
    }
    this.#nowMs = untilMs
  }

  // ---- the host

  #host(): Host {
    const life = this.#life
    const host: Partial<Host> = {
      pid: 1,
      uid: 0,
      now: () => this.#nowMs,
      wallMs: () => wallFromMs + this.#nowMs,
      fileClockMs: () => wallFromMs + this.#nowMs,
      wakeAt: (atMs) => {
        if (life === this.#life) this.#wakeAtMs = Math.max(atMs, this.#nowMs)
      },
      spawn: (_, run) => this.#spawn(run),
      signal: (_, run, signal) => this.#hit(run, signal),
      stop: (_, run, signal) => this.#hit(run, signal),
      liveRuns: () =>
        this.#run === null
          ? []
          : [
              {
                daemon: 'web',
                run: this.#run.run,
                pid: this.#run.pid,
                exit: null,
                gone: false,
                ready: false,
              },
            ],
      runResources: () => ({ cpuMs: 1, memoryKib: 1, lastLines: '' }),
      members: () => [],
      closeOutput: () => {},
      print: (line) => void this.story.push(`${this.#nowMs}   ${line}`),
      startHelper: (id, task) => this.#help(id, task),
      cancelHelper: (id) => this.#cancelHelper(id),
      watchFiles: (paths) => {
        this.#watched = paths.length > 0
        this.#reported = undefined
        if (this.#watched) this.#later(2, () => this.#report())
        return null
      },
      loadAuxiliary: () => auxiliary,
      loadOperations: () => {
        const world = this
        class Watched extends operations.Operations {
          constructor(...parts: ConstructorParameters<typeof operations.Operations>) {
            super(...parts)
            world.#operations = this
          }
        }
        return { ...operations, Operations: Watched }
      },
      makeFolder: () => null,
      getenv: (name) => (name === 'PITCREW_STATE_DIR' ? '/state' : null),
      isFolder: () => false,
      envNames: () => [],
      envHide: () => {},
      oomKills: () => null,
      notify: () => {},
      outputStall: () => null,
      lostOutput: () => ({ bytes: 0, lines: 0 }),
    }
    return host as Host
  }

  #spawn(run: number): { pid: number } {
    if (this.#run !== null) this.problems.push('two runs at once')
    const text = this.#onDisk ?? ''
    const now: Run = { run, pid: ++this.#pids, text, isEnding: false }
    this.#run = now
    this.story.push(`${this.#nowMs} run ${run} reads ${text}`)
    const isOpen = (this.#operations?.open.length ?? 0) > 0
    if (!isOpen && !this.#isRecoveryOwed && !this.#trusted.has(text)) {
      this.problems.push(`run ${run} reads ${text}, which was never verified, without a change`)
    }
    this.#behave(now, 5)
    return { pid: now.pid }
  }

  #behave(run: Run, afterMs: number): void {
    const [kind] = run.text.split(' ')
    if (kind === 'dies') this.#later(afterMs, () => this.#ends(run, 1))
    else if (kind === 'later') {
      this.#later(afterMs, () => this.#becomesReady(run))
      this.#later(afterMs + 150, () => this.#ends(run, 1))
    } else if (kind !== 'never') this.#later(afterMs, () => this.#becomesReady(run))
  }

  #becomesReady(run: Run): void {
    if (this.#run !== run || run.isEnding || !this.#hasReady) return
    this.#dispatch({ type: 'ready', daemon: 'web', run: run.run })
  }

  #ends(run: Run, code: number, signal = 0): void {
    if (this.#run !== run) return
    this.#run = null
    this.#dispatch({
      type: 'exited',
      daemon: 'web',
      run: run.run,
      code,
      signal,
      gone: true,
      outputOpen: false,
    })
  }

  /** TERM and KILL end a run; HUP makes it read its file. */
  #hit(run: number, signal: number): 'sent' | 'gone' {
    const now = this.#run
    if (now === null || now.run !== run) return 'gone'
    if (signal === 1) {
      this.#later(2, () => {
        if (this.#run !== now || now.isEnding) return
        now.text = this.#onDisk ?? ''
        this.story.push(`${this.#nowMs} run ${run} reloads ${now.text}`)
        if (now.text.startsWith('dies')) this.#ends(now, 1)
      })
    } else if (signal !== 0) {
      now.isEnding = true
      this.#later(this.#chance.between(1, 20), () => this.#ends(now, 0, 0))
    }
    return 'sent'
  }

  #help(id: number, task: HelperTask): string | null {
    const end: HelperEnd = {
      type: 'helper',
      id,
      errno: null,
      code: 0,
      signal: 0,
      timedOut: false,
      text: '',
    }
    if (!('run' in task)) {
      this.#later(1, () => this.#dispatch(end))
      return null
    }
    this.#works++
    if (this.#works > 1) this.problems.push('two works on files at once')
    const work = JSON.parse(task.run[1] ?? '') as FileWork
    this.#underWay = { id, work }
    const isKilled = !this.#isCalm && this.#chance.percent(4)
    this.#later(this.#chance.between(1, 12), () => {
      if (this.#underWay?.id !== id) return
      this.#underWay = null
      this.#disk.nowMs = wallFromMs + this.#nowMs
      this.#disk.stdin = this.#stdin[(task.stdin ?? 0) - 1] ?? ''
      this.#disk.killAt = isKilled ? this.#disk.steps + this.#chance.between(1, 25) : 0
      const before = this.#onDisk
      try {
        const answer = doFileWork({ disk: this.#disk, spareFolders: ['/run/bundle'] }, work)
        this.#disk.killAt = 0
        if (work.kind === 'restore') this.#isRecoveryOwed = answer.kind === 'failed'
        if (work.kind === 'recover') {
          this.#isRecoveryOwed = answer.kind !== 'recovered' || !answer.isWhole
        }
        if (work.kind === 'adopt' && answer.kind === 'adopted' && answer.adopted.length > 0) {
          // A run was ready with it.
          this.#trusted.add(this.#texts.get(work.sha256s[0] ?? '') ?? '')
        }
        this.story.push(`${this.#nowMs} ${work.kind}: ${answer.kind}, ${this.#onDisk}`)
        this.#worked(work, before)
        this.#works--
        this.#dispatch({ ...end, text: JSON.stringify(answer) })
      } catch (error) {
        if (!(error instanceof Killed)) {
          this.problems.push(`file work threw: ${String(error)}`)
          return
        }
        this.#worked(work, before)
        this.#kill(`in ${work.kind}`)
      }
    })
    return null
  }

  /** A helper is killed at some step, or has not begun yet. */
  #cancelHelper(id: number): void {
    if (this.#underWay?.id !== id) return
    const { work } = this.#underWay
    this.#underWay = null
    this.#works--
    if (this.#chance.percent(30)) return
    const before = this.#onDisk
    this.#disk.killAt = this.#disk.steps + this.#chance.between(1, 25)
    try {
      doFileWork({ disk: this.#disk, spareFolders: ['/run/bundle'] }, work)
    } catch (error) {
      if (!(error instanceof Killed)) throw error
    }
    this.#disk.killAt = 0
    this.story.push(`${this.#nowMs} ${work.kind} is killed, ${this.#onDisk}`)
    this.#worked(work, before)
  }

  #worked(work: FileWork, before: string | null): void {
    const after = this.#onDisk
    if (work.kind === 'store') this.#stored = after ?? ''
    if (work.kind === 'commit') this.#trusted.add(this.#stored)
    if (after === before) return
    this.#noticeChange()
    if (before === null || before !== this.#edit || before === this.#stored) return
    this.#edit = null
    // An edit by hand was replaced: its content must be kept.
    const kept = this.#disk.files(`${folder}/config/web`).map((file) => this.#disk.text(file))
    if (!kept.includes(before)) this.problems.push(`the edit ${before} is lost: ${work.kind}`)
  }

  get #onDisk(): string | null {
    return this.#disk.text(path)
  }

  /** The watcher reports each new content. */
  #noticeChange(): void {
    if (this.#onDisk === this.#seen) return
    this.#seen = this.#onDisk
    this.#changedMs = wallFromMs + this.#nowMs
    if (this.#watched) this.#later(this.#chance.between(1, 8), () => this.#report())
  }

  #report(): void {
    const text = this.#onDisk
    if (!this.#watched || text === this.#reported) return
    this.#reported = text
    this.#dispatch({
      type: 'file',
      path,
      sha256: text === null ? null : hashOf(text).sha256,
      bytes: text?.length ?? 0,
      errno: text === null ? 'ENOENT' : null,
      changedMs: this.#changedMs,
    })
  }

  // ---- the end

  #judgeCalm(): void {
    const open: readonly Ticket[] = this.#operations?.open ?? []
    if (open.length > 0) this.problems.push(`ticket ${open[0]?.id} has not ended`)
    const temporary = this.#disk
      .files('/etc')
      .concat(this.#disk.files('/run'))
      .filter((file) => file.includes('.pitcrew-'))
    // What a disk with an error has kept is removed at the next boot.
    if (temporary.length > 0 && !this.#hadFault) this.problems.push(`left: ${temporary.join(', ')}`)
    if (this.#disk.files('/state').some((file) => file.endsWith('/transaction.json'))) {
      this.problems.push('a transaction is still recorded')
    }
    const text = this.#onDisk ?? ''
    if (!this.#trusted.has(text)) this.problems.push(`${text} is on disk and was never verified`)
    const isGood = text.startsWith('good')
    if (isGood && this.#run === null) this.problems.push('it does not run, with a good content')
    // A content that the disk did not let through is not tried again.
    const isTried = this.#isWatched && !this.#hadFault
    if (isGood && isTried && this.#run !== null && this.#run.text !== text) {
      this.problems.push(`it runs with ${this.#run.text}, and ${text} is on disk`)
    }
    for (const line of this.story) {
      if (line.includes(': applied ')) this.applied++
      if (line.includes('rolled back')) this.undone++
    }
  }
}
