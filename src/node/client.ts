/** The client with methods for changes of configuration files. Verbs of the binary do without them:
 *  each start would read their code. */
import {
  Client as BaseClient,
  type CallOptions,
  type Greeted,
  greeted,
  type History,
} from '../client/client.ts'
import type { Transport } from '../client/transport.ts'
import type { TicketAnswer } from '../control/protocol/answers.ts'
import type { ApplyArgs, RollbackArgs } from '../control/protocol/operations.ts'
import type { ChangeArgs } from '../control/protocol/requests.ts'

/** A connection that carries bytes, too. */
export interface NodeTransport extends Transport {
  send(data: string | Uint8Array): void
}

/** What changes of files have in common; times are in milliseconds. */
export interface FileChange extends Pick<ChangeArgs, 'why' | 'wait' | 'timeoutMs'> {
  /** One of the daemon's `config:` files. Not needed if it has one. */
  readonly file?: string
  /** The change is undone after this time, unless it is confirmed. With `wait: false` the answer has
   *  the ticket to confirm. */
  readonly confirmMs?: number
  /** Only a plan: nothing is changed. */
  readonly dryRun?: boolean
}

/** An apply. */
export interface NewContent extends FileChange {
  /** At most 1 MiB. */
  readonly content: string | Uint8Array
  /** Refuse unless the file has this SHA-256, in hexadecimal. */
  readonly ifMatch?: string
}

export interface Rollback extends FileChange {
  /** The number of a revision. Default: the last good one before the present. */
  readonly to?: number
}

/**
 * A connection to a running pitcrew.
 *
 * | method                        | result                                                  |
 * | ----------------------------- | ------------------------------------------------------- |
 * | `call`                        | a promise of one answer                                 |
 * | `events`                      | an async iterator over events of the journal            |
 * | `logs`                        | the same over lines of daemons; takes the connection over |
 * | `apply`, `rollback`, `reload` | the outcome of a change of configuration                |
 * | `confirm`, `revoke`           | end a change that waits                                 |
 * | `history`                     | the revisions of configuration files                    |
 */
export class Client extends BaseClient {
  readonly #transport: NodeTransport

  static override async open(transport: NodeTransport): Promise<Client> {
    return new Client(await greeted(transport), transport)
  }

  private constructor(opened: Greeted, transport: NodeTransport) {
    super(opened)
    this.#transport = transport
  }

  /**
   * Replaces a configuration file of a daemon. The content is checked, stored and taken into use;
   * if the daemon does not work with it, the old content is put back.
   *
   * @returns Its ticket, in which `change` has the result: applied, unchanged or planned.
   * @throws {RequestError} FAILED: it was rejected or rolled back, see `change`. NO_SUCH_FILE,
   *   REQUEST_INVALID …: nothing was changed, and the connection has ended.
   * @example
   * const content = await readFile('new.conf')
   * const { change } = await client.apply('web', { content, why: 'allow a host' })
   * console.log(change?.result, change?.revision)
   */
  apply(name: string, change: NewContent, options: CallOptions = {}): Promise<TicketAnswer> {
    const { content, ...others } = change
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    const args: ApplyArgs = { daemon: name, bytes: bytes.length, ...others }
    return this.call('apply', args, {
      ...options,
      sendContent: () => this.#transport.send(bytes),
    })
  }

  /** Applies an earlier revision of a configuration file. @throws As `apply`. */
  rollback(name: string, change: Rollback = {}, options: CallOptions = {}): Promise<TicketAnswer> {
    const args: RollbackArgs = { daemon: name, ...change }
    return this.call('rollback', args, options)
  }

  /** Makes a daemon read its configuration again. @throws {RequestError} FAILED. */
  reload(
    name: string,
    change: Pick<ChangeArgs, 'why' | 'wait' | 'timeoutMs'> = {},
    options: CallOptions = {},
  ): Promise<TicketAnswer> {
    return this.call('reload', { daemon: name, ...change }, options)
  }

  /** Keeps a change that waits for a confirmation. @throws {RequestError} FAILED: it does not wait.
   *  NO_SUCH_TICKET. */
  async confirm(ticket: number): Promise<void> {
    await this.call('confirm', { ticket })
  }

  /** Undoes a change that is not over. Its own request is answered when that is done.
   *  @throws {RequestError} FAILED: it is over. NO_SUCH_TICKET. */
  async revoke(ticket: number): Promise<void> {
    await this.call('revoke', { ticket })
  }

  /** The revisions of the daemon's configuration files, newest last. */
  history(name: string): Promise<History> {
    return this.call('history', { daemon: name })
  }
}
