/** Work that may block or grow: a helper of the host does it under an id, and its end is delivered
 *  once. After a failure inside pitcrew all ids are forgotten, and ends that arrive later are
 *  ignored. */
import type { HelperEnd, HelperTask } from '../../host/helper.ts'
import type { Host } from '../../host/host.ts'
import type { Errno } from '../../host/system.ts'

type Take = (end: HelperEnd) => void

export class Tasks {
  readonly #host: Pick<Host, 'startHelper' | 'cancelHelper'>
  readonly #print: (text: string) => void
  readonly #open: Map<number, Take> = new Map()
  /** The last id. Ids are never used again, also after a failure. */
  #ids = 0
  #isRefused = false

  /** @param print Prints a line of pitcrew's own on stdout. */
  constructor(host: Pick<Host, 'startHelper' | 'cancelHelper'>, print: (text: string) => void) {
    this.#host = host
    this.#print = print
  }

  /** @param take Gets the end of the task, once, during a later event.
   *  @returns The id, or the errno of the refusal. */
  start(task: HelperTask, take: Take): number | Errno {
    const id = ++this.#ids
    const errno = this.#host.startHelper(id, task)
    if (errno !== null) {
      if (errno === 'EAGAIN') this.#reportHanging()
      return errno
    }
    this.#isRefused = false
    this.#open.set(id, take)
    return id
  }

  ended(end: HelperEnd): void {
    const take = this.#open.get(end.id)
    this.#open.delete(end.id)
    take?.(end)
  }

  /** The task continues; its end is ignored. */
  ignore(id: number): void {
    this.#open.delete(id)
  }

  /** Ends the task; its end is ignored. */
  cancel(id: number): void {
    if (this.#open.delete(id)) this.#host.cancelHelper(id)
  }

  forgetAll(): void {
    this.#open.clear()
  }

  #reportHanging(): void {
    if (this.#isRefused) return
    this.#isRefused = true
    const why = 'too many helpers hang and cannot be killed: a disk does not answer'
    this.#print(`${why}; no file or socket path is probed until some of them end`)
  }
}
