/** The daemons' pipes, modelled on native/output/pump.c: one for each run, open while a process
 *  holds the writing end. */
import type { Kernel, Owner } from './kernel.ts'

interface Pipe {
  readonly of: Owner
  /** A process outside the run holds it. */
  isHeld: boolean
  isClosing: boolean
}

export class Output {
  readonly #kernel: Kernel
  readonly #onClosed: (of: Owner) => void
  #pipes: Pipe[] = []
  /** pitcrew's stdout is not read. */
  isStalled: boolean = false

  constructor(kernel: Kernel, onClosed: (of: Owner) => void) {
    this.#kernel = kernel
    this.#onClosed = onClosed
  }

  open(of: Owner): void {
    this.#pipes.push({ of, isHeld: false, isClosing: false })
  }

  isOpen(of: Owner): boolean {
    return this.#find(of) !== undefined
  }

  get isIdle(): boolean {
    return this.#pipes.length === 0
  }

  hold(of: Owner, isHeld: boolean): void {
    const pipe = this.#find(of)
    if (pipe !== undefined) pipe.isHeld = isHeld
  }

  /** Passes on the rest of the pipe and closes it. */
  close(daemon: string, run: number): void {
    const pipe = this.#pipes.find(({ of }) => of.daemon === daemon && of.run === run)
    if (pipe !== undefined) pipe.isClosing = true
  }

  closeAll(): void {
    for (const pipe of this.#pipes) pipe.isClosing = true
  }

  /** Reads the last lines before a death is reported. */
  drain(of: Owner): void {
    const pipe = this.#find(of)
    if (pipe !== undefined && !this.isStalled && this.#isAtEnd(pipe)) this.#end(pipe)
  }

  get hasWork(): boolean {
    return !this.isStalled && this.#pipes.some((pipe) => pipe.isClosing || this.#isAtEnd(pipe))
  }

  serve(): void {
    if (!this.hasWork) return
    const done = this.#pipes.filter((pipe) => pipe.isClosing || this.#isAtEnd(pipe))
    for (const pipe of done) if (this.#pipes.includes(pipe)) this.#end(pipe)
  }

  #end(pipe: Pipe): void {
    this.#pipes = this.#pipes.filter((other) => other !== pipe)
    this.#onClosed(pipe.of)
  }

  #find(of: Owner): Pipe | undefined {
    return this.#pipes.find((pipe) => pipe.of === of)
  }

  #isAtEnd({ isHeld, of }: Pipe): boolean {
    return !isHeld && !this.#kernel.isLiving(of)
  }
}
