/** The conditions under which a result counts. programs/check.c checks the lines of daemons. */

/** Checks a boot: each daemon has reported once that it is up, and has a pid of its own. */
export function checkReports(daemons, reports) {
  const names = new Set(reports.map(([name]) => name))
  const missing = daemons.find(({ name }) => !names.has(name))
  if (missing !== undefined) throw new Error(`${missing.name} did not report that it is up`)
  if (reports.length !== daemons.length) throw new Error('a daemon reported twice that it is up')
  const pids = new Set(reports.map(([, pid]) => pid))
  if (pids.size !== daemons.length) throw new Error('two daemons have one pid')
}

/**
 * Checks a restart: only the wanted daemon has a new pid, and all others are alive.
 *
 * @param pids    The pids before, by name.
 * @param reports The daemons that reported since then, as [name, pid].
 * @param isAlive Whether a process is running.
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
    if (other !== wanted && !isAlive(otherPid)) throw new Error(`${other} died`)
}

/**
 * Checks a storm: each of the dying daemons was restarted, and the calm one was not.
 *
 * @param calm    The name of the daemon that does not die.
 * @param reports All reports since the start, as [name, pid].
 */
export function checkStorm(calm, dying, reports, isAlive) {
  const pidsOf = (wanted) => reports.filter(([name]) => name === wanted).map(([, pid]) => pid)
  const [pid, ...more] = pidsOf(calm)
  if (pid === undefined || !isAlive(pid)) throw new Error(`${calm} is not alive`)
  if (more.length > 0) throw new Error(`${calm} was restarted`)
  const once = dying.find(({ name }) => pidsOf(name).length < 2)
  if (once !== undefined) throw new Error(`${once.name} was not restarted`)
}

/** Checks a chain: no daemon was up before its dependency. */
export function checkInOrder(daemons, names) {
  const index = daemons.findIndex(({ name }, at) => name !== names[at])
  if (index < 0) return
  throw new Error(`${names[index]} was up before ${daemons[index].name}, its dependency`)
}

/** Checks a stop: no daemon is alive. */
export function checkNoneLeft(pids, isAlive) {
  for (const [name, pid] of pids)
    if (isAlive(pid)) throw new Error(`${name}, pid ${pid}, is alive after the stop`)
}
