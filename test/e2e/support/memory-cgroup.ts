/** A control group with little memory, for tests of kills by the kernel. */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a control group with 32 MiB, of cgroup v2 or v1; null where that is not permitted. */
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

/** The command that runs another one, and all that it starts, in the group. */
export function joinGroup(group: string): string[] {
  return ['sh', '-c', `echo $$ >${group}/cgroup.procs; exec "$@"`, 'sh']
}
