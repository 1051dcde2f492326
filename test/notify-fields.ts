/** Splits an sd_notify message as the host does (native/health/notify.c), for simulated hosts. */
import type { NotifyFields } from '../src/host/host.ts'

const names: readonly string[] = [
  'READY',
  'STATUS',
  'RELOADING',
  'STOPPING',
  'WATCHDOG',
  'EXTEND_TIMEOUT_USEC',
  'MAINPID',
] satisfies readonly (keyof NotifyFields)[]

export function fieldsOf(text: string): NotifyFields {
  const fields: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const at = line.indexOf('=')
    if (names.includes(line.slice(0, Math.max(0, at)))) {
      fields[line.slice(0, at)] = line.slice(at + 1)
    }
  }
  return fields
}

export function linesOf(fields: NotifyFields): string[] {
  return Object.entries(fields).map(([name, value]) => `${name}=${value}`)
}
