/** DESIGN §4, Death: "logged once per run … with its cause, the last lines it printed and its resource
 *  use". */
import { describe, expect, test } from 'vitest'
import { noStreak } from '../../src/core/daemon/restart-policy.ts'
import type { DeathNote } from '../../src/core/effect.ts'
import type { Host, RunResources } from '../../src/host/host.ts'
import { auxiliary } from '../../src/init/image/auxiliary.ts'
import { Deaths } from '../../src/init/report/deaths.ts'

const note: DeathNote = {
  kind: 'died',
  daemon: 'web',
  run: 2,
  pid: 17,
  uptimeMs: 4200,
  status: '',
  verdict: { kind: 'retry', afterMs: 200, streak: { ...noStreak, length: 1 } },
  code: 3,
  signal: 0,
  flaw: null,
  leftOthers: false,
}
const resources: RunResources = {
  cpuMs: 12.3,
  memoryKib: 3174,
  lastLines: 'listening\nfatal: address in use\n',
}

/** @param counts What each look at the counter finds. */
function deathsOn(
  counts: readonly (number | null)[],
  left: RunResources | null = resources,
  isWatched = true,
  times: readonly number[] = [1000],
): Deaths {
  let looks = 0
  let asked = 0
  const host: Partial<Host> = {
    now: () => times[Math.min(asked++, times.length - 1)] as number,
    loadAuxiliary: () => auxiliary,
    runResources: () => left,
    oomKills: () => {
      const count = counts[Math.min(looks++, counts.length - 1)] ?? null
      return count === null ? null : { count, isWatched }
    },
  }
  return new Deaths(host as Host)
}

describe('the words for a death', () => {
  test('has the cause, the resource use, the consequence and the last line', () => {
    expect(deathsOn([0]).record(note)).toMatchInlineSnapshot(
      `"died: exit code 3, pid 17, run 2, after 4.2 s (cpu 12 ms, memory 3.1 MiB); restarting in 200 ms; its last line: "fatal: address in use""`,
    )
  })

  test('has the last status instead of the last line if there is one', () => {
    expect(deathsOn([0]).record({ ...note, status: 'Reading the rules' })).toMatchInlineSnapshot(
      `"died: exit code 3, pid 17, run 2, after 4.2 s (cpu 12 ms, memory 3.1 MiB); restarting in 200 ms; its last status: "Reading the rules""`,
    )
  })

  test('has a last line without control characters, cut to its limit', () => {
    const lastLines = `\x1b[31m${'x'.repeat(300)}\n`
    const line = deathsOn([0], { ...resources, lastLines }).record(note)
    expect(line).toContain(` [31m${'x'.repeat(155)}"`)
    expect([...line].every((char) => char >= ' ')).toBe(true)
  })

  test('has no last line if the run printed nothing', () => {
    expect(deathsOn([0], { ...resources, lastLines: '' }).record(note)).toMatchInlineSnapshot(
      `"died: exit code 3, pid 17, run 2, after 4.2 s (cpu 12 ms, memory 3.1 MiB); restarting in 200 ms"`,
    )
  })

  test('has no resource use while the run is being ended', () => {
    const { code, signal, flaw, leftOthers, ...common } = note as Extract<
      DeathNote,
      { kind: 'died' }
    >
    expect(
      deathsOn([0]).record({ ...common, kind: 'unfit', fault: 'not-ready' }),
    ).toMatchInlineSnapshot(
      `"not ready in time, pid 17, run 2, after 4.2 s: stopping it; restarting in 200 ms"`,
    )
  })
})

describe('a death is called one of memory', () => {
  const killed: DeathNote = { ...note, kind: 'died', code: 0, signal: 9 }

  test('if the kernel killed in the control group, and only as probable', () => {
    expect(deathsOn([4, 5]).record(killed)).toContain(
      'signal KILL, pid 17, run 2, after 4.2 s, probably out of memory',
    )
  })

  test.each<[what: string, oomKills: (number | null)[], note: DeathNote]>([
    ['not when it did not', [4, 4], killed],
    ['not where that is not known', [null, null], killed],
    ['not of another signal', [4, 5], { ...killed, signal: 11 }],
    ['not of an exit code', [4, 5], note],
  ])('%s', (_, oomKills, of) => {
    expect(deathsOn(oomKills).record(of)).not.toContain('memory,')
    expect(deathsOn(oomKills).record(of)).not.toContain('probably')
  })

  test('once for each kill', () => {
    const deaths = deathsOn([4, 6, 6, 6])
    expect(deaths.record(killed)).toContain('probably')
    expect(deaths.record({ ...killed, run: 3 })).toContain('probably')
    expect(deaths.record({ ...killed, run: 4 })).not.toContain('probably')
  })

  test('not for an old kill', () => {
    const deaths = deathsOn([4, 5])
    deaths.unreportedOomKills(5)
    expect(deaths.record(killed)).not.toContain('memory,')
  })

  test('not for a kill before a failure of pitcrew', () => {
    const deaths = deathsOn([4, 5, 5])
    deaths.recover()
    expect(deaths.record(killed)).not.toContain('memory,')
  })
})

describe('a kill for memory without a known death', () => {
  const killed: DeathNote = { ...note, kind: 'died', code: 0, signal: 9 }

  test('is reported', () => {
    expect(deathsOn([4]).unreportedOomKills(5)).toBe(
      'the kernel killed a process for memory (5 in all); no daemon is known to have died of it',
    )
    expect(deathsOn([4]).unreportedOomKills(6)).toContain(
      'killed 2 processes for memory (6 in all)',
    )
  })

  test('is reported once, and not if a daemon died of it', () => {
    const deaths = deathsOn([4, 5])
    deaths.record(killed)
    expect(deaths.unreportedOomKills(5)).toBeNull()
    expect(deaths.unreportedOomKills(6)).toContain('a process')
    expect(deaths.unreportedOomKills(6)).toBeNull()
  })
})

describe('with a counter that is not watched', () => {
  const killed: DeathNote = { ...note, kind: 'died', code: 0, signal: 9 }

  test('the message says how old the kill may be', () => {
    const deaths = deathsOn([4, 5], resources, false, [1000, 7_201_000])
    const line = deaths.record(killed)
    expect(line).toContain('after 4.2 s, the kernel killed a process for memory in the last 2 h (')
    expect(line).not.toContain('out of memory')
  })
})

test('the record of the last death of each daemon is kept', () => {
  const deaths = deathsOn([0])
  deaths.record(note)
  deaths.record({ ...note, run: 3 })
  expect(deaths.last.get('web')).toMatchInlineSnapshot(`
    {
      "atMs": 1000,
      "record": {
        "cause": "code 3",
        "cpuMs": 12,
        "lastLines": [
          "listening",
          "fatal: address in use",
        ],
        "memoryKib": 3174,
        "next": "restarting in 200 ms",
        "pid": 17,
        "run": 3,
        "status": "",
        "uptimeMs": 4200,
      },
      "startFailure": null,
    }
  `)
})

test('the death command gets the death in its environment', () => {
  const deaths = deathsOn([0])
  deaths.record(note)
  expect(deaths.environment(note)).toEqual([
    'PITCREW_CAUSE=code 3',
    'PITCREW_NEXT=restarting in 200 ms',
    'PITCREW_LAST_LINES=listening\nfatal: address in use',
  ])
})
