/** Looks at a supervisor's own processes from outside, through /proc. */
import { readdirSync, readFileSync } from 'node:fs'

/** Every process below this one, itself left out. */
export function descendants(pid) {
  const children = childrenOf(pid)
  return [...children, ...children.flatMap(descendants)]
}

/** Any thread may have started a child. */
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
 * What these processes take together, in KiB: `own` was written to and is nobody else's; `whole`
 * has besides it what they share with each other, a library for example, once. Whether others of
 * the machine have the same library in use makes no difference.
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

/** `file` says which part of which file: the same in each process that has it. */
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

/** Time on a processor and times woken so far, of all threads. */
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
