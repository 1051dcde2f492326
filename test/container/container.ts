/** Ring 4: pitcrew in a container of a real Docker engine, run by the docker client. A test waits for a line or an
 *  end. The images have no base: `tools` has a shell and more, `bare` has pitcrew and one daemon. */
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

/** `describe`, where there is an engine; test/container/setup.ts says it where there is none. */
export const describeInDocker: typeof describe.skip = describe.skipIf(dockerRun === null)

export interface ContainerOptions {
  /** `tools`, `bare`, or the name of another image. */
  readonly image?: string
  /** Options of `docker run`: ['--read-only', '--user', '12345']. */
  readonly docker?: readonly string[]
  /** `none` by default: nothing of a test needs one, but for what serves. */
  readonly network?: string
  /** Instead of pitcrew itself. */
  readonly entrypoint?: string
  /** Instead of `run`, which finds the bundle in /etc/pitcrew. */
  readonly args?: readonly string[]
  /** `docker run --detach` and `docker logs --follow`, instead of a client that is attached. */
  readonly detached?: boolean
  /** A program in front of the docker client that starts it and stays: see test/fixtures/programs/channel.c. */
  readonly via?: readonly string[]
}

/** `run` where there is no /proc, which docker itself would always mount. */
export const withoutProc: ContainerOptions = {
  docker: ['--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined'],
  entrypoint: '/bin/sh',
  args: ['-c', 'umount -l /proc && exec /pitcrew run'],
}

/** The client of docker in a shell: the container first, and then its log. */
const followed = ['/bin/sh', '-c', 'docker run --detach "$@" > /dev/null && exec docker logs -f $0']

let count = 0

/** The full name of `tools`, of `bare`, or of an image that a test file builds for itself (and that goes when all
 *  tests have ended). */
export function imageName(tag: string): string {
  return `${dockerRun}:${tag}`
}

/** A container. `await using` removes it whatever the test does. Its lines are those of the docker client. */
export class Container extends Program {
  readonly name: string
  /** Mounted at /etc/pitcrew: the bundle, and what a test puts beside it. */
  readonly folder: string

  constructor(bundle: string | object | null, options: ContainerOptions = {}) {
    const name = `${dockerRun}-${process.pid}-${++count}`
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-container-'))
    // For any user of the container.
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

  /** `docker kill --signal`: to the container's first process. */
  async signal(name: NodeJS.Signals): Promise<void> {
    await docker(['kill', '--signal', name, this.name])
  }

  /** `docker stop`: TERM, and KILL after so many seconds (10 as docker has it). Resolves when it has ended. */
  async stop(graceSeconds = 10): Promise<void> {
    await docker(['stop', '--time', String(graceSeconds), this.name])
  }

  /** `docker exec` of a command in the running container. */
  async exec(words: readonly string[], options: readonly string[] = []): Promise<Answer> {
    return dockerAnswer(['exec', ...options, this.name, ...words])
  }

  /** `docker logs --follow`, which ends with the container: for when the client itself is gone. */
  log(): Program {
    return new Program(['docker', 'logs', '--follow', this.name], { env: process.env })
  }

  /** What the engine knows of it, by a Go template: '{{.State.OOMKilled}}'. */
  async inspect(format: string): Promise<string> {
    return docker(['inspect', '--format', format, this.name])
  }

  /** The pid of its first process, as this machine sees it. */
  async hostPid(): Promise<number> {
    return Number(await this.inspect('{{.State.Pid}}'))
  }

  /** The text of a file in it, also when it has ended (but then not from a tmpfs). */
  async file(path: string): Promise<string> {
    const copies = join(this.folder, 'copies')
    mkdirSync(copies, { recursive: true })
    await docker(['cp', `${this.name}:${path}`, join(copies, 'file')])
    return readFileSync(join(copies, 'file'), 'utf8')
  }

  /** The container's, as the engine has it. */
  override async exitCode(): Promise<number> {
    await this.end()
    try {
      return Number(await docker(['wait', this.name]))
    } catch (error) {
      throw new Error(`no exit code of ${this.name}; ${this.transcript()}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The client first: the engine waits for one that is stopped.
    this.process.kill('SIGKILL')
    await dockerAnswer(['rm', '--force', '--volumes', this.name])
    await this.ended
    rmSync(this.folder, { recursive: true, force: true })
  }
}
