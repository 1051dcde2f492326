/** A System for tests: files in a map, output in two strings. */
import { createHash } from 'node:crypto'
import type { Errno, FileAnswer, System } from '../../src/host/system.ts'

export class FakeSystem implements System {
  readonly args: readonly string[]
  readonly isPid1 = false
  readonly uid = 0
  /** Text, or the error that reading it gives. Anything else is ENOENT. */
  readonly files: Map<string, FileAnswer> = new Map()
  readonly written: Map<string, string> = new Map()
  writeError: Errno | null = null
  stdout: string = ''
  stderr: string = ''

  constructor(args: readonly string[], files: Readonly<Record<string, string>> = {}) {
    this.args = args
    for (const [path, text] of Object.entries(files)) this.files.set(path, { text })
  }

  getenv(): string | null {
    return null
  }

  readFile(path: string, maxBytes: number): FileAnswer {
    const answer = this.files.get(path) ?? { error: 'ENOENT' }
    const tooLarge = 'text' in answer && Buffer.byteLength(answer.text) > maxBytes
    return tooLarge ? { error: 'too large' } : answer
  }

  writeFile(path: string, text: string): Errno | null {
    if (this.writeError === null) this.written.set(path, text)
    return this.writeError
  }

  write(fd: 1 | 2, text: string): void {
    if (fd === 1) this.stdout += text
    else this.stderr += text
  }

  isTerminal(): boolean {
    return false
  }

  exit(code: number): never {
    throw new Error(`exited with ${code}`)
  }

  execSelf(): Errno {
    return 'ENOSYS'
  }

  sum(text: string): string {
    return createHash('sha256').update(text).digest('hex').slice(0, 16)
  }

  isFolder(): boolean {
    return false
  }
}
