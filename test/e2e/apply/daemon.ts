/** A daemon with a configuration file, for tests of changes of that file. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Options, Pitcrew, sh } from '../support/pitcrew.ts'

const check = `grep -q refuse "$1" || exit 0; echo "$1: line 1: refuse"; echo "not valid"; exit 1`
const program = `
grep -q die "$1" && { echo "cannot use it: die"; exit 3; }
echo "runs with $(head -n 1 "$1")"
exec sleep 1000`

/** A pitcrew with the daemon "web". Its file is `config/web.conf`, with the text "one". A content
 *  with "refuse" is refused by its check, and one with "die" ends it before it is ready. */
export class ConfiguredPitcrew extends Pitcrew {
  /** The folder of the file, and of contents. */
  readonly files: string
  readonly file: string

  private constructor(files: string, bundle: object, options: Options) {
    super(bundle, options)
    this.files = files
    this.file = join(files, 'web.conf')
  }

  /** @param changes Keys of the daemon that differ. */
  static async start(changes: object = {}, options: Options = {}): Promise<ConfiguredPitcrew> {
    const files = mkdtempSync(join(tmpdir(), 'pitcrew-config-'))
    const file = join(files, 'web.conf')
    writeFileSync(file, 'one\n')
    const web = {
      command: [...sh(program), 'web', file],
      config: [file],
      ready: { log: 'runs with*' },
      reload: { restart: true, check: [...sh(check), 'check', '{file}'] },
      ...changes,
    }
    const other = { command: sh('echo up; exec sleep 1000') }
    const pitcrew = new ConfiguredPitcrew(files, { daemons: { web, other } }, options)
    await pitcrew.line('web: ready')
    return pitcrew
  }

  /** The text of the file. */
  get content(): string {
    return readFileSync(this.file, 'utf8')
  }

  /** Writes a new content. @returns Its path. */
  write(text: string, name = 'new.conf'): string {
    const folder = join(this.folder, 'contents')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    rmSync(this.files, { recursive: true, force: true })
  }
}
