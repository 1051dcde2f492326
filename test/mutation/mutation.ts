/** Mutations: a source file with one small change. Known again by what changed and where, not by the
 *  number of a line. */
import { transform } from 'esbuild'
import { type Edit, editsOf } from './operators.ts'
import { type Visit, visitsOf } from './syntax.ts'

export interface Mutation extends Change {
  /** The source file with the change. */
  readonly text: string
  readonly line: number
}

/** What distinguishes a mutation from others. */
export interface Change {
  /** In src/: "core/daemon/ending.ts". */
  readonly file: string
  /** The name of the function that it is in. */
  readonly inside: string
  /** The lines that changed, before and after, each as one line without indentation. */
  readonly from: string
  readonly to: string
}

/** All mutations of a file that make another program of it, and of those that make the same the
 *  first one. */
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

/** Two with the same code are the same program; null when it is none. */
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
