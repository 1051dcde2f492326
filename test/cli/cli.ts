/** Plays one command line and prints what came of it. */
import { main } from '../../src/cli/main.ts'
import { FakeSystem } from './fake-system.ts'

export const goodBundle = `
name: shop
daemons:
  web: { command: [nginx, -g, daemon off;], after: [db], stop: { grace: 2s } }
  db: { command: [redis-server] }
`

/** Exit status, stdout and stderr as one text. */
export function cli(args: readonly string[], files: Readonly<Record<string, string>> = {}): string {
  return play(new FakeSystem(args, files))
}

export function play(system: FakeSystem): string {
  const code = main(system)
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
