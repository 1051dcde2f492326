// @ts-check
/** The allow-list: a file with one host per line. `#` begins a comment; a leading dot matches all
 *  subdomains. */
import { readFileSync } from 'node:fs'

/** @typedef {ReadonlySet<string>} AllowList */

/** A name, a name with a leading dot, an IPv4 address, or an IPv6 address in brackets. */
const host = /^(\.?[\w-]+(\.[\w-]+)*|\[[\da-f:.]+\])$/

/** Reads the whole list. One invalid line makes it fail, so that no list is used in part.
 *  @param {string} file @returns {AllowList} */
export function readAllowList(file) {
  const lines = readFileSync(file, 'utf8').split('\n')
  const entries = lines.map((line) => line.replace(/#.*/, '').trim().toLowerCase())
  const wrong = entries.findIndex((entry) => entry !== '' && !host.test(entry))
  if (wrong >= 0) throw new Error(`line ${wrong + 1} is not a host: "${entries[wrong]}"`)
  return new Set(entries.filter((entry) => entry !== ''))
}

/** @param {AllowList} list @param {string} name As a URL has it: in lower case. */
export function isAllowed(list, name) {
  const parents = [...name.matchAll(/\./g)].map((dot) => name.slice(dot.index))
  return [name, ...parents].some((entry) => list.has(entry))
}
