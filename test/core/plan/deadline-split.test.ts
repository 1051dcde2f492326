/** The split of the one deadline over waves and flush. */
import { describe, expect, test } from 'vitest'
import { type DeadlineSplit, splitDeadline } from '../../../src/core/plan/deadline.ts'
import { Random } from '../random.ts'

const all = Number.POSITIVE_INFINITY

describe('the deadline is split', () => {
  test.each<[what: string, deadlineMs: number, graces: number[], killAtMs: number[]]>([
    ['one wave has all of it but what reaping and flushing need', 9000, [all], [8500]],
    ['a small ask is met whole', 9000, [1000], [1000]],
    ['two patient waves have even shares', 9000, [all, all], [4125, 8500]],
    ['a wave that asks for little leaves the rest to the others', 9000, [500, all], [500, 8500]],
    ['in whatever order they come', 9000, [all, 500], [7750, 8500]],
    ['asks that fit together are all met', 9000, [1000, 2000, 3000], [1000, 3250, 6500]],
    ['no time asked for is none', 9000, [0, all], [0, 8500]],
    ['no waves: nothing', 9000, [], []],
  ])('%s', (_, deadlineMs, graces, killAtMs) => {
    const split = splitDeadline(deadlineMs, graces)
    expect(split.killAtMs.map(Math.round)).toEqual(killAtMs)
  })

  test('a short deadline has short reserves', () => {
    const { killAtMs, flushMs } = splitDeadline(100, [all])
    expect(flushMs).toBe(5)
    expect(Math.round(killAtMs[0] ?? 0)).toBe(83)
  })
})

describe('whatever the deadline and the graces', () => {
  const random = new Random(7)
  const splits = Array.from({ length: 2000 }, () => {
    const deadlineMs = 1 + random.below(20_000)
    const graces = Array.from({ length: 1 + random.below(12) }, () =>
      random.below(3) === 0 ? all : random.below(15_000),
    )
    return { deadlineMs, graces, split: splitDeadline(deadlineMs, graces) }
  })

  test('the waves and the flush are never more than the deadline', () => {
    for (const { deadlineMs, split } of splits) {
      const lastKillMs = split.killAtMs.at(-1) ?? 0
      expect(lastKillMs + split.flushMs).toBeLessThan(deadlineMs)
    }
  })

  test('each wave ends after the one before it, with time for killed processes to go', () => {
    for (const { deadlineMs, split } of splits) {
      let reapedMs = 0
      for (const [index, killMs] of split.killAtMs.entries()) {
        expect(killMs).toBeGreaterThanOrEqual(reapedMs - 1e-6)
        reapedMs = endOf(split, index, deadlineMs)
        expect(reapedMs).toBeGreaterThan(killMs)
      }
    }
  })

  test('no wave has more than it needs, or less than an even share of the deadline', () => {
    for (const { deadlineMs, graces, split } of splits) {
      const evenMs = (deadlineMs - split.flushMs) / graces.length
      const reserveMs = endOf(split, graces.length - 1, deadlineMs) - (split.killAtMs.at(-1) ?? 0)
      for (const [index, graceMs] of graces.entries()) {
        const startMs = index === 0 ? 0 : endOf(split, index - 1, deadlineMs)
        const hasMs = (split.killAtMs[index] ?? 0) - startMs
        expect(hasMs).toBeLessThanOrEqual(graceMs + 1e-6)
        expect(hasMs).toBeGreaterThanOrEqual(Math.min(graceMs, evenMs - reserveMs) - 1e-6)
      }
    }
  })
})

/** The latest beginning of the next wave; each has the same reserve for reaping. */
function endOf({ killAtMs, flushMs }: DeadlineSplit, index: number, deadlineMs: number): number {
  const reapMs = Math.min(250, (deadlineMs - flushMs) / (8 * killAtMs.length))
  return (killAtMs[index] ?? 0) + reapMs
}
