/** Runs pitcrew in a container of a real Docker engine, through the docker client. A test waits
 *  for a line or an exit. The images have no base: `tools` has a shell and more, `bare` has only
 *  pitcrew and one daemon. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, inject } from 'vitest'
import { writeBundle } from '../e2e/support/pitcrew.ts'
import { Program } from '../e2e/support/program.ts'
import { type Answer, docker, dockerAnswer } from './docker.ts'

const dockerRun = inject('dockerRun')
const problem = inject('dockerProblem')
if (problem !== null) throw new Error(problem)

/** `describe` where there is an engine, else `describe.skip`; test/container/setup.ts prints the
 *  reason. */
export const describeInDocker: typeof describe.skip = describe.skipIf(dockerRun === null)

export interface ContainerOptions {
  /** `tools`, `bare`, or the name of another image. */
  readonly image?: string
  /** Options of `docker run`: ['--read-only', '--user', '12345']. */
  readonly docker?: readonly string[]
  /** `none` by default. */
  readonly network?: string
  /** pitcrew by default. */
  readonly entrypoint?: string
  /** `run` by default, which finds the bundle in /etc/pitcrew. */
  readonly args?: readonly string[]
  /** `docker run --detach` and `docker logs --follow` instead of an attached client. */
  readonly detached?: boolean
  /** A command that starts the docker client as a child: see test/fixtures/programs/channel.c. */
  readonly via?: readonly string[]
}

/** Runs pitcrew without /proc, which docker always mounts. */
export const withoutProc: ContainerOptions = {
  docker: ['--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined'],
  entrypoint: '/bin/sh',
  args: ['-c', 'umount -l /proc && exec /pitcrew run'],
}

/** Starts a detached container and follows its log. */
const followed = ['/bin/sh', '-c', 'docker run --detach "$@" > /dev/null && exec docker logs -f $0']

let count = 0

/** The full name of `tools`, `bare`, or an image that a test file builds, which is removed after
 *  all tests. */
export function imageName(tag: string): string {
  return `${dockerRun}:${tag}`
}

/** A container. `await using` removes it, also when the test fails. Its lines are those of the
 *  docker client. */
export class Container extends Program {
  readonly name: string
  /** The folder that is mounted at /etc/pitcrew, with the bundle and the files of the test. */
  readonly folder: string

  constructor(bundle: string | object | null, options: ContainerOptions = {}) {
    const name = `${dockerRun}-${process.pid}-${++count}`
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-container-'))
    // Any user of the container may write to it.
    chmodSync(folder, 0o777)
    writeBundle(folder, bundle)
    const { entrypoint, args = ['run'], image = 'tools', network = 'none', via = [] } = options
    const words = [
      ...['--name', name, '--label', String(dockerRun), '--network', network],
      ...['--volume', `${folder}:/etc/pitcrew`],
      ...(entrypoint === undefined ? [] : ['--entrypoint', entrypoint]),
      ...(options.docker ?? []),
      image.includes(':') ? image : imageName(image),
      ...args,
    ]
    const client = options.detached
      ? [...followed, name, ...words]
      : ['docker', 'run', '--sig-proxy=false', ...words]
    super([...via, ...client], { env: process.env, stdin: via.length > 0 ? 'pipe' : 'ignore' })
    this.name = name
    this.folder = folder
  }

  /** `docker kill --signal`, to the first process of the container. */
  async signal(name: NodeJS.Signals): Promise<void> {
    await docker(['kill', '--signal', name, this.name])
  }

  /** `docker stop`: TERM, and KILL after so many seconds. Resolves when the container has ended. */
  async stop(graceSeconds = 10): Promise<void> {
    await docker(['stop', '--time', String(graceSeconds), this.name])
  }

  /** `docker exec` of a command in the running container. */
  async exec(words: readonly string[], options: readonly string[] = []): Promise<Answer> {
    return dockerAnswer(['exec', ...options, this.name, ...words])
  }

  /** `docker logs --follow`, which ends with the container, for tests that have ended the
   *  client. */
  log(): Program {
    return new Program(['docker', 'logs', '--follow', this.name], { env: process.env })
  }

  /** `docker inspect` with a Go template such as '{{.State.OOMKilled}}'. */
  async inspect(format: string): Promise<string> {
    return docker(['inspect', '--format', format, this.name])
  }

  /** The pid of its first process on this machine. */
  async hostPid(): Promise<number> {
    return Number(await this.inspect('{{.State.Pid}}'))
  }

  /** The text of a file in it. After its end, files in a tmpfs are gone. */
  async file(path: string): Promise<string> {
    const copies = join(this.folder, 'copies')
    mkdirSync(copies, { recursive: true })
    await docker(['cp', `${this.name}:${path}`, join(copies, 'file')])
    return readFileSync(join(copies, 'file'), 'utf8')
  }

  /** The exit code of the container according to the engine. */
  override async exitCode(): Promise<number> {
    await this.end()
    try {
      return Number(await docker(['wait', this.name]))
    } catch (error) {
      throw new Error(`no exit code of ${this.name}; ${this.transcript()}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // End the client first: the engine waits for a suspended one.
    this.process.kill('SIGKILL')
    await dockerAnswer(['rm', '--force', '--volumes', this.name])
    await this.ended
    rmSync(this.folder, { recursive: true, force: true })
  }
}
