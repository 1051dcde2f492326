/** The rows of the result: title, unit, and the target of pitcrew: at most a `ratio` to the
 *  floor, at `least` a ratio, or at `most` a value in the row's unit. */
const sizes = [4, 100, 1000]
const lineKinds = [
  [100, 1],
  [100, 4],
  [1000, 1],
  [1000, 4],
]

export const rows = [
  row('boot-4', 'boot of 4', 'ms', { ratio: 1.5 }),
  row('boot-100', 'boot of 100', 'ms', { ratio: 1.1 }),
  row('boot-1000', 'boot of 1 000', 'ms', { ratio: 1.1 }),
  row('memory-4', 'memory with 4', 'MiB', { most: 1.5 }),
  row('memory-100', 'memory with 100', 'MiB', { most: 1.8 }),
  row('memory-1000', 'memory with 1 000', 'MiB', { most: 4.5 }),
  ...sizes.map((count) => row(`own-${count}`, `private memory with ${spaced(count)}`, 'MiB')),
  ...[4, 100].flatMap((count) => [
    row(`idle-${count}`, `CPU while idle with ${count}`, 'µs/s'),
    row(`wake-ups-${count}`, `wake-ups while idle with ${count}`, '1/s', { most: 0 }),
  ]),
  ...lineKinds.map(([bytes, writers]) =>
    row(`log-${bytes}-${writers}`, `log ${kindOf(bytes, writers)}`, 'MB/s', { least: 1 }),
  ),
  ...lineKinds.map(([bytes, writers]) =>
    row(`cpu-${bytes}-${writers}`, `CPU for log ${kindOf(bytes, writers)}`, 's/GB', { ratio: 1.1 }),
  ),
  row('latency-p50', 'latency of a line, median', 'µs', { ratio: 1.2 }),
  row('latency-p99', 'latency of a line, p99', 'µs'),
  row('restart', 'restart of one of 4', 'ms', { ratio: 1 }),
  row('restart-tool', 'restart with its own tool', 'ms', { ratio: 1.6 }),
  row('death', 'death of one of 4', 'ms', { ratio: 1.4 }),
  row('chain-200', 'chain of 200 by readiness', 'ms', { ratio: 2 }),
  row('storm-cpu', 'CPU with 50 that die at once', '%', { most: 5 }),
  row('storm-log', 'log with 50 that die at once', 'KiB', { most: 128 }),
  ...sizes.map((count) => row(`stop-${count}`, `stop of ${spaced(count)}`, 'ms', { ratio: 1.3 })),
  row('stubborn', 'stop of 4, one ignores it (1 s)', 'ms', { ratio: 1.3 }),
  row('fds', 'fds gained in 200 restarts', '', { most: 0 }),
  row('zombies', 'zombies after 200 restarts', '', { most: 0 }),
  row('orphans', 'zombies of 2 000 orphans after 2 s', '', { most: 0 }),
  row('growth', 'memory gained in many restarts', 'KiB'),
  row('status', 'status as a process', 'ms', { most: 2 }),
  row('status-1000', 'status as a process with 1 000', 'ms'),
  row('request-p50', 'request during full logs, median', 'ms'),
  row('request-p99', 'request during full logs, p99', 'ms', { most: 5 }),
  row('waiters', 'memory of 1 000 waiting clients', 'KiB', { most: 3072 }),
  row('follow', 'throughput lost to a follower', '%', { most: 10 }),
  row('one-boot', 'one command: boot', 'ms'),
  row('one-memory', 'one command: memory', 'MiB'),
]

/** The target of a contender in a row; null if it has none. */
export function targetOf(contender, { key, target }) {
  if (!contender.startsWith('pitcrew')) return null
  if (contender === 'pitcrew-yaml') return key.startsWith('boot') ? { ratio: 3 } : null
  return target
}

/** null: there is no target, or no ratio to compare. */
export function meetsTarget(target, median, ratio) {
  if (target === null) return null
  if (target.most !== undefined) return median <= target.most
  if (ratio === null) return null
  return target.ratio === undefined ? ratio >= target.least : ratio <= target.ratio
}

function row(key, title, unit, target = null) {
  return { key, title, unit, target }
}

function kindOf(bytes, writers) {
  return `${spaced(bytes)} B × ${writers}`
}

function spaced(count) {
  return count >= 1000
    ? `${Math.floor(count / 1000)} ${String(count % 1000).padStart(3, '0')}`
    : count
}
