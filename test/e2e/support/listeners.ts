/** Whoever a probe may find: servers of Node, a port that is free, and one that nobody accepts at. */
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { compileFixture } from './pitcrew.ts'
import { Program } from './program.ts'

/** @returns The port. The server is closed when the test is finished. */
export async function listen(
  server: Server,
  where: object = { host: '127.0.0.1', port: 0 },
): Promise<number> {
  await new Promise<void>((resolve) => server.listen(where, resolve))
  onTestFinished(() => {
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A port on which nobody listens: it was given to us a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Somebody who listens with a full backlog and never accepts, at a path if one is given.
 *  @returns His port. */
export async function fullListener(...path: readonly string[]): Promise<number> {
  const program = new Program([compileFixture('never-accepts'), ...path], { env: {} })
  onTestFinished(() => {
    program.process.kill('SIGKILL')
  })
  return Number((await program.line('full ')).slice('full '.length))
}

/** A folder that is removed when the test is finished. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-probes-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
