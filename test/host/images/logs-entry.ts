/** Replaces the init in the engine, on the real host: listens on a socket and does what a client's line asks
 *  for. Tells every end of a run as a line of JSON, and on stderr the clients that it cut off. TERM ends it. */
import type { LogSpec } from '../../../src/host/control.ts'
import type { Handlers, Host, HostEvent, SpawnSpec } from '../../../src/host/host.ts'
import { spawnPlain } from './plain-spawn.ts'

type Run = Pick<SpawnSpec, 'command'> & { readonly daemon: string; readonly run: number }

/** What a client may ask for; what is not a stream is answered with a line of JSON. */
export type Ask =
  | { readonly logs: LogSpec }
  | { readonly spawn: Run }
  | { readonly usage: true }
  | { readonly print: string }

const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }
const host = world.pitcrewHost

function answer(ask: Ask, client: number): unknown {
  if ('logs' in ask) return host.streamLogs(client, ask.logs)
  if ('spawn' in ask) {
    const { run, ...given } = ask.spawn
    return spawnPlain(host, given, run)
  }
  if ('usage' in ask) return wholeUsage()
  host.print(ask.print)
  return null
}

function onEvent(event: HostEvent): void {
  switch (event.type) {
    case 'line': {
      const ask = JSON.parse(event.text ?? '') as Ask
      const said = answer(ask, event.client)
      if (!('logs' in ask) || said !== null) host.send(event.client, JSON.stringify({ said }))
      return
    }
    case 'exited': {
      const { daemon, run } = event
      const { lastLines } = host.runResources(daemon, run) ?? {}
      return host.print(JSON.stringify({ type: 'exited', daemon, run, lastLines }))
    }
    case 'client-gone':
      return event.lagged ? host.write(2, 'a client lagged\n') : undefined
    case 'signal':
      if (event.signal === 15) host.finish(0, 1000, 1000)
  }
}

world.pitcrewHandlers = {
  handle: onEvent,
  recover: (problem) => host.print(JSON.stringify({ type: 'problem', problem })),
}
const error = host.listen(`${host.getenv('PITCREW_STATE_DIR')}/socket`, '{}')
host.print(error ?? 'listening')

/** The look through /proc to its end. */
function wholeUsage(): ReturnType<Host['usage']> {
  for (;;) {
    const usage = host.usage()
    if (usage !== null) return usage
  }
}
