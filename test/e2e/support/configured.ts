/** A daemon with a configuration file, and changes of that file over the socket.
 *
 *  The daemon prints what it has read; "bad" as the content makes it fail, "late" makes it never
 *  ready, "refused" is refused by its check. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Failure } from '../../../src/control/protocol/failure.ts'
import type { ChangeAnswer } from '../../../src/control/protocol/operations.ts'
import { type ControlClient, connectControl } from './control-client.ts'
import { Pitcrew, sh } from './pitcrew.ts'

export interface Change {
  readonly change: ChangeAnswer
  readonly [more: string]: unknown
}

const reads = `read text < "$FILE"; echo "uses $text"
  [ "$text" = bad ] && exit 3
  [ "$text" = late ] || echo ready
  trap 'echo reloads; read text < "$FILE"; echo "uses $text"; [ "$text" = bad ] && exit 4' HUP
  trap 'exit 0' TERM; while :; do sleep 0.1 & wait $!; done`

export class Configured implements AsyncDisposable {
  readonly pitcrew: Pitcrew
  readonly folder: string
  readonly file: string
  readonly #bundle: object
  readonly #env: Readonly<Record<string, string>>
  #client: ControlClient | null = null

  /** @param more Keys of the daemon. @param bundle Keys of the bundle. */
  constructor(more: object = {}, bundle: object = {}, stateFolder?: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'pitcrew-config-'))
    this.file = join(this.folder, 'web.conf')
    writeFileSync(this.file, 'one\n')
    const daemon = {
      command: sh(reads),
      env: { set: { FILE: this.file } },
      config: this.file,
      ready: { log: 'ready', timeout: '2s' },
      reload: { restart: true, check: sh('! grep refused {file}') },
      ...more,
    }
    this.#env = stateFolder === undefined ? {} : { PITCREW_STATE_DIR: stateFolder }
    this.#bundle = { ...bundle, daemons: { web: daemon, other: sleeper } }
    this.pitcrew = new Pitcrew(this.#bundle, { env: this.#env })
  }

  /** Runs the bundle again. */
  again(): Pitcrew {
    return new Pitcrew(this.#bundle, { env: this.#env })
  }

  secondClient(): Promise<ControlClient> {
    return connectControl(this.pitcrew)
  }

  async client(): Promise<ControlClient> {
    this.#client ??= await connectControl(this.pitcrew)
    return this.#client
  }

  /** The content of the file. */
  get content(): string {
    return readFileSync(this.file, 'utf8')
  }

  write(text: string): void {
    writeFileSync(this.file, text)
  }

  async apply(content: string, more: object = {}): Promise<Change | Failure> {
    const client = await this.client()
    const args = { daemon: 'web', bytes: Buffer.byteLength(content), ...more }
    const id = client.send('apply', args)
    client.write(content)
    const answer = await client.answer(id)
    return (answer.done ?? answer.failed) as Change | Failure
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.hangUp()
    await this.pitcrew[Symbol.asyncDispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const sleeper = { command: ['/bin/sleep', '1000'] }
