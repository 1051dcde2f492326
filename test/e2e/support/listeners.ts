/** Targets for probes: Node servers, a free port, and a listener that never accepts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { compileFixture } from './pitcrew.ts'
import { Program } from './program.ts'

/** @returns The port. The server is closed when the test has finished. */
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

/** A port that no process listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts a listener with a full backlog that never accepts, on a unix socket if a path is given.
 *  @returns Its port. */
export async function fullListener(...path: readonly string[]): Promise<number> {
  const program = new Program([compileFixture('never-accepts'), ...path], { env: {} })
  onTestFinished(() => {
    program.process.kill('SIGKILL')
  })
  return Number((await program.line('full ')).slice('full '.length))
}

/** A folder that is removed when the test has finished. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-probes-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
