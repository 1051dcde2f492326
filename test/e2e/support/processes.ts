/** Observes processes through /proc, independently of what pitcrew reports. */
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

/** How long `eventually` waits, in ms. */
const timeoutMs = 30_000

export interface ProcessInfo {
  readonly pid: number
  /** The pid in the PID namespace of pitcrew and its daemons. */
  readonly insidePid: number
  readonly name: string
  /** R, S, T, Z … */
  readonly state: string
}

/** A Pitcrew, or the first process of a container. */
type HasPid = Pick<Pitcrew, 'pid'>

/** All descendants of pitcrew, which are all other processes of its namespace; orphans are
 *  children of a subreaper. The short-lived copies of pitcrew that write the journal are left
 *  out, unless they are zombies. */
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

/** The pid in the test's namespace of the process with `insidePid` in pitcrew's namespace. */
export function outsidePid(pitcrew: HasPid, insidePid: number): number {
  const found = descendantsOf(pitcrew.pid).find((seen) => seen.insidePid === insidePid)
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

/** Open file descriptors of pitcrew itself, as "fd -> target". */
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

/** Living processes that this pitcrew started, wherever they are: its folder is in the
 *  environment of its daemons and in the arguments of its helpers. pitcrew itself is left out. */
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

/** R, S, T, Z …; null when the process does not exist. */
export function stateOf(pid: number): string | null {
  return statusOf(pid)?.state ?? null
}

/** Polls until the condition holds: for conditions without an event, such as an absence. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Lets `exits-on-release.sh` exit. */
export async function release({ folder }: Pitcrew): Promise<void> {
  await eventually('the FIFO has a reader', () => {
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

/** The pid of a daemon's run according to the log, with any label. */
export async function pidOf(pitcrew: Program, daemon: string, run = 1): Promise<number> {
  const line = await pitcrew.line(new RegExp(`^[a-z-]+: ${daemon}: started, pid \\d+, run ${run}$`))
  return Number(/pid (\d+)/.exec(line)?.[1])
}

/** The pids of all runs of a daemon so far, according to the log. */
export function pidsOf({ lines }: Program, daemon: string): number[] {
  return lines.flatMap((line) => {
    const pid = new RegExp(`^pitcrew: ${daemon}: started, pid (\\d+)`).exec(line)?.[1]
    return pid === undefined ? [] : [Number(pid)]
  })
}

/** The lines that a daemon printed, without their prefix. */
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
