/** Work that may block or grow: handed to a helper of the host under an id, and answered once.
 *  After a failure inside pitcrew all ids are forgotten: an answer that comes later belongs to work
 *  that nothing here knows of any more, and is ignored. */
import type { HelperEnd, HelperTask } from '../../host/helper.ts'
import type { Host } from '../../host/host.ts'
import type { Errno } from '../../host/system.ts'

type Take = (end: HelperEnd) => void

export class Tasks {
  readonly #host: Pick<Host, 'startHelper' | 'cancelHelper'>
  readonly #print: (text: string) => void
  readonly #open: Map<number, Take> = new Map()
  /** Never used again, whatever fails. */
  #ids = 0
  #isRefused = false

  /** @param print Says something on the common output. */
  constructor(host: Pick<Host, 'startHelper' | 'cancelHelper'>, print: (text: string) => void) {
    this.#host = host
    this.#print = print
  }

  /** @param take Gets the end of the task, once, in a later event.
   *  @returns The id; or why the task was refused. */
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

  /** No answer is wanted any more; the work goes on. */
  ignore(id: number): void {
    this.#open.delete(id)
  }

  /** No answer is wanted any more, and no work. */
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
