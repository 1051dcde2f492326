/** The structure of native/: C modules (a .c file and its header) without cycles. Files come in
 *  as text, so that a violation can be planted. */
import type { Files } from './rules.ts'

export function nativeViolations(files: Files): string[] {
  const paths = [...files.keys()].filter((path) => /^native\/.*\.[ch]$/.test(path))
  const graph = includeGraph(paths, files)
  return [...unknown(graph), ...cycles(graph)]
}

/** For each module, the modules whose headers it includes, by their paths without an ending:
 *  "tree/runs". */
type Graph = ReadonlyMap<string, ReadonlySet<string>>

function includeGraph(paths: readonly string[], files: Files): Graph {
  const graph = new Map<string, Set<string>>()
  for (const path of paths) {
    const name = moduleOf(path.slice('native/'.length))
    const others = graph.get(name) ?? new Set()
    graph.set(name, others)
    for (const [, header] of (files.get(path) ?? '').matchAll(/^#include "(.+)"$/gm)) {
      const other = moduleOf(header as string)
      if (other !== name && other !== 'quickjs') others.add(other)
    }
  }
  return graph
}

function moduleOf(path: string): string {
  return path.replace(/\.[ch]$/, '')
}

/** A header is included by its path from native/: "tree/runs.h". */
function unknown(graph: Graph): string[] {
  return [...graph].flatMap(([name, others]) =>
    [...others]
      .filter((other) => !graph.has(other))
      .map((other) => `native/${name}: includes ${other}.h, which is not in native/`),
  )
}

/** Removes modules that include nothing that is left, until none is removed: what stays is in a
 *  cycle, or includes a module that is. */
function cycles(graph: Graph): string[] {
  const left = new Map(graph)
  for (let before = -1; before !== left.size; ) {
    before = left.size
    for (const [name, others] of left)
      if (![...others].some((other) => left.has(other))) left.delete(name)
  }
  return [...left.keys()].map((name) => `native/${name}: is in a cycle of includes, or uses one`)
}
