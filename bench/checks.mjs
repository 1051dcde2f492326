/** What must be true of a result before it counts. The lines are checked by check.c. */

/** All daemons are up: each name once, each with a pid of its own. */
export function checkReports(daemons, reports) {
  const names = new Set(reports.map(([name]) => name))
  const missing = daemons.find(({ name }) => !names.has(name))
  if (missing !== undefined) throw new Error(`${missing.name} did not say that it is up`)
  if (reports.length !== daemons.length) throw new Error('a daemon said twice that it is up')
  const pids = new Set(reports.map(([, pid]) => pid))
  if (pids.size !== daemons.length) throw new Error('two daemons have one pid')
}

/**
 * The right one was restarted, and nobody else.
 *
 * @param pids    By name, before.
 * @param reports Who said that it is up since then, as [name, pid].
 * @param isAlive Tells whether a process runs now.
 */
export function checkRestart(wanted, pids, reports, isAlive) {
  if (reports.length !== 1) throw new Error(`${reports.length} daemons started instead of one`)
  const [name, pid] = reports[0]
  if (name !== wanted) throw new Error(`${name} was restarted instead of ${wanted}`)
  const before = pids.get(wanted)
  if (pid === before) throw new Error(`${wanted} has the same pid ${pid} as before`)
  if (!isAlive(pid)) throw new Error(`the new ${wanted}, pid ${pid}, is not alive`)
  if (isAlive(before)) throw new Error(`the old ${wanted}, pid ${before}, is still alive`)
  for (const [other, otherPid] of pids)
    if (other !== wanted && !isAlive(otherPid)) throw new Error(`${other} died of it`)
}

/**
 * Each of the dying was started again, and nobody else.
 *
 * @param calm    The name of the one that lives.
 * @param reports Who said that it is up, as [name, pid], from the start on.
 */
export function checkStorm(calm, dying, reports, isAlive) {
  const pidsOf = (wanted) => reports.filter(([name]) => name === wanted).map(([, pid]) => pid)
  const [pid, ...more] = pidsOf(calm)
  if (pid === undefined || !isAlive(pid)) throw new Error(`${calm} is not alive`)
  if (more.length > 0) throw new Error(`${calm} was started again`)
  const once = dying.find(({ name }) => pidsOf(name).length < 2)
  if (once !== undefined) throw new Error(`${once.name} was not started again`)
}

/** Nobody said that he is up before the one whom he waits for. */
export function checkInOrder(daemons, names) {
  const index = daemons.findIndex(({ name }, at) => name !== names[at])
  if (index < 0) return
  throw new Error(`${names[index]} was up before ${daemons[index].name}, for whom it waits`)
}

/** After a stop no daemon lives. */
export function checkNoneLeft(pids, isAlive) {
  for (const [name, pid] of pids)
    if (isAlive(pid)) throw new Error(`${name}, pid ${pid}, is alive after the stop`)
}
