/** Rules for the configuration files of daemons and for how they are reloaded: for the bundle file
 *  and for plans from outside. Without regular expressions, which the engine of the init does not
 *  have. */

import { byteLength } from './address.ts'
import type { DaemonSpec } from './plan.ts'

/** The number of configuration files of one daemon. */
export const maxConfigFiles = 16
/** The number of configuration files of a bundle that are watched: the bound of the watcher. */
export const maxWatchedFiles = 256
/** The longest path of a configuration file, in bytes. */
export const maxConfigPath = 1024
/** The longest name of a configuration file, in bytes: that of a candidate is longer, and the
 *  kernel allows 255. */
const maxConfigName = 200

/** Stands for the path of the candidate in an argument of a check. */
const filePlaceholder = '{file}'

/** Signals that no program can handle. */
export const neverReloads: readonly string[] = ['KILL', 'STOP']

/** Whether an argument of a check has the path of the candidate. */
export function namesFile(check: readonly string[]): boolean {
  return check.some((argument) => argument.includes(filePlaceholder))
}

/** The arguments of a check for this file. */
export function fileArguments(check: readonly string[], path: string): string[] {
  return check.map((argument) => argument.split(filePlaceholder).join(path))
}

/** An absolute path in its shortest spelling, so that two different texts are two files: without
 *  "//", "." and "..", and without a slash at its end. */
export function isConfigPath(path: string): boolean {
  return path === shortestPath(path) && isPrintable(path) && byteLength(path) <= maxConfigPath
}

/** @returns The shortest spelling of an absolute path; null if it is relative, names no file, or
 *           its last part is too long. */
export function shortestPath(path: string): string | null {
  if (!path.startsWith('/') || path.endsWith('/') || path.endsWith('/.')) return null
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  const name = parts[parts.length - 1]
  if (name === undefined || path.endsWith('/..') || byteLength(name) > maxConfigName) return null
  return `/${parts.join('/')}`
}

/** No control characters: a path stands in messages and in lists with one path a line. */
function isPrintable(text: string): boolean {
  for (const char of text) if (char < ' ' || char === '\x7f') return false
  return true
}

/** The configuration files that are watched, with the names of their daemons. */
export function watchedFiles(
  daemons: readonly Pick<DaemonSpec, 'name' | 'config' | 'watch'>[],
): Map<string, string[]> {
  const files = new Map<string, string[]>()
  for (const { name, config, watch } of daemons) {
    if (!watch) continue
    for (const path of config) {
      const names = files.get(path)
      if (names === undefined) files.set(path, [name])
      else names.push(name)
    }
  }
  return files
}
