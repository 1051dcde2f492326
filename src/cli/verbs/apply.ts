/** `apply` and `plan`: replace a configuration file as one transaction. */
import { describeErrno, PitcrewError } from '../../errors.ts'
import { type ChangeOptions, changeFile, changeOptions } from '../change-file.ts'
import { type Command, type Input, usageError } from '../command.ts'
import { definedFields } from '../options.ts'

interface Options extends ChangeOptions {
  from: string
  'if-match': string
}

const contentBytesMax = 1024 * 1024

const { file, 'dry-run': dryRun, ...others } = changeOptions
const from = { value: 'FILE', help: 'new content; - reads it from stdin' } as const
const ifMatch = {
  value: 'HASH',
  help: 'only if the file has this SHA-256 now, such as sha256:0f3c…',
} as const
const { timeout, json, socket } = others

export const apply: Command<Options> = {
  name: 'apply',
  group: 'Change',
  summary: 'Replace a configuration file of a daemon',
  usage:
    'apply NAME --from FILE|- [--file PATH] [--dry-run] [--diff] [--if-match HASH] ' +
    '[--confirm TIME] [--why TEXT] [--no-wait] [--timeout TIME] [--json]',
  details: `\
The new content is checked ("check:" in the bundle), stored, and taken into use
as "reload:" says: by a restart, a signal, a command or an HTTP request. If the
daemon does not work with it, the old content is put back, and the daemon uses
that again. A content that the file has already changes nothing.

The file must be one of "config:" of the daemon. The content has at most 1 MiB
and is read with your rights, not those of pitcrew; the file keeps its owner and
its mode.

The exit status is 0 if the content is in use, and 1 if it was rejected or
rolled back.`,
  args: ['NAME'],
  options: { file, from, 'dry-run': dryRun, 'if-match': ifMatch, ...others },
  run: (input) => applyContent(apply, input, input.options['dry-run'] === true),
}

export const plan: Command<Omit<Options, 'dry-run' | 'confirm' | 'no-wait' | 'diff' | 'why'>> = {
  name: 'plan',
  group: 'Change',
  summary: 'Show what an apply would change',
  usage: 'plan NAME --from FILE|- [--file PATH] [--if-match HASH] [--timeout TIME] [--json]',
  details: `\
The same as "apply --dry-run": the new content is checked and compared, and the
difference is printed. Values of keys such as "password" or "token" are masked.
Nothing is changed.`,
  args: ['NAME'],
  options: { file, from, 'if-match': ifMatch, timeout, json, socket },
  run: (input) => applyContent(plan, input as Input<Options>, true),
}

async function applyContent(
  command: Pick<Command, 'name' | 'usage'>,
  input: Input<Options>,
  isDry: boolean,
): Promise<number> {
  const { options } = input
  if (options.from === undefined) {
    throw usageError(command, 'missing option --from', `usage: pitcrew ${command.usage}`)
  }
  const bytes = readContent(input, options.from)
  const args = { bytes, ...definedFields({ ifMatch: options['if-match'] }) }
  return changeFile(command, input, { verb: 'apply', args }, isDry)
}

/** @returns Its size. */
function readContent({ system }: Input, path: string): number {
  const content = system.readContent(path, contentBytesMax)
  if ('bytes' in content) return content.bytes
  const { error } = content
  const what = path === '-' ? 'the content from stdin' : path
  if (error === 'too large') {
    const message = `cannot apply ${what}: it is larger than 1 MiB`
    throw new PitcrewError('REQUEST_INVALID', message, 'a configuration file has at most 1 MiB')
  }
  const code = { ENOENT: 'NO_SUCH_FILE', EACCES: 'NOT_PERMITTED' }[error] ?? 'FAILED'
  const message = `cannot read ${what}: ${describeErrno(error)}`
  throw new PitcrewError(code as 'FAILED', message, 'name a file that you can read')
}
