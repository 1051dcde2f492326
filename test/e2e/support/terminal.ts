/** An interactive shell in a terminal, and the state of its jobs according to the kernel. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Channel } from './channel.ts'
import { binary } from './pitcrew.ts'
import { eventually, isAlive, type ProcessInfo, processesUnder, stateOf } from './processes.ts'

export const ctrlC = '\x03'
export const ctrlZ = '\x1a'
export const ctrlBackslash = '\x1c'

/** $P is the path of pitcrew. */
export class Shell extends Channel {
  constructor() {
    const env = { P: binary, PS1: '', TERM: 'dumb' }
    super('terminal', null, { asPid1: false, program: '/bin/sh', args: ['-i'], env })
  }

  /** The newest job that runs a command of this name: pitcrew's process and the command's. */
  async job(name: string): Promise<{ pitcrew: number; command: number }> {
    let command: ProcessInfo | undefined
    await eventually(`${name} runs under pitcrew`, () => {
      command = processesUnder(this).findLast(
        (seen) => seen.name === name && isChildOfPitcrew(seen.pid),
      )
      return command !== undefined
    })
    const pid = command?.pid ?? 0
    return { pitcrew: parentOf(pid), command: pid }
  }

  /** Waits until the shell is in the foreground of its terminal. */
  async untilShellForeground(): Promise<void> {
    await untilForeground(this.pid)
  }
}

/** Waits until the group of this process is in the foreground of its terminal. */
export async function untilForeground(pid: number): Promise<void> {
  await eventually(`${pid} is in the foreground`, () => isForeground(pid))
}

export function isForeground(pid: number): boolean {
  const fields = stat(pid)
  return fields[2] === fields[5]
}

export async function untilInState(state: string, ...pids: number[]): Promise<void> {
  await eventually(`${pids.join(' and ')} in state ${state}`, () =>
    pids.every((pid) => stateOf(pid) === state),
  )
}

export async function untilGone(...pids: number[]): Promise<void> {
  await eventually(`${pids.join(' and ')} gone`, () => !pids.some(isAlive))
}

function isChildOfPitcrew(pid: number): boolean {
  // The kernel keeps the first 15 bytes of a name.
  return processName(parentOf(pid)) === basename(binary).slice(0, 15)
}

function parentOf(pid: number): number {
  return Number(stat(pid)[1])
}

function processName(pid: number): string {
  return /\((.*)\)/.exec(read(pid))?.[1] ?? ''
}

/** State, parent, group, session, terminal, foreground group of the terminal … */
function stat(pid: number): string[] {
  return read(pid).split(') ')[1]?.split(' ') ?? []
}

function read(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return ''
  }
}
