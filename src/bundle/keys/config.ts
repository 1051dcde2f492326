/** `config`: the files that configure a daemon. */
import {
  isConfigPath,
  maxConfigFiles,
  maxConfigPath,
  maxWatchedFiles,
  shortestPath,
} from '../../core/plan/config.ts'
import type { DaemonSpec } from '../../core/plan/plan.ts'
import { type Location, type Reader, reportMismatch, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { text, uniqueList } from '../read.ts'
import type { Entry, Value } from '../tree.ts'

/** A path, or a list of paths. */
export const config: Reader<string[]> = (value, location) => {
  if (value.kind === 'text') {
    const path = configPath(value, location)
    return path === undefined ? undefined : [path]
  }
  if (value.kind !== 'list') return reportMismatch(location, value, 'a path or a list of paths')
  const paths = uniqueList(configPath)(value, location)
  if (value.items.length === 0)
    return reportProblem(location, value.offset, 'the list is empty', 'add a path, or remove it')
  if (value.items.length <= maxConfigFiles) return paths
  const message = `${value.items.length} files are too many`
  reportProblem(location, value.offset, message, `at most ${maxConfigFiles}`)
}

const configPath: Reader<string> = (value, location) => {
  const path = text(value, location)
  if (path === undefined || isConfigPath(path)) return path
  const message = `${quote(path)} is not ${whatIsWrong(path)}`
  reportProblem(location, value.offset, message, remedyFor(path))
}

function whatIsWrong(path: string): string {
  if (!path.startsWith('/')) return 'an absolute path'
  const shortest = shortestPath(path)
  return shortest === null || shortest === path ? 'the path of a file' : 'in its shortest spelling'
}

function remedyFor(path: string): string {
  if (!path.startsWith('/')) return 'begin with /: the file is named in the same way everywhere'
  const shortest = shortestPath(path)
  if (shortest !== null && shortest !== path && isConfigPath(shortest)) return `write ${shortest}`
  return `use up to ${maxConfigPath} bytes without control characters, with the name of a file at its end`
}

/** Checks that the watcher can watch all files. @param written The entries of `daemons`. */
export function checkWatchedFiles(
  daemons: readonly Pick<DaemonSpec, 'name' | 'config' | 'watch'>[],
  written: readonly Entry[],
  location: Location,
  value: Value,
): void {
  const watched = new Set<string>()
  for (const { name, config, watch } of daemons) {
    for (const path of watch ? config : []) watched.add(path)
    if (watched.size <= maxWatchedFiles) continue
    const offset = written.find(({ key }) => key === name)?.offset ?? value.offset
    const message = `more than ${maxWatchedFiles} config files are watched, from daemon ${quote(name)} on`
    const hint = 'write watch: false where files change by pitcrew apply only'
    return reportProblem(location, offset, message, hint)
  }
}
