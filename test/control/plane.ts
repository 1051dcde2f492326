/** The real control plane, loop and core over a simulated host: its clock is moved by the test, daemons start at once
 *  and end on the test's order, clients are lists of lines. Each answer is checked against its schema. */

import { expect } from 'vitest'
import { type Entry, progress } from '../../src/control/protocol/answers.ts'
import { answers, items, type VerbName } from '../../src/control/protocol/verbs.ts'
import type { Supervisor } from '../../src/control/server/control-plane.ts'
import { Server } from '../../src/control/server/server.ts'
import type { FileAnswer, FileWork } from '../../src/core/operations/file-work.ts'
import type { Plan } from '../../src/core/plan/plan.ts'
import { type Signal, signalNumbers } from '../../src/core/signals.ts'
import type { LogSpec, Peer, Usage } from '../../src/host/control.ts'
import type { HelperEnd, HelperTask } from '../../src/host/helper.ts'
import type { Host, HostEvent } from '../../src/host/host.ts'
import { auxiliary } from '../../src/init/image/auxiliary.ts'
import { operations } from '../../src/init/image/operations.ts'
import { Loop } from '../../src/init/loop/loop.ts'
import { fieldsOf } from '../notify-fields.ts'

export type Line = Readonly<{
  id?: number | null
  item?: Entry
  progress?: Record<string, unknown>
  done?: Record<string, unknown>
  failed?: {
    code: string
    message: string
    hint: string | null
    ticket?: number
    lastLines?: string[]
  }
}>

const operator: Peer = { uid: 0, pid: 12, relation: 'none', daemon: null, run: 0, via: 'socket' }
/** The start, in the host's time and in wall-clock time. */
const beginMs = 10_000
const beginWallMs = Date.UTC(2026, 10, 21, 17, 0, 0)

export class Plane {
  nowMs: number = beginMs
  /** pitcrew's own lines. */
  readonly log: string[] = []
  /** What was appended to the journal's file. */
  readonly written: string[] = []
  appendErrno: string | null = null
  /** Daemons with a missing program. */
  readonly missing: Set<string> = new Set()
  /** Files by path, and the error of reading them. */
  readonly files: Map<string, string> = new Map()
  readErrno: string | null = null
  isDiskHanging = false
  /** The ends of helpers that a hanging disk delays. */
  readonly hanging: HelperEnd[] = []
  readonly streams: (LogSpec & { client: number })[] = []
  /** The clients whose content was requested, and dropped. */
  readonly receiving: number[] = []
  readonly dropped: number[] = []
  usages: Usage[] = []
  /** The results of the first scans, before `usages`. */
  scans: (Usage[] | null)[] = []
  /** The bytes that are queued for each client. */
  queued = 0
  /** The highest number of lines that were sent in one turn. */
  mostInTurn = 0
  /** How long it takes to send a line. */
  msPerLine = 0
  #sent = 0
  lastLines = ''
  /** What was ordered from `@files`, and its answers. */
  readonly works: FileWork[] = []
  answerTo: (work: FileWork) => FileAnswer = answerFileWork
  /** The errno of the next content that a client announces; and the clients that send one, with
   *  its size. */
  contentErrno: string | null = null
  readonly contents: Map<number, number> = new Map()
  finished: number | null = null
  supervisor: Supervisor | null = null
  server: Server | null = null
  readonly clients: Map<number, PlaneClient> = new Map()
  /** The control plane cannot be loaded. */
  cannotLoad = false
  readonly #loop: Loop
  #wakeAtMs = Number.POSITIVE_INFINITY
  #pids = 100
  #clients = 0
  readonly #runs: Map<string, number> = new Map()
  #toAnswer: HostEvent[] = []

  /** @param uid The user of pitcrew. */
  constructor(plan: Plan, uid = 0) {
    const host = { ...this.#host(), uid }
    this.#loop = new Loop(
      host,
      plan,
      plan.daemons.map(({ name }) => name),
      null,
    )
    this.#loop.boot()
    this.#settle()
  }

  connect(peer: Partial<Peer> = {}): PlaneClient {
    const relation = peer.daemon === undefined ? 'none' : 'run'
    const client = new PlaneClient(this, ++this.#clients)
    this.clients.set(client.id, client)
    this.handle({
      type: 'client',
      client: client.id,
      peer: { ...operator, relation, ...peer },
    })
    return client
  }

  handle(event: HostEvent): void {
    this.#turn(event)
    this.#settle()
  }

  /** The current run ends, with a code or by a signal. */
  ends(daemon: string, how: number | Signal = 0): void {
    const exit =
      typeof how === 'number' ? { code: how, signal: 0 } : { code: 0, signal: signalNumbers[how] }
    const run = this.run(daemon)
    this.handle({ type: 'exited', daemon, run, ...exit, gone: true, outputOpen: false })
  }

  ready(daemon: string): void {
    this.handle({ type: 'ready', daemon, run: this.run(daemon) })
  }

  run(daemon: string): number {
    return this.#runs.get(daemon) ?? 0
  }

  /** Time passes; due timers run. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms
    while (this.#wakeAtMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.#wakeAtMs)
      this.#turn({ type: 'wake' })
    }
    this.nowMs = untilMs
    if (this.finished !== null) this.#settle()
  }

  /** Something in pitcrew fails. */
  fail(): void {
    this.#loop.recover('planted', false)
    this.#settle()
  }

  /** The time until the next wake. */
  get wakesInMs(): number {
    return this.#wakeAtMs - this.nowMs
  }

  /** Runs due timers, and delivers the ends of helpers. */
  #settle(): void {
    for (let turns = 0; turns < 50; turns++) {
      const event = this.#toAnswer.shift()
      if (event !== undefined) this.#turn(event)
      else if (this.#wakeAtMs <= this.nowMs && this.finished === null) this.#turn({ type: 'wake' })
      else return
    }
  }

  #turn(event: HostEvent): void {
    this.#sent = 0
    this.#loop.handle(event)
    this.mostInTurn = Math.max(this.mostInTurn, this.#sent)
  }

  /** Files are written and read at once, unless their disk hangs; the end comes in the next call. */
  #help(id: number, task: HelperTask): string | null {
    const end = { type: 'helper', id, errno: null, code: 0, signal: 0, timedOut: false } as const
    if ('append' in task) {
      if (this.appendErrno === null) this.written.push(task.text)
      this.#toAnswer.push({ ...end, errno: this.appendErrno, text: '' })
    } else if ('tail' in task) {
      if (this.readErrno !== null) return this.readErrno
      const path = task.tail.find((one) => this.files.has(one))
      const text = `${this.files.get(`${path}.1`) ?? ''}${this.files.get(path ?? '') ?? ''}`
      const answer = { ...end, text }
      if (this.isDiskHanging) this.hanging.push(answer)
      else this.#toAnswer.push(answer)
    } else if ('run' in task && task.run[0] === '@files') {
      const work = JSON.parse(task.run[1] as string) as FileWork
      this.works.push(work)
      const answer = { ...end, text: JSON.stringify(this.answerTo(work)) }
      if (this.isDiskHanging) this.hanging.push(answer)
      else this.#toAnswer.push(answer)
    }
    return null
  }

  #host(): Host {
    const host: Partial<Host> = {
      pid: 1,
      now: () => this.nowMs,
      wallMs: () => beginWallMs + this.nowMs - beginMs,
      wakeAt: (atMs) => {
        this.#wakeAtMs = atMs
      },
      spawn: ({ name: daemon }, run) => {
        if (this.missing.has(daemon)) return { step: 'exec', errno: 'ENOENT' }
        this.#runs.set(daemon, run)
        return { pid: ++this.#pids }
      },
      signal: () => 'sent',
      stop: () => 'sent',
      startShutdownWatchdog: () => {},
      liveRuns: () =>
        [...this.#runs].map(([daemon, run]) => {
          return { daemon, run, pid: 100, exit: null, gone: false, ready: false }
        }),
      runResources: () => ({ cpuMs: 3, memoryKib: 2048, lastLines: this.lastLines }),
      print: (line) => {
        this.log.push(line)
      },
      finish: (code) => {
        this.finished = code
        this.#toAnswer.push({ type: 'flushed' })
      },
      loadAuxiliary: () => auxiliary,
      loadOperations: () => operations,
      makeFolder: () => null,
      watchFiles: (paths) => {
        for (const path of paths) {
          const seen = { type: 'file', path, bytes: 1, errno: null, changedMs: 0 } as const
          this.#toAnswer.push({ ...seen, sha256: 'old' })
        }
        return null
      },
      fileClockMs: () => beginWallMs + this.nowMs - beginMs,
      loadControl: () => {
        if (this.cannotLoad) throw new Error('planted')
        return (supervisor: Supervisor) => {
          this.supervisor = supervisor
          this.server = new Server(supervisor)
          return this.server
        }
      },
      send: (id, line) => {
        const lines = line.split('\n')
        this.#sent += lines.length
        this.nowMs += this.msPerLine * lines.length
        const client = this.clients.get(id)
        if (client === undefined || client.isClosed) return false
        for (const one of lines) client.take(one)
        return true
      },
      receiveContent: (client, bytes) => {
        this.receiving.push(client)
        if (this.contentErrno === null) this.contents.set(client, bytes)
        return this.contentErrno
      },
      dropContent: (client) => {
        this.dropped.push(client)
        this.contents.delete(client)
      },
      closeClient: (id) => {
        const client = this.clients.get(id)
        if (client !== undefined) client.isClosed = true
      },
      keepClient: () => false,
      streamLogs: (client, spec) => {
        this.streams.push({ client, ...spec })
        return null
      },
      usage: () => this.scans.shift() ?? (this.scans.length > 0 ? null : this.usages),
      queued: () => this.queued,
      startHelper: (id, task) => this.#help(id, task),
      cancelHelper: () => {},
      lostOutput: () => ({ bytes: 0, lines: 0 }),
      outputStall: () => null,
      getenv: (name) => (name === 'PITCREW_STATE_DIR' ? '/state' : null),
      isFolder: () => false,
      envNames: () => [],
      envHide: () => {},
      oomKills: () => null,
      notify: () => {},
      readNotify: (_daemon, _run, text) => fieldsOf(text),
      probe: () => null,
      cancelProbe: () => {},
      closeOutput: () => {},
    }
    return host as Host
  }
}

const oldContent = { sha256: 'a'.repeat(64), bytes: 10 }
const newContent = { sha256: 'b'.repeat(64), bytes: 12 }

/** A disk on which everything works. */
export function answerFileWork(work: FileWork): FileAnswer {
  switch (work.kind) {
    case 'prepare':
      return {
        kind: 'prepared',
        before: oldContent,
        after: newContent,
        candidate: `${work.target.path}.new`,
        isSame: false,
        canRestore: true,
        inPlace: false,
        diff: '-old\n+new\n',
        lastGood: oldContent,
        revision: 2,
      }
    case 'discard':
      return { kind: 'discarded' }
    case 'store':
      return { kind: 'stored', inPlace: false, revision: 2 }
    case 'mark':
      return { kind: 'marked' }
    case 'commit':
      return { kind: 'committed', revision: 2, isEdited: false }
    case 'restore':
      return { kind: 'restored', paths: [work.target.path] }
    case 'adopt':
      return { kind: 'adopted', adopted: work.paths, passedOver: [] }
    case 'recover':
      return { kind: 'recovered', notes: [], isWhole: true, transaction: null, lastGood: [] }
    case 'history':
      return { kind: 'history', revisions: [] }
    case 'use-last-good':
      return { kind: 'restored', paths: work.paths }
  }
}

export class PlaneClient {
  readonly id: number
  readonly lines: Line[] = []
  isClosed = false
  readonly #plane: Plane
  readonly #verbs: Map<number, VerbName> = new Map()
  /** Above the ids that tests choose. */
  #ids = 100

  constructor(plane: Plane, id: number) {
    this.#plane = plane
    this.id = id
  }

  /** Takes a line: parses and checks it. */
  take(text: string): void {
    const line = JSON.parse(text) as Line
    this.lines.push(line)
    const verb = typeof line.id === 'number' ? this.#verbs.get(line.id) : undefined
    if (verb === undefined) return
    if (line.item !== undefined) expect(items[verb]?.check(line.item, '') ?? null, text).toBeNull()
    if (line.done !== undefined) expect(answers[verb].check(line.done, ''), text).toBeNull()
    if (line.progress !== undefined) expect(progress.check(line.progress, ''), text).toBeNull()
  }

  /** Sends a line as it is. */
  send(text: string | null): void {
    this.#plane.handle({ type: 'line', client: this.id, text })
  }

  /** @returns The id of the request. */
  request(verb: VerbName, args: object = {}): number {
    const id = ++this.#ids
    this.#verbs.set(id, verb)
    this.send(JSON.stringify({ id, verb, args }))
    return id
  }

  /** All lines with this id. */
  of(id: number | null): Line[] {
    return this.lines.filter((line) => line.id === id)
  }

  /** The one answer; fails without one, or with several. */
  answer(id: number | null): Line {
    const ends = this.of(id).filter(
      ({ done, failed }) => done !== undefined || failed !== undefined,
    )
    expect(ends.length, `answers to ${id}`).toBe(1)
    return ends[0] as Line
  }

  items(id: number): unknown[] {
    return this.of(id).flatMap(({ item }) => (item === undefined ? [] : [item]))
  }

  /** Sends a request that succeeds. @returns Its answer. */
  done(verb: VerbName, args: object = {}): Record<string, unknown> {
    const id = this.request(verb, args)
    const answer = this.answer(id)
    expect(answer.failed).toBeUndefined()
    const done = answer.done as Record<string, unknown>
    return verb === 'status' ? { ...done, daemons: this.items(id) } : done
  }

  failed(verb: VerbName, args: object = {}): NonNullable<Line['failed']> {
    const answer = this.answer(this.request(verb, args))
    expect(answer.done).toBeUndefined()
    return answer.failed as NonNullable<Line['failed']>
  }

  isOpen(id: number): boolean {
    return this.of(id).every(({ done, failed }) => done === undefined && failed === undefined)
  }

  /** The content that it has announced has arrived; or why there is none. */
  sendContent(errno: string | null = null): void {
    this.#plane.handle({ type: 'content', client: this.id, errno })
  }

  hangUp(): void {
    this.#plane.handle({ type: 'client-gone', client: this.id, lagged: false })
  }
}
