/** Observes processes through /proc. */
import { readdirSync, readFileSync } from 'node:fs'

/** All descendants of a process. */
export function descendants(pid) {
  const children = childrenOf(pid)
  return [...children, ...children.flatMap(descendants)]
}

/** Children of all threads. */
function childrenOf(pid) {
  return tasksOf(pid).flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
  )
}

export function isAlive(pid) {
  return !['', 'Z'].includes(stateOf(pid))
}

export function zombiesAmong(pids) {
  return pids.filter((pid) => stateOf(pid) === 'Z').length
}

export function openFiles(pids) {
  return sum(pids, (pid) => list(`/proc/${pid}/fd`).length)
}

/**
 * The memory of these processes together, in KiB. `own` is private and dirty. `whole` adds what
 * they share with each other, such as a library, once; it does not depend on other users of the
 * library on the machine.
 */
export function memoryKib(pids) {
  const shared = new Map()
  let own = 0
  for (const { file, residentKib, ownKib } of pids.flatMap(mappingsOf)) {
    own += ownKib
    const before = shared.get(file) ?? 0
    shared.set(file, Math.max(before, residentKib - ownKib))
  }
  return { whole: own + sum([...shared.values()], (kib) => kib), own }
}

/** `file` identifies the mapped part of a file, and is the same in each process that maps it. */
function mappingsOf(pid) {
  const parts = read(`/proc/${pid}/smaps`).split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  return parts.filter(Boolean).map((part) => {
    const [, , offset, device, inode] = part.split(/\s+/, 5)
    return {
      file: `${device} ${inode} ${offset}`,
      residentKib: field(part, 'Rss'),
      ownKib: field(part, 'Private_Dirty'),
    }
  })
}

/** Processor time and wake-ups of all threads so far. */
export function work(pids) {
  const tasks = pids.flatMap((pid) => tasksOf(pid).map((task) => `/proc/${pid}/task/${task}`))
  return {
    cpuNs: sum(tasks, (task) => Number(read(`${task}/schedstat`).split(' ')[0])),
    wakeUps: sum(tasks, (task) => field(read(`${task}/status`), 'voluntary_ctxt_switches')),
  }
}

function tasksOf(pid) {
  return list(`/proc/${pid}/task`)
}

function stateOf(pid) {
  return /^State:\s*(.)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? ''
}

function field(text, name) {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0)
}

function sum(items, amountOf) {
  return items.reduce((total, item) => total + amountOf(item), 0)
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function list(path) {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
