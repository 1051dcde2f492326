/** A mutation is a source file with one small change. It is identified by the change and its
 *  function, not by a line number. */
import { transform } from 'esbuild'
import { type Edit, editsOf } from './operators.ts'
import { type Visit, visitsOf } from './syntax.ts'

export interface Mutation extends Change {
  /** The source file with the change. */
  readonly text: string
  readonly line: number
}

/** The identity of a mutation. */
export interface Change {
  /** Relative to src/: "core/daemon/ending.ts". */
  readonly file: string
  /** The name of the function around it. */
  readonly inside: string
  /** The changed lines, before and after, each joined to one line without indentation. */
  readonly from: string
  readonly to: string
}

/** All mutations of a file that change the program; of several with the same result only the
 *  first. */
export async function mutationsOf(file: string, source: string): Promise<Mutation[]> {
  const seen = new Set([await compiled(source)])
  const mutations: Mutation[] = []
  for (const visit of visitsOf(source)) {
    for (const edit of editsOf(visit, source)) {
      const mutation = mutationOf(file, source, visit, edit)
      const program = await compiled(mutation.text)
      if (program === null || seen.has(program)) continue
      seen.add(program)
      mutations.push(mutation)
    }
  }
  return mutations
}

export function keyOf({ file, inside, from, to }: Change): string {
  return [file, inside, from, to].join('\n')
}

/** The compiled code, by which programs are compared; null if it does not compile. */
async function compiled(text: string): Promise<string | null> {
  const options = { loader: 'ts', minifySyntax: true, minifyWhitespace: true } as const
  const result = await transform(text, { ...options, logLevel: 'silent' }).catch(() => null)
  return result?.code ?? null
}

function mutationOf(file: string, source: string, { inside }: Visit, edit: Edit): Mutation {
  const { start, end, to } = edit
  const lineStart = source.lastIndexOf('\n', start - 1) + 1
  const lineEnd = source.indexOf('\n', end)
  const [head, tail] = [source.slice(lineStart, start), source.slice(end, lineEnd)]
  return {
    file,
    inside,
    from: inOneLine(head + source.slice(start, end) + tail),
    to: inOneLine(head + to + tail),
    text: source.slice(0, start) + to + source.slice(end),
    line: source.slice(0, start).split('\n').length,
  }
}

function inOneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}
