/** The journal: a helper writes it, 250 ms after the first entry; it is bounded, and tolerates a full disk. FAULTS 25: "ENOSPC, EROFS, EACCES on … journal: told; never a lost daemon". */
import { describe, expect, test } from 'vitest'
import type { Note } from '../../src/core/effect.ts'
import type { Host } from '../../src/host/host.ts'
import { Tasks } from '../../src/init/loop/tasks.ts'
import { Timers } from '../../src/init/loop/timers.ts'
import { Journal } from '../../src/init/report/journal.ts'

const lifeMs = Date.UTC(2026, 10, 21, 17, 0, 0)

class Desk {
  nowMs = 1000
  /** What helpers were given to append, and how the next ones are refused. */
  readonly given: string[] = []
  errno: string | null = null
  #id = 0
  readonly paths: (readonly string[])[] = []
  readonly printed: string[] = []
  readonly timers: Timers = new Timers()
  readonly tasks: Tasks
  readonly journal: Journal

  constructor() {
    const host: Partial<Host> = {
      uid: 0,
      now: () => this.nowMs,
      wallMs: () => lifeMs + this.nowMs - 1000,
      getenv: (name) => (name === 'PITCREW_RUN_DIR' ? '/run/here' : null),
      isFolder: (path) => path === '/var/lib/pitcrew',
      startHelper: (id, task) => {
        if (!('append' in task)) throw new Error('not a task of the journal')
        this.#id = id
        this.paths.push(task.append)
        if (this.errno === null) this.given.push(task.text)
        return this.errno
      },
    }
    const print = (text: string): void => {
      this.printed.push(text)
    }
    this.tasks = new Tasks(host as Host, print)
    this.journal = new Journal(host as Host, this.tasks, 'box', this.timers, print)
  }

  /** The latest helper has ended; or one before it. */
  appended(errno: string | null, id = this.#id): void {
    const rest = { code: 0, signal: 0, timedOut: errno === 'ETIMEDOUT', text: '' }
    this.tasks.ended({ type: 'helper', id, errno, ...rest })
  }

  /** What the loop does after a failure. */
  recover(): void {
    this.tasks.forgetAll()
    this.journal.recover()
  }

  started(run: number, daemon = 'web'): void {
    const note: Note = { kind: 'started', daemon, run, pid: 100 + run }
    this.journal.record(note, `started, pid ${100 + run}, run ${run}`)
  }

  /** So much time goes by. */
  pass(ms: number): void {
    this.nowMs += ms
    if (this.timers.takeDue(this.nowMs) !== null) this.journal.flush()
  }

  get isArmed(): boolean {
    return this.timers.nextMs() < Number.POSITIVE_INFINITY
  }

  /** The numbers in the cursors of what is in memory. */
  numbers(): number[] {
    return this.journal.kept().map(numberOf)
  }
}

function numberOf(line: string): number {
  return Number((JSON.parse(line) as { cursor: string }).cursor.split('-')[1])
}

function linesOf(text: string | undefined): Record<string, unknown>[] {
  return (text ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('entries are written', () => {
  test('250 ms after the first of them, all at once', () => {
    const desk = new Desk()
    desk.started(1)
    desk.pass(200)
    desk.started(2)
    expect(desk.given).toEqual([])
    desk.pass(50)
    expect(desk.given).toHaveLength(1)
    expect(desk.given[0]?.endsWith('\n')).toBe(true)
    expect(linesOf(desk.given[0])).toMatchInlineSnapshot(`
      [
        {
          "at": "2026-11-21T17:00:00.000Z",
          "cursor": "1795280400000-1",
          "daemon": "web",
          "pid": 101,
          "run": 1,
          "type": "started",
          "words": "started, pid 101, run 1",
        },
        {
          "at": "2026-11-21T17:00:00.200Z",
          "cursor": "1795280400000-2",
          "daemon": "web",
          "pid": 102,
          "run": 2,
          "type": "started",
          "words": "started, pid 102, run 2",
        },
      ]
    `)
    expect(desk.paths[0]).toEqual([
      '/var/lib/pitcrew/box/journal.ndjson',
      '/run/here/box/journal.ndjson',
    ])
  })

  test('by one helper at a time; later entries follow', () => {
    const desk = new Desk()
    desk.started(1)
    desk.pass(250)
    desk.started(2)
    desk.pass(1000)
    expect(desk.given).toHaveLength(1)
    desk.appended(null)
    desk.pass(249)
    expect(desk.given).toHaveLength(1)
    desk.pass(1)
    expect(desk.given.map((text) => linesOf(text).length)).toEqual([1, 1])
  })

  test('not at all without new entries', () => {
    const desk = new Desk()
    expect(desk.isArmed).toBe(false)
    desk.started(1)
    desk.pass(250)
    desk.appended(null)
    expect(desk.isArmed).toBe(false)
  })

  test('earlier if they are many: a thousand daemons start within the bounds', () => {
    const desk = new Desk()
    for (let run = 1; run <= 1000; run++) {
      desk.started(run)
      if (run % 8 === 0) desk.pass(2)
      if (run % 40 === 0) desk.appended(null)
    }
    expect(desk.given.length).toBeGreaterThan(1)
    desk.pass(1000)
    expect(desk.given.flatMap(linesOf)).toHaveLength(1000)
  })

  test('at most four times a second, unless they are many', () => {
    const calm = new Desk()
    const storm = new Desk()
    for (let ms = 0; ms < 3000; ms += 10) {
      calm.started(ms, 'd0')
      for (let daemon = 0; daemon < 50; daemon++) storm.started(ms, `d${daemon}`)
      for (const desk of [calm, storm]) {
        desk.pass(10)
        desk.appended(null)
      }
    }
    expect(calm.given.length).toBeLessThanOrEqual(12)
    expect(calm.given.length).toBeGreaterThan(8)
    expect(storm.given.length).toBeGreaterThan(12)
    for (const text of storm.given) expect(text.length).toBeGreaterThan(32_000)
  })

  test('at the end, with those that still wait', () => {
    const desk = new Desk()
    desk.started(1)
    desk.journal.finish()
    expect(linesOf(desk.given[0])).toHaveLength(1)
  })

  test('at the end, and no earlier result acknowledges them', () => {
    const desk = new Desk()
    desk.started(1)
    desk.pass(250)
    desk.started(2)
    desk.journal.finish()
    desk.appended(null, 1)
    desk.started(3) // The command of a death takes its time.
    desk.pass(1000)
    expect(desk.given).toHaveLength(2)
    desk.appended(null)
    desk.pass(1000)
    expect(linesOf(desk.given[2]).map(({ run }) => run)).toEqual([3])
  })

  test('about pitcrew itself, and about a death with its record', () => {
    const desk = new Desk()
    desk.journal.record(null, 'was paused for 3 s')
    const verdict = { kind: 'over', why: 'policy' } as const
    const died = {
      kind: 'died',
      daemon: 'web',
      run: 1,
      pid: 7,
      uptimeMs: 1.5,
      status: '',
      verdict,
      flaw: null,
      leftOthers: false,
    } as const
    const death = {
      run: 1,
      pid: 7,
      cause: 'code 3',
      uptimeMs: 2,
      cpuMs: 1,
      memoryKib: 900,
      status: '',
      lastLines: ['a "quoted" line', 'a\ttab'],
      next: 'restart policy is never',
    }
    desk.journal.record({ ...died, code: 3, signal: 0 }, 'died: exit code 3', death)
    desk.pass(250)
    expect(linesOf(desk.given[0])).toMatchInlineSnapshot(`
      [
        {
          "at": "2026-11-21T17:00:00.000Z",
          "cursor": "1795280400000-1",
          "type": "pitcrew",
          "words": "was paused for 3 s",
        },
        {
          "at": "2026-11-21T17:00:00.000Z",
          "cause": "code 3",
          "code": 3,
          "cpuMs": 1,
          "cursor": "1795280400000-2",
          "daemon": "web",
          "lastLines": [
            "a "quoted" line",
            "a	tab",
          ],
          "memoryKib": 900,
          "next": "restart policy is never",
          "pid": 7,
          "run": 1,
          "signal": 0,
          "status": "",
          "type": "died",
          "uptimeMs": 2,
          "words": "died: exit code 3",
        },
      ]
    `)
  })
})

describe('a failed write', () => {
  test('is logged once, and repeated with the next entries: none is lost', () => {
    const desk = new Desk()
    desk.errno = 'EROFS'
    desk.started(1)
    desk.pass(250)
    expect(desk.isArmed).toBe(false)
    desk.started(2)
    desk.pass(250)
    expect(desk.printed).toEqual([
      'cannot write the journal: read-only file system (EROFS); entries are kept in memory',
    ])
    desk.errno = null
    desk.started(3)
    desk.pass(250)
    expect(linesOf(desk.given[0])).toHaveLength(3)
  })

  test('that the helper reports later is handled alike', () => {
    const desk = new Desk()
    desk.started(1)
    desk.pass(250)
    desk.started(2)
    desk.appended('ENOSPC')
    desk.pass(250)
    expect(desk.given).toHaveLength(1)
    desk.started(3)
    desk.pass(250)
    expect(linesOf(desk.given[1]).map(({ run }) => run)).toEqual([1, 2, 3])
    expect(desk.printed).toHaveLength(1)
  })

  test('that lasts: dropped entries are counted in the next written one', () => {
    const desk = new Desk()
    desk.errno = 'ENOSPC'
    for (let run = 1; run <= 3000; run++) desk.started(run)
    desk.pass(250)
    desk.errno = null
    desk.started(3001)
    desk.pass(250)
    const lines = linesOf(desk.given[0])
    expect(desk.given[0]?.length).toBeLessThan(130 * 1024)
    expect(lines[0]?.dropped).toBe(3001 - lines.length)
    expect(lines.at(-1)?.run).toBe(3001)
    desk.appended(null)
    desk.started(3002)
    desk.pass(250)
    expect(linesOf(desk.given[1])).toMatchObject([{ run: 3002 }])
    expect(linesOf(desk.given[1])[0]).not.toHaveProperty('dropped')
  })

  test('by a timeout of the helper is handled alike', () => {
    const desk = new Desk()
    desk.started(1)
    desk.pass(250)
    desk.appended('ETIMEDOUT')
    desk.started(2)
    desk.pass(250)
    expect(linesOf(desk.given[1]).map(({ run }) => run)).toEqual([1, 2])
    expect(desk.printed).toEqual([
      'cannot write the journal: timed out (ETIMEDOUT); entries are kept in memory',
    ])
  })

  test('does not stop the journal, nor does a lost result of a helper', () => {
    const desk = new Desk()
    desk.started(1)
    desk.pass(250)
    desk.started(2)
    desk.recover()
    desk.pass(250)
    expect(linesOf(desk.given[1])).toMatchObject([{ run: 2 }])
  })

  test('is independent of a result from before a recovery', () => {
    const desk = new Desk()
    desk.started(1)
    desk.pass(250)
    desk.recover()
    desk.started(2)
    desk.pass(250)
    desk.appended(null, 1)
    desk.appended('ENOSPC', 2)
    desk.started(3)
    desk.pass(250)
    expect(linesOf(desk.given[2]).map(({ run }) => run)).toEqual([2, 3])
  })

  test('is not hidden by a result that comes twice', () => {
    const desk = new Desk()
    desk.started(1)
    desk.pass(250)
    desk.appended(null)
    desk.started(2)
    desk.pass(250)
    desk.appended(null, 1)
    desk.started(3)
    desk.pass(1000)
    expect(desk.given).toHaveLength(2)
  })
})

describe('a reader', () => {
  test('finds entries in memory that are not written yet', () => {
    const desk = new Desk()
    expect(desk.journal.cursor).toBe(`${lifeMs}-0`)
    for (const run of [1, 2, 3]) desk.started(run)
    expect(desk.journal.cursor).toBe(`${lifeMs}-3`)
    expect(desk.numbers()).toEqual([1, 2, 3])
  })

  test('finds the latest written entries; more are kept from then on', () => {
    const desk = new Desk()
    for (let run = 1; run <= 400; run++) desk.started(run)
    desk.pass(250)
    desk.appended(null)
    const kept = desk.numbers()
    expect(kept.length).toBeLessThan(200)
    expect(kept.at(-1)).toBe(400)
    for (let run = 401; run <= 700; run++) desk.started(run)
    desk.pass(250)
    desk.appended(null)
    expect(desk.numbers()).toHaveLength(kept.length + 300)
  })

  test('finds no more than the limit', () => {
    const desk = new Desk()
    desk.numbers()
    for (let run = 1; run <= 5000; run++) desk.started(run)
    expect(desk.journal.kept().join('').length).toBeLessThanOrEqual(128 * 1024)
  })

  test('gets new entries', () => {
    const desk = new Desk()
    const heard: string[] = []
    desk.journal.listener = ({ daemon, text }) => heard.push(`${daemon} ${numberOf(text())}`)
    desk.started(1)
    desk.journal.record(null, 'internal error')
    expect(heard).toEqual(['web 1', 'null 2'])
  })
})
