/** Runs the benchmark in a control group of its own with the maximum weight, like a container on
 *  a busy machine. Without one the kernel makes a scheduling group for each session
 *  ("autogroup"), which doubles the cost of starting a daemon in a session of its own;
 *  containers do not have that cost. */
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const prefix = 'pitcrew-bench-'
/** cgroup v2 and v1. */
const versions = [
  { root: '/sys/fs/cgroup', weight: 'cpu.weight', greatest: 10_000, members: 'cgroup.procs' },
  { root: '/sys/fs/cgroup/cpu', weight: 'cpu.shares', greatest: 262_144, members: 'tasks' },
]

/** @returns A function that leaves the group; null if that is not permitted. */
export function enterControlGroup() {
  for (const version of versions) {
    try {
      return enter(version)
    } catch {
      removeEmpty(version)
    }
  }
  return null
}

function enter(version) {
  const { root, weight, greatest, members } = version
  removeEmpty(version)
  const folder = join(root, `${prefix}${process.pid}`)
  mkdirSync(folder)
  writeFileSync(join(folder, weight), String(greatest), { flag: 'r+' })
  moveTo(join(folder, members))
  return () => {
    moveTo(join(root, members))
    removeEmpty(version)
  }
}

function moveTo(file) {
  for (const task of readdirSync('/proc/self/task')) writeFileSync(file, task)
}

/** Removes our group and those of interrupted runs. A group with processes stays. */
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
