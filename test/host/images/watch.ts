/** Files that a host watches (files-entry.ts), and what it reported of them. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WatcherEvent } from '../../../src/host/files.ts'
import type { Options } from '../../e2e/support/pitcrew.ts'
import { eventually } from '../../e2e/support/processes.ts'
import { Writer } from './files.ts'

export type FileReport = Extract<WatcherEvent, { type: 'file' }>

export const sha256 = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex')

export class Watcher {
  readonly writer: Writer

  private constructor(writer: Writer) {
    this.writer = writer
  }

  static async start(options: Options = {}): Promise<Watcher> {
    return new Watcher(await Writer.start(options))
  }

  /** A path in the scratch folder. */
  at(name: string): string {
    return join(this.writer.folder, name)
  }

  /** Watches these files of the scratch folder, and waits for the first report of each. */
  async watch(...names: readonly string[]): Promise<void> {
    const before = this.reports().length
    const paths = names.map((name) => this.at(name))
    const [answer] = await this.writer.execute({ watch: paths })
    if (answer !== null) throw new Error(`it was refused: ${answer}`)
    await this.reported(before + names.length)
  }

  events(): WatcherEvent[] {
    return this.writer.lines
      .filter((line) => line.startsWith('watcher '))
      .map((line) => JSON.parse(Buffer.from(line.slice('watcher '.length), 'latin1').toString()))
  }

  reports(): FileReport[] {
    return this.events().filter((event) => event.type === 'file')
  }

  /** Each report of a file in one word: its content of those that are known, or its error. */
  story(name: string, ...contents: readonly string[]): string[] {
    const known = new Map(contents.map((content) => [sha256(content), content]))
    return this.reports()
      .filter(({ path }) => path === this.at(name))
      .map(({ sha256: sum, errno }) => (sum === null ? `${errno}` : (known.get(sum) ?? sum)))
  }

  async reported(count: number): Promise<void> {
    await eventually(`${count} reports came`, () => this.reports().length >= count)
  }

  /** Waits until the last report of a file is of this content. */
  async shows(name: string, content: string | Buffer): Promise<void> {
    await eventually(
      `the content of ${name} is reported`,
      () => this.#last(name)?.sha256 === sha256(content),
    )
  }

  async fails(name: string, errno: string): Promise<void> {
    await eventually(`${errno} of ${name} is reported`, () => this.#last(name)?.errno === errno)
  }

  /** All changes so far have been noticed: another file, which was changed later, is reported. */
  async settle(): Promise<void> {
    const content = `${Math.random()}`
    replace(this.at('barrier'), content)
    await this.shows('barrier', content)
  }

  /** The pid of the child that watches. */
  child(): number {
    const [pid] = this.children()
    if (pid === undefined) throw new Error('no child watches')
    return pid
  }

  children(): number[] {
    return this.writer
      .helpers()
      .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('@watch'))
  }

  #last(name: string): FileReport | undefined {
    return this.reports().findLast(({ path }) => path === this.at(name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer[Symbol.asyncDispose]()
  }
}

/** Replaces a file by a rename, as most editors do. */
export function replace(path: string, content: string): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

/** A volume of a ConfigMap: FOLDER/NAME -> ..data/NAME, and ..data -> a folder that is new each
 *  time. */
export class ConfigMap {
  readonly folder: string
  #versions = 0

  constructor(folder: string, name: string, content: string) {
    this.folder = folder
    mkdirSync(folder)
    this.publish(name, content)
    symlinkSync(`..data/${name}`, join(folder, name))
  }

  /** As the kubelet does it: the new folder, a link to it, and a rename of the link. */
  publish(name: string, content: string): void {
    const version = `..2026_${++this.#versions}`
    mkdirSync(join(this.folder, version))
    writeFileSync(join(this.folder, version, name), content)
    symlinkSync(version, join(this.folder, '..data_tmp'))
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'))
  }
}
