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
  readonly visits: Map<string, number> = new Map()

  /** Records a call of stepDaemon. Events of other runs are rejected before the table. */
  see(
    daemon: { readonly phase: string; readonly run: number },
    event: { readonly type: string; readonly run?: number },
  ): void {
    if (event.run !== undefined && event.run !== daemon.run) return
    const cell = `${daemon.phase} × ${event.type}`
    this.visits.set(cell, (this.visits.get(cell) ?? 0) + 1)
  }

  get unvisited(): string[] {
    return cells.filter((cell) => !this.visits.has(cell))
  }
}
