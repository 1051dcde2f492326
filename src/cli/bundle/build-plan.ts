/** The work of `build`: parses a bundle ahead of time, so that PID 1 starts without the parser. */

import { count } from '../../core/text/describe.ts'
import { describeErrno, PitcrewError } from '../../errors.ts'
import { sumWith } from '../../host/find-bundle.ts'
import { version } from '../../version.ts'
import { type Input, usageError } from '../command.ts'
import { loadBundleFile } from './bundle-file.ts'
import { planText, reportInvalid } from './plan-output.ts'

const self = { name: 'build' }

/** @returns The exit status. */
export function buildPlan(input: Input<{ out: string }>): number {
  const [path] = input.args
  const { out } = input.options
  if (out === undefined) throw usageError(self, 'missing option --out', 'write --out FILE')
  const loaded = loadBundleFile(input, path)
  if ('invalid' in loaded) return reportInvalid(input, loaded.path, loaded.invalid)
  if (out === loaded.path) {
    const hint = 'name another file, so that the bundle is kept'
    throw usageError(self, `cannot write the plan over its bundle ${out}`, hint)
  }
  const text = planText(loaded.plan, sumWith(input.system, version))
  if (out === '-') {
    input.print(text)
    return 0
  }
  const errno = input.system.writeFile(out, `${text}\n`)
  if (errno !== null) {
    throw new PitcrewError('WRITE_FAILED', `cannot write ${out}: ${describeErrno(errno)}`)
  }
  input.report(`pitcrew: wrote ${out}: ${count(loaded.plan.daemons.length, 'daemon')}`)
  return 0
}
