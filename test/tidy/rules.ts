/** The rules of the house that a tool can check: which folder may import which, what the small engine does
 *  not have, and how long a line and a file may be. Files come in as text, so that a violation
 *  can be planted. */

export type Files = ReadonlyMap<string, string>

/** For each room of src/, the rooms it may import; a file straight in src/ is a room of its own. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  'errors.ts': [],
  'version.ts': [],
  host: ['core', 'errors.ts'],
  control: ['core', 'host', 'errors.ts', 'version.ts'],
  init: ['core', 'host', 'control', 'errors.ts', 'version.ts'],
  bundle: ['core', 'errors.ts'],
  client: ['core', 'control', 'errors.ts'],
  files: ['core', 'host', 'errors.ts'],
  cli: ['core', 'host', 'control', 'client', 'bundle', 'errors.ts', 'version.ts'],
  node: ['core', 'host', 'control', 'client', 'errors.ts', 'version.ts'],
}

/** Packages that may be bundled into an image. */
const mayBundle: Readonly<Record<string, readonly string[]>> = { bundle: ['yaml'] }

/** Rooms that the init's images are made of. Their engine has no more than it needs. */
const initRooms = ['core', 'host', 'init', 'control', 'errors.ts', 'version.ts']
/** What needs Node: nothing of it is in the binary. */
const nodeRooms = ['node']

const neverThere = [
  'console',
  'process',
  'Buffer',
  'setTimeout',
  'setInterval',
  'queueMicrotask',
  'fetch',
  'TextEncoder',
  'TextDecoder',
  'structuredClone',
  'Intl',
  'Date',
  'Proxy',
  'WeakMap',
  'WeakRef',
  'BigInt',
  'Uint8Array',
  'performance',
]
/** The other image has them: its verbs wait for answers. */
const notInInit = ['RegExp', 'Promise', 'async', 'await']
/** The core has no chance of its own, either. */
const notInCore = ['random']

const lineColumnsMax = 100
const sourceLinesMax = 500
const folderFilesMax = 20
/** A few files may be short; many short files are fragments of modules. */
const shortLines = 30
const shortFilesMax = 25

export function violations(files: Files): string[] {
  return [...files].flatMap(([path, text]) => [
    ...(path.startsWith('src/') ? [...imports(path, text), ...words(path, text)] : []),
    ...size(path, text),
    ...leftovers(path, text),
  ])
}

/** `paths`: all files of the tree, of whatever kind. */
export function crowdedFolders(paths: Iterable<string>): string[] {
  const counts = new Map<string, number>()
  for (const path of paths) {
    const folder = path.slice(0, path.lastIndexOf('/'))
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return [...counts]
    .filter(([, count]) => count > folderFilesMax)
    .map(([folder, count]) => `${folder}: ${count} files, at most ${folderFilesMax}`)
}

export function fragments(files: Files): string[] {
  const short = [...files]
    .filter(([path, text]) => path.startsWith('src/') && text.split('\n').length - 1 < shortLines)
    .map(([path]) => path)
  if (short.length <= shortFilesMax) return []
  const limit = `at most ${shortFilesMax}`
  return [`src: ${short.length} files under ${shortLines} lines, ${limit}: ${short.join(', ')}`]
}

function imports(path: string, text: string): string[] {
  const room = roomOf(path)
  const allowed = mayImport[room]
  if (allowed === undefined) return [`${path}: the room ${room} is not in the rules`]
  return importsOf(text).flatMap((target) => {
    if (!target.startsWith('.')) {
      if (nodeRooms.includes(room) && target.startsWith('node:')) return []
      return mayBundle[room]?.includes(target) ? [] : [`${path}: imports the package ${target}`]
    }
    const other = roomOf(resolve(path, target))
    return other === room || allowed.includes(other) ? [] : [`${path}: ${room} imports ${other}`]
  })
}

function importsOf(text: string): string[] {
  const pattern = /\b(?:from|import)\s*\(?\s*['"]([^'"\n]+)['"]/g
  return [...withoutComments(text).matchAll(pattern)].map((match) => match[1] as string)
}

/** "src/core/plan/plan.ts" is in core; "src/errors.ts" is a room of its own. */
function roomOf(path: string): string {
  return path.split('/')[1] as string
}

function resolve(path: string, target: string): string {
  const parts = path.split('/').slice(0, -1)
  for (const step of target.split('/')) {
    if (step === '..') parts.pop()
    else if (step !== '.') parts.push(step)
  }
  return parts.join('/')
}

function words(path: string, text: string): string[] {
  const room = roomOf(path)
  if (nodeRooms.includes(room)) return []
  const banned = [
    ...neverThere,
    ...(initRooms.includes(room) ? notInInit : []),
    ...(room === 'core' ? notInCore : []),
  ]
  const code = withoutCommentsAndText(text)
  const found = banned.filter((word) =>
    new RegExp(`(?<![.\\w$])${word}\\b(?!\\s*:)|Math\\.${word}\\b`).test(code),
  )
  const regular =
    initRooms.includes(room) && /[=(,:!&|?]\s*\/(?![/*])[^\n/]+\/[dgimsuvy]*[.,;)\s]/.test(code)
  return [
    ...found.map((word) => `${path}: the small engine does not have ${word}`),
    ...(regular ? [`${path}: the init's engine has no regular expressions`] : []),
  ]
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/[^\n]*/g, '$1')
}

function withoutCommentsAndText(text: string): string {
  return withoutComments(text)
    .replace(/'(?:\\.|[^'\\\n])*'/g, "''")
    .replace(/"(?:\\.|[^"\\\n])*"/g, '""')
    .replace(/`(?:\\[\s\S]|[^`\\$]|\$(?!\{))*`/g, '``')
}

function size(path: string, text: string): string[] {
  const lines = text.split('\n')
  const isSource = path.startsWith('src/') || path.startsWith('native/')
  const isTooLong = isSource && lines.length - 1 > sourceLinesMax
  const wide = path.startsWith('test/')
    ? []
    : lines.flatMap((line, index) =>
        [...line].length > lineColumnsMax && !line.includes('`') ? [index + 1] : [],
      )
  return [
    ...(isTooLong ? [`${path}: ${lines.length - 1} lines, at most ${sourceLinesMax}`] : []),
    ...wide.map((line) => `${path}:${line}: more than ${lineColumnsMax} columns`),
  ]
}

function leftovers(path: string, text: string): string[] {
  const pattern = new RegExp(['TO', 'DO|FIX', 'ME|X', 'XX|\\.(?:on', 'ly|sk', 'ip)\\('].join(''))
  return text
    .split('\n')
    .flatMap((line, index) =>
      pattern.test(line) ? [`${path}:${index + 1}: left open: ${line.trim()}`] : [],
    )
}
