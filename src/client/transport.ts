/** What the client needs of a connection: three functions, so that the same client runs in the
 *  binary, where a read waits, and in Node. */
export interface Transport {
  /** Sends text. What cannot be sent any more is not told here: `receive` sees the end. */
  send(text: string): void | Promise<void>
  /** Some text, in pieces of any size; null at the end. Asked for again only when it has answered.
   */
  receive(): Promise<string | null>
  close(): void
}
