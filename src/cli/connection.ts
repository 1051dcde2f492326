/** Finds the socket of the running pitcrew, and connects to it. */
import { Client } from '../client/client.ts'
import { describeErrno, PitcrewError } from '../errors.ts'
import { findForeignSockets, findSockets, givenSocket, runFolders } from '../host/places.ts'
import type { ClientSystem, Errno } from '../host/system.ts'
import { SocketTransport } from './socket-transport.ts'

export interface Connection {
  readonly client: Client
  readonly transport: SocketTransport
}

interface Target {
  readonly system: ClientSystem
  readonly options: { readonly socket?: string }
}

interface Attempt {
  readonly path: string
  /** null: connected. */
  readonly errno: Errno | null
}

const permissionHint = "run as root or as pitcrew's user"

/** The server answers at once, and sends progress once a second while a request waits. */
const defaultIdleTimeoutMs = 10_000

/** @throws NO_PITCREW if no pitcrew answers; USAGE if several do; NOT_PERMITTED. */
export async function connect(
  { system, options }: Target,
  idleTimeoutMs: number = defaultIdleTimeoutMs,
): Promise<Connection> {
  const givenPath = options.socket ?? givenSocket(system)
  const attempts = givenPath === null ? findAttempts(system) : tryConnect(system, [givenPath])
  const path = choose(system, attempts)
  // The last attempt is still connected.
  if (attempts.at(-1)?.path !== path) tryConnect(system, [path])
  const transport = new SocketTransport(system, path, idleTimeoutMs)
  return { client: await Client.open(transport), transport }
}

function findAttempts(system: ClientSystem): readonly Attempt[] {
  const own = tryConnect(system, findSockets(system))
  if (own.some(isUsable)) return own
  const foreign = tryConnect(system, findForeignSockets(system))
  return foreign.some(isUsable) ? foreign : own
}

/** Each connection replaces the one before. */
function tryConnect(system: ClientSystem, paths: readonly string[]): readonly Attempt[] {
  return paths.map((path) => ({ path, errno: system.connect(path) }))
}

function isUsable({ errno }: Attempt): boolean {
  return errno === null || isDenial(errno)
}

function isDenial(errno: Errno | null): boolean {
  return errno === 'EACCES' || errno === 'EPERM'
}

/** Chooses the one socket that answers; sockets left behind by a killed pitcrew are ignored. */
function choose(system: ClientSystem, attempts: readonly Attempt[]): string {
  const [listening, another] = attempts.filter(({ errno }) => errno === null)
  if (another !== undefined) throw severalAnswer(attempts)
  if (listening !== undefined) return listening.path
  const failed = attempts.find(({ errno }) => isDenial(errno)) ?? attempts[0]
  throw failed === undefined ? noSocketError(system) : cannotConnect(failed)
}

function severalAnswer(attempts: readonly Attempt[]): PitcrewError {
  const paths = attempts.filter(({ errno }) => errno === null).map(({ path }) => path)
  const message = `several pitcrews answer: ${paths.join(', ')}`
  return new PitcrewError('USAGE', message, 'choose one with --socket PATH')
}

function noSocketError(system: ClientSystem): PitcrewError {
  // A folder without search permission answers EACCES also for a file that does not exist.
  const denied = runFolders(system).find((folder) => {
    const answer = system.readFile(`${folder}/any.sock`, 1)
    return 'error' in answer && isDenial(answer.error)
  })
  if (denied !== undefined) {
    const message = `cannot access ${denied}: ${describeErrno('EACCES')}`
    return new PitcrewError('NOT_PERMITTED', message, permissionHint)
  }
  const where = runFolders(system).join(', ')
  const hint = 'is it running? --socket PATH names a socket elsewhere'
  return new PitcrewError('NO_PITCREW', `no pitcrew answers: no socket in ${where}`, hint)
}

function cannotConnect({ path, errno }: Attempt): PitcrewError {
  const message = `cannot connect to ${path}: ${describeErrno(errno ?? '')}`
  if (isDenial(errno)) {
    return new PitcrewError('NOT_PERMITTED', message, permissionHint)
  }
  return new PitcrewError('NO_PITCREW', `no pitcrew answers: ${message}`, 'is it running?')
}
