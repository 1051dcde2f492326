/** examples/bot-bottle in a container, built and run by its own Dockerfile and compose.yaml. Its
 *  base image, which needs a network, is replaced by one with the same programs of this machine. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../e2e/support/pitcrew.ts'
import { pidOf, processesUnder } from '../../e2e/support/processes.ts'
import { Program } from '../../e2e/support/program.ts'
import { dockerOptions, readService, type Service } from '../compose.ts'
import { Container, imageName } from '../container.ts'
import { type Answer, docker, dockerAnswer } from '../docker.ts'
import { importImage } from '../image.ts'
import { realPrograms } from '../real-programs.ts'

export const example: string = join(root, 'examples/bot-bottle')
export const service: Service = readService(join(example, 'compose.yaml'), 'sidecars')
/** Addresses inside the container. */
export const egress: string = 'http://127.0.0.1:3128'
export const pipelock: string = 'http://127.0.0.1:8888'
export const gitGate: string = 'http://127.0.0.1:8080'
export const supervise: string = 'http://127.0.0.1:9100'

export type Name = 'egress' | 'pipelock' | 'git-gate' | 'supervise'

/** The line by which a daemon shows that it accepts requests. */
const readyLines: Readonly<Record<Name, RegExp>> = {
  egress: /^\[egress\] .*Accepting HTTP Socket connections/,
  pipelock: /^\[pipelock\] .*Accepting connections/,
  'git-gate': /^\[git-gate\] .*start worker process \d/,
  supervise: /^\[supervise\] listening/,
}

export const names: readonly Name[] = Object.keys(readyLines) as Name[]

export async function buildBase(): Promise<void> {
  await importImage(imageName('bot-bottle-base'), realPrograms)
}

/** @param folder The example, or a copy of it. */
export async function build(folder: string, tag: string = service.image): Promise<Answer> {
  const args = [`BASE=${imageName('bot-bottle-base')}`, `PITCREW=${imageName('bare')}`]
  const options = ['--force-rm', '--network', 'none', '--tag', imageName(tag)]
  return dockerAnswer(['build', ...options, ...args.flatMap((arg) => ['--build-arg', arg]), folder])
}

/** Builds the example without automatic restarts, to test the effects of a death alone. */
export async function buildOnce(): Promise<Answer> {
  return buildChanged('bot-bottle-once', (bundle) =>
    bundle
      .replaceAll(/^ {4}restart: .*\n/gm, '')
      .replaceAll(/^ {4}command: /gm, '    restart: never\n$&'),
  )
}

/** Builds the example with a changed bundle. */
export async function buildChanged(
  tag: string,
  change: (bundle: string) => string,
): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-bot-bottle-'))
  try {
    cpSync(example, folder, { recursive: true })
    const bundle = join(folder, 'bundle.yaml')
    writeFileSync(bundle, change(readFileSync(bundle, 'utf8')))
    return await build(folder, tag)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export interface BotBottleOptions {
  /** `bot-bottle-once` for the image of `buildOnce`. */
  readonly image?: string
  /** Variables of the shell that starts compose. */
  readonly env?: Readonly<Record<string, string>>
  /** Hosts that egress allows, in addition to those of the example. */
  readonly allowed?: readonly string[]
  /** Files of the config folder, in addition to those of the example. */
  readonly files?: Readonly<Record<string, string>>
}

export class BotBottle extends Container {
  /** The folder that holds the volumes: config, repositories, state. */
  readonly places: string

  constructor(options: BotBottleOptions = {}) {
    const { image = service.image, env = {}, allowed = [], files = {} } = options
    const places = mkdtempSync(join(tmpdir(), 'pitcrew-bot-bottle-'))
    const folders = {
      './config': join(places, 'config'),
      './repositories': join(places, 'repositories'),
      state: join(places, 'state'),
    }
    cpSync(join(example, 'config'), folders['./config'], { recursive: true })
    for (const host of allowed) appendFileSync(join(folders['./config'], 'allow.txt'), `${host}\n`)
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folders['./config'], name), text)
    }
    makeRepository(join(folders['./repositories'], 'demo.git'))
    super(null, {
      image: imageName(image),
      docker: dockerOptions(service, { folders, env }),
      args: [],
    })
    this.places = places
  }

  /** Waits until these daemons accept requests. */
  async ready(wanted: readonly Name[] = names): Promise<void> {
    for (const name of wanted) await this.line(readyLines[name])
  }

  /** Sends a signal and waits until this daemon accepts requests again, after a restart or a
   *  reload. */
  async signalUntilReady(signal: NodeJS.Signals, name: Name): Promise<void> {
    const from = this.lines.length
    await this.signal(signal)
    await this.line(readyLines[name], from)
  }

  /** All processes under pitcrew: their programs and their pids in the container. */
  async processes(): Promise<string[]> {
    const seen = processesUnder({ pid: await this.hostPid() })
    return seen.map(({ insidePid, name }) => `${name} ${insidePid}`).sort()
  }

  async pids(): Promise<Record<Name, number>> {
    const entries = await Promise.all(names.map(async (name) => [name, await pidOf(this, name)]))
    return Object.fromEntries(entries)
  }

  /** Appends a line to a file of the config folder. */
  addLine(file: 'allow.txt' | 'pipelock.yaml' | 'squid.conf', line: string): void {
    appendFileSync(join(this.places, 'config', file), `${line}\n`)
  }

  /** @returns The output of curl. */
  async curl(...words: string[]): Promise<string> {
    const { out } = await this.exec(['curl', '--silent', '--max-time', '10', ...words])
    return out
  }

  /** The HTTP status of a request for the page of supervise through a proxy. */
  async statusThrough(proxy: string): Promise<number> {
    return Number(await this.curl('-o', '/dev/null', '-w', '%{http_code}', '-x', proxy, supervise))
  }

  /** Lets the agent reach hosts, as an operator does. */
  async allow(...hosts: string[]): Promise<Answer> {
    return this.exec(['allow', ...hosts])
  }

  /** How often a daemon was started so far. */
  starts(name: string): number {
    return this.lines.filter((line) => line.startsWith(`sidecar-init: ${name}: started, `)).length
  }

  /** Kills processes, by their pids in the container. */
  async kill(pids: readonly number[]): Promise<void> {
    const { code, err } = await this.exec(['sh', '-c', `kill -KILL ${pids.join(' ')}`])
    if (code !== 0) throw new Error(`cannot kill ${pids.join(', ')}: ${err}`)
  }

  /** Runs git in the container, in /tmp, the only writable folder. */
  async git(...words: string[]): Promise<Answer> {
    return this.exec(['git', ...words], ['--workdir', '/tmp'])
  }

  /** A session with supervise through egress, which echoes each line. */
  session(): Program {
    const curl = ['curl', '--silent', '--no-buffer', '-X', 'POST', '-T', '.', '-x', egress]
    return new Program(
      ['docker', 'exec', '--interactive', this.name, ...curl, `${supervise}/echo`],
      { env: process.env, stdin: 'pipe' },
    )
  }

  /** Stops it as compose does. */
  override async stop(): Promise<void> {
    await docker(['stop', this.name])
  }

  exitReport(): { exitCode: number; from: string | null } {
    return JSON.parse(
      readFileSync(join(this.places, 'state/agent-sidecars/exit-report.json'), 'utf8'),
    )
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    rmSync(this.places, { recursive: true, force: true })
  }
}

/** A bare repository with one commit. */
function makeRepository(folder: string): void {
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch', 'main', folder])
  const input = `commit refs/heads/main
committer A Tester <tester@localhost> 0 +0000
data 5
First
M 100644 inline README.md
data 6
Hello
`
  execFileSync('git', ['--git-dir', folder, 'fast-import', '--quiet'], { input })
}
