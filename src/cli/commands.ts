/** All verbs. Each is loaded on demand: reading its code would be most of the start of another
 *  verb. */
import type { Command } from './command.ts'

/** In the order of the overview. A name that begins with @ is internal and not listed. */
const names = [
  'run',
  '--',
  'status',
  'explain',
  'logs',
  'events',
  'wait',
  'ticket',
  'history',
  'start',
  'stop',
  'restart',
  'reload',
  'apply',
  'plan',
  'confirm',
  'cancel',
  'rollback',
  'shutdown',
  'validate',
  'build',
  'help',
  'completion',
  '@names',
] as const

type Name = (typeof names)[number]

/** The verbs that a user types, for suggestions. */
export const typedNames: readonly string[] = names.filter((name) => /^[a-z]/.test(name))

/** @returns null for a name that is no verb. */
export async function loadCommand(name: string): Promise<Command | null> {
  return names.some((known) => known === name) ? load(name as Name) : null
}

export function loadCommands(): Promise<readonly Command[]> {
  return Promise.all(names.map(load))
}

async function load(name: Name): Promise<Command> {
  switch (name) {
    case 'run':
      return (await import('./verbs/run.ts')).run
    case '--':
      return (await import('./verbs/run.ts')).oneCommand
    case 'status':
      return (await import('./verbs/status.ts')).status
    case 'explain':
      return (await import('./verbs/explain.ts')).explain
    case 'logs':
      return (await import('./verbs/logs.ts')).logs
    case 'events':
      return (await import('./verbs/events.ts')).events
    case 'wait':
      return (await import('./verbs/wait.ts')).wait
    case 'ticket':
      return (await import('./verbs/ticket.ts')).ticket
    case 'start':
    case 'stop':
    case 'restart':
    case 'reload':
      return (await import('./verbs/change.ts'))[name]
    case 'apply':
    case 'plan':
      return (await import('./verbs/apply.ts'))[name]
    case 'confirm':
    case 'cancel':
      return (await import('./verbs/confirm.ts'))[name]
    case 'rollback':
    case 'history':
      return (await import('./verbs/rollback.ts'))[name]
    case 'shutdown':
      return (await import('./verbs/shutdown.ts')).shutdown
    case 'validate':
    case 'build':
      return (await import('./verbs/bundle.ts'))[name]
    case 'help':
      return (await import('./verbs/help.ts')).help
    case 'completion':
      return (await import('./verbs/completion.ts')).completion
    case '@names':
      return (await import('./verbs/names.ts')).names
  }
}
