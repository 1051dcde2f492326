/** Where the benchmark runs: in a control group of its own with the greatest weight, like a
 *  container on a busy machine. Outside of any, the kernel makes a group of its scheduler for each
 *  session ("autogroup"), which doubles what it costs to start a daemon in its own session, and
 *  which no container pays. */
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const prefix = 'pitcrew-bench-'
/** The two forms that control groups have on Linux. */
const forms = [
  { root: '/sys/fs/cgroup', weight: 'cpu.weight', greatest: 10_000, members: 'cgroup.procs' },
  { root: '/sys/fs/cgroup/cpu', weight: 'cpu.shares', greatest: 262_144, members: 'tasks' },
]

/** @returns How to leave again; null when we may not. */
export function enterControlGroup() {
  for (const form of forms) {
    try {
      return enter(form)
    } catch {
      removeEmpty(form)
    }
  }
  return null
}

function enter(form) {
  const { root, weight, greatest, members } = form
  removeEmpty(form)
  const folder = join(root, `${prefix}${process.pid}`)
  mkdirSync(folder)
  writeFileSync(join(folder, weight), String(greatest), { flag: 'r+' })
  moveTo(join(folder, members))
  return () => {
    moveTo(join(root, members))
    removeEmpty(form)
  }
}

function moveTo(file) {
  for (const task of readdirSync('/proc/self/task')) writeFileSync(file, task)
}

/** One of ours, and those of runs that were interrupted; a group with somebody in it stays. */
function removeEmpty({ root }) {
  for (const name of namesIn(root)) {
    try {
      if (name.startsWith(prefix)) rmdirSync(join(root, name))
    } catch {
      // Another benchmark runs in it.
    }
  }
}

function namesIn(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
