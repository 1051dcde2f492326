/** Looks at processes from outside, through /proc: what a supervisor says of itself is no proof. */
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { childrenOf, type Pitcrew } from './pitcrew.ts'
import type { Program } from './program.ts'

/** How long `eventually` asks, in ms. */
const patienceMs = 30_000

export interface ProcessInfo {
  readonly pid: number
  /** As pitcrew and its daemons see it, in their own PID namespace. */
  readonly insidePid: number
  readonly name: string
  /** R, S, T, Z … */
  readonly state: string
}

/** What has a pid here: a Pitcrew, or the first process of a container. */
type HasPid = Pick<Pitcrew, 'pid'>

/** All processes below pitcrew: in its namespace there are no others, and a subreaper's orphans are its children. Left
 *  out is the copy of itself that writes the journal for a moment; one that is not reaped is seen. */
export function processesUnder(pitcrew: HasPid): ProcessInfo[] {
  const own = read(`/proc/${pitcrew.pid}/cmdline`)
  const isCopy = (pid: number): boolean => read(`/proc/${pid}/cmdline`) === own
  return descendantsOf(pitcrew.pid).filter(({ pid, state }) => state === 'Z' || !isCopy(pid))
}

function descendantsOf(pid: number): ProcessInfo[] {
  return childrenOf(pid).flatMap((child) => {
    const status = statusOf(child)
    return status === null ? [] : [status, ...descendantsOf(child)]
  })
}

export function zombiesUnder(pitcrew: HasPid): ProcessInfo[] {
  return processesUnder(pitcrew).filter(({ state }) => state === 'Z')
}

/** The pid that this process has for one that has `insidePid` in pitcrew's namespace. */
export function outsidePid(pitcrew: HasPid, insidePid: number): number {
  const found = processesUnder(pitcrew).find((seen) => seen.insidePid === insidePid)
  if (found === undefined) throw new Error(`no process ${insidePid} under pitcrew`)
  return found.pid
}

function statusOf(pid: number): ProcessInfo | null {
  const text = read(`/proc/${pid}/status`)
  if (text === null) return null
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? ''
  const insidePid = Number(field('NSpid').split('\t').at(-1))
  return { pid, insidePid, name: field('Name'), state: field('State').charAt(0) }
}

/** Open file descriptors of pitcrew itself, as "fd -> what". */
export function descriptorsOf(pitcrew: Pitcrew): string[] {
  const folder = `/proc/${pitcrew.pid}/fd`
  return readdirSync(folder).map((fd) => `${fd} -> ${linkOf(`${folder}/${fd}`)}`)
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return 'closed meanwhile'
  }
}

/** Living processes that this pitcrew started, wherever they went: all of its daemons carry its folder in their
 *  environment, its helpers in their arguments. pitcrew itself is left out. */
export function leftoverProcesses(pitcrew: Pitcrew): string[] {
  const own = [pitcrew.process.pid, process.pid]
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && !own.includes(pid))
    .filter((pid) =>
      ['environ', 'cmdline'].some((file) => read(`/proc/${pid}/${file}`)?.includes(pitcrew.folder)),
    )
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ')}`)
}

export function isAlive(pid: number): boolean {
  const status = statusOf(pid)
  return status !== null && status.state !== 'Z'
}

/** R, S, T, Z …; null when it is not there. */
export function stateOf(pid: number): string | null {
  return statusOf(pid)?.state ?? null
}

/** Asks until the answer is true: for what nobody announces, such as an absence. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + patienceMs
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not so after ${patienceMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Lets `exits-on-release.sh` end. */
export async function release({ folder }: Pitcrew): Promise<void> {
  await eventually('it waits to be told', () => {
    try {
      const fd = openSync(join(folder, 'go'), constants.O_WRONLY | constants.O_NONBLOCK)
      writeSync(fd, 'go\n')
      closeSync(fd)
      return true
    } catch {
      return false
    }
  })
}

/** The pid that pitcrew says a daemon's run has, whatever its lines are labelled with. */
export async function pidOf(pitcrew: Program, daemon: string, run = 1): Promise<number> {
  const line = await pitcrew.line(new RegExp(`^[a-z-]+: ${daemon}: started, pid \\d+, run ${run}$`))
  return Number(/pid (\d+)/.exec(line)?.[1])
}

/** All the pids that pitcrew gave to a daemon so far, in order. */
export function pidsOf({ lines }: Program, daemon: string): number[] {
  return lines.flatMap((line) => {
    const pid = new RegExp(`^pitcrew: ${daemon}: started, pid (\\d+)`).exec(line)?.[1]
    return pid === undefined ? [] : [Number(pid)]
  })
}

/** What a daemon printed, without its prefix. */
export function outputOf({ lines }: Program, daemon: string): string[] {
  const prefix = `[${daemon}] `
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length))
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
