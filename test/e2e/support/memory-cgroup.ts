/** A control group with little memory, for tests of what the kernel kills. */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A control group with 32 MiB, in either of the two forms; null where none may be made. */
export function memoryGroup(): string | null {
  const forms = [
    { root: '/sys/fs/cgroup', limit: 'memory.max', swap: 'memory.swap.max' },
    { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', swap: null },
  ]
  for (const { root, limit, swap } of forms) {
    const folder = join(root, `pitcrew-test-${process.pid}`)
    try {
      mkdirSync(folder)
    } catch {
      continue
    }
    try {
      const options = { flag: 'r+' }
      writeFileSync(join(folder, limit), String(32 * 1024 * 1024), options)
      if (swap !== null) writeFileSync(join(folder, swap), '0', options)
      return folder
    } catch {
      rmdirSync(folder)
    }
  }
  return null
}

export function removeGroup(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch {
    return false
  }
}

/** Words in front of a program: it is in the group, and so is all that it starts. */
export function joinGroup(group: string): string[] {
  return ['sh', '-c', `echo $$ >${group}/cgroup.procs; exec "$@"`, 'sh']
}
