/** Replaces the init in the engine, on the real host: listens, does what the lines of its clients say, and
 *  tells every event as a line of JSON. See clients.ts. */
import type { Peer } from '../../../src/host/control.ts'
import type { Handlers, Host, HostEvent } from '../../../src/host/host.ts'
import { type PlainRun, spawnPlain } from './plain-spawn.ts'

/** What is done at the start; each answer is printed, in order. */
export type First =
  | { readonly listen: string }
  | { readonly adopt: number }
  | { readonly lock: string; readonly text: string }
  | { readonly folder: string }
  | { readonly spawn: PlainRun & { readonly run?: number } }

/** A line of a client; a line that is none of these is only told. */
export type Order =
  | { readonly echo: string }
  | { readonly peer: true }
  /** So many lines of so many bytes; the answers of `send` are printed. */
  | { readonly many: number; readonly bytes: number; readonly to?: number }
  /** A last line, to another client if it says which. */
  | { readonly close: string; readonly to?: number }
  | { readonly finish: string }
  | { readonly first: First }
  /** The bytes behind the line are a content; the answer is sent back. */
  | { readonly content: number; readonly of?: number; readonly timeoutMs?: number }
  | { readonly drop: true; readonly of?: number }
  /** A helper copies the content of a client to a file, and a `helper` event tells its end. */
  | { readonly store: string; readonly of?: number }

const textMax = 200
const refusal = '{"refused":true}'
const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }
const host = world.pitcrewHost
/** Paths are in this folder unless they begin with a slash. */
const folder = host.getenv('PITCREW_STATE_DIR') as string
const peers = new Map<number, Peer>()
let isAtWork = false
let helpers = 0

function say(what: object): void {
  host.print(JSON.stringify(what))
}

function pathOf(name: string): string {
  return name.startsWith('/') ? name : `${folder}/${name}`
}

function begin(first: First): unknown {
  if ('listen' in first) return host.listen(pathOf(first.listen), refusal)
  if ('adopt' in first) return host.adoptClient(first.adopt)
  if ('lock' in first) return host.lock(pathOf(first.lock), first.text)
  if ('folder' in first) return host.makeFolder(pathOf(first.folder))
  const { run = 1, ...given } = first.spawn
  return spawnPlain(host, given, run)
}

function sendMany(client: number, count: number, bytes: number): void {
  const line = 'x'.repeat(bytes)
  let queued = 0
  while (queued < count && host.send(client, line)) queued++
  say({ type: 'sent', client, queued })
}

function reply(client: number, answer: unknown): void {
  host.send(client, JSON.stringify(answer))
}

function store(client: number, name: string): string | null {
  const copy = ['copy', '-', pathOf(name), 0o600, null, null, 2 ** 20]
  const run = ['@files', JSON.stringify([copy])]
  return host.startHelper(++helpers, { run, stdin: client, maxBytes: 1000, timeoutMs: 10_000 })
}

function carryOut(client: number, order: Order): void {
  const other = 'to' in order && order.to !== undefined ? order.to : client
  if ('many' in order) sendMany(other, order.many, order.bytes)
  if ('echo' in order) host.send(client, order.echo)
  if ('peer' in order) host.send(client, JSON.stringify(peers.get(client)))
  if ('first' in order) host.send(client, JSON.stringify(begin(order.first)))
  if ('content' in order)
    reply(client, host.receiveContent(order.of ?? client, order.content, order.timeoutMs))
  if ('drop' in order) reply(client, host.dropContent(order.of ?? client) ?? null)
  if ('store' in order) reply(client, store(order.of ?? client, order.store))
  if ('close' in order) {
    host.send(other, order.close)
    host.closeClient(other)
  }
  if ('finish' in order) {
    host.send(client, order.finish)
    host.finish(0, 5000, 5000)
  }
}

function onLine(client: number, text: string | null): void {
  const isLong = text !== null && text.length > textMax
  const shown = isLong ? { length: text.length, sum: host.sum(text) } : { text }
  if (text?.startsWith('{') !== true || !text.includes('"silent"'))
    say({ type: 'line', client, ...shown })
  if (text?.startsWith('{')) carryOut(client, JSON.parse(text))
}

world.pitcrewHandlers = {
  handle(event: HostEvent): void {
    if (isAtWork) host.print('an event inside a call')
    isAtWork = true
    if (event.type === 'client') peers.set(event.client, event.peer)
    if (event.type === 'client-gone') peers.delete(event.client)
    if (event.type === 'line') onLine(event.client, event.text)
    else say(event)
    isAtWork = false
  },
  recover(problem: string): void {
    host.print(`recover ${problem}`)
    isAtWork = false
  },
}

const firsts: First[] = JSON.parse(host.args[1] ?? '[]')
say({ type: 'up', answers: firsts.map(begin) })
