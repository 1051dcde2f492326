/** Runs one command line and prints its result. */
import { main } from '../../src/cli/main.ts'
import type { ClientSystem } from '../../src/host/system.ts'
import type { FakeServer } from './fake-server.ts'
import { FakeSystem } from './fake-system.ts'

export const goodBundle = `
name: shop
daemons:
  web: { command: [nginx, -g, daemon off;], after: [db], stop: { grace: 2s } }
  db: { command: [redis-server] }
`

/** Exit status, stdout and stderr as one text. */
export function cli(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  return runSystem(new FakeSystem(args, files))
}

/** The same with a server that answers. */
export function runWith(server: FakeServer, ...args: readonly string[]): Promise<string> {
  return runSystem(systemWith(server, ...args))
}

export function systemWith(server: FakeServer, ...args: readonly string[]): FakeSystem {
  const system = new FakeSystem(args)
  system.sockets.set('/run/pitcrew/shop.sock', server)
  return system
}

export async function runSystem(
  system: FakeSystem,
  start: (system: ClientSystem) => Promise<number> = main,
): Promise<string> {
  const code = await start(system)
  const written = [...system.written].map(([path, text]) => `${path} <- ${text}`)
  const parts = [
    `exit ${code}`,
    system.stdout,
    system.stderr && `stderr: ${system.stderr}`,
    ...written,
  ]
  return parts
    .filter((part) => part !== '')
    .map((part) => part.trimEnd())
    .join('\n')
}
