/** Records the visited cells of the daemon table (src/core/daemon/daemon.ts): phase × event. */

const phases = [
  'stopped',
  'waiting',
  'backoff',
  'starting',
  'running',
  'terminating',
  'killing',
] as const
const events = [
  'start',
  'turn',
  'skip',
  'stop',
  'restart',
  'hold',
  'forward',
  'spawned',
  'spawn-failed',
  'executed',
  'ready',
  'status-reported',
  'watchdog-ping',
  'unhealthy',
  'exited',
  'gone',
  'escalate',
  'grace',
  'stuck',
  'backoff',
  'reconcile',
] as const

export const cells: readonly string[] = phases.flatMap((phase) =>
  events.map((event) => `${phase} × ${event}`),
)

export class Cells {
  /** By phase and type. */
  readonly #visits: ReadonlyMap<string, Map<string, number>> = new Map(
    phases.map((phase) => [phase, new Map()]),
  )

  /** Records a call of stepDaemon. Events of other runs are rejected before the table. */
  see(
    daemon: { readonly phase: string; readonly run: number },
    event: { readonly type: string; readonly run?: number },
  ): void {
    if (event.run !== undefined && event.run !== daemon.run) return
    const row = this.#visits.get(daemon.phase)
    row?.set(event.type, (row.get(event.type) ?? 0) + 1)
  }

  /** The number of visits of each visited cell. */
  get visits(): Map<string, number> {
    const rows = [...this.#visits]
    return new Map(
      rows.flatMap(([phase, row]) =>
        [...row].map(([type, times]) => [`${phase} × ${type}`, times] as const),
      ),
    )
  }

  get unvisited(): string[] {
    const { visits } = this
    return cells.filter((cell) => !visits.has(cell))
  }
}
