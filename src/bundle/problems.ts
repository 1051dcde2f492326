/** The problems of a bundle: all at once, in the order of the file, each with line and column. */
import { withHint } from '../errors.ts'

export interface Problem {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number
  readonly message: string
  /** The remedy. */
  readonly hint: string | null
}

/** The first problems of the file, and the number of further ones. */
export interface ProblemList {
  readonly problems: readonly Problem[]
  readonly more: number
}

/** The number of problems that are shown. */
const maxShown = 20
/** The number of problems that are kept, which bounds the memory; others are only counted. */
const maxKept = 1000

/** The remedy. A function if it is expensive (a search for a similar word): it is then called only
 *  for problems that are shown. */
export type Hint = string | null | (() => string | null)

export interface Problems {
  /** @param offset Where the value begins in the text, in UTF-16 units. */
  add(offset: number, message: string, hint?: Hint): void
  count(): number
  list(text: string): ProblemList
}

export function collectProblems(): Problems {
  const kept: { offset: number; message: string; hint: Hint }[] = []
  let count = 0
  return {
    add(offset, message, hint = null) {
      count++
      if (kept.length < maxKept) kept.push({ offset, message, hint })
    },
    count: () => count,
    list(text) {
      const shown = kept.sort((a, b) => a.offset - b.offset).slice(0, maxShown)
      const problems = shown.map(({ offset, message, hint }) => ({
        ...lineAndColumn(text, offset),
        message,
        hint: typeof hint === 'function' ? hint() : hint,
      }))
      return { problems, more: count - problems.length }
    },
  }
}

/** One line: `bundle.yaml:3:5: message; hint`. */
export function describeProblem(path: string, problem: Problem): string {
  const { line, column, message, hint } = problem
  return `${path}:${line}:${column}: ${withHint(message, hint)}`
}

/** A value in a message: quoted, on one line, truncated. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let lineStart = 0
  for (
    let next = text.indexOf('\n');
    next !== -1 && next < offset;
    next = text.indexOf('\n', lineStart)
  ) {
    line++
    lineStart = next + 1
  }
  return { line, column: Math.min(offset, text.length) - lineStart + 1 }
}
