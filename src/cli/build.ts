/** `build`: the parser's work done ahead of time, so that PID 1 starts without it. */
import { count } from '../core/describe.ts'
import type { Plan } from '../core/plan.ts'
import { maxPlanBytes, type SumOf, sealPlan } from '../core/plan-text.ts'
import { describeErrno, PitcrewError } from '../errors.ts'
import { sumWith } from '../host/sum.ts'
import { version } from '../version.ts'
import { loadBundleFile, reportInvalid } from './bundle-file.ts'
import { type Command, usageError } from './command.ts'

export const build: Command<{ out: string }> = {
  name: 'build',
  summary: 'Check a bundle and write it as a plan, which starts faster',
  usage: 'build BUNDLE --out FILE',
  details: `\
A plan is the bundle, checked and completed with its defaults, as JSON. "pitcrew run"
loads it without a parser. Name it bundle.json and it is found by itself.`,
  args: ['BUNDLE'],
  options: {
    out: { value: 'FILE', help: 'where to write the plan; - for stdout' },
  },

  run(input) {
    const [path] = input.args
    const { out } = input.options
    if (out === undefined) throw usageError(build, 'missing option --out', 'write --out FILE')
    const loaded = loadBundleFile(input, path)
    if ('invalid' in loaded) return reportInvalid(input, loaded.path, loaded.invalid)
    if (out === loaded.path) {
      const hint = 'name another file, the bundle would be gone'
      throw usageError(build, `cannot write the plan over its bundle ${out}`, hint)
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
    input.talk(`pitcrew: wrote ${out}: ${count(loaded.plan.daemons.length, 'daemon')}`)
    return 0
  },
}

/** A plan that nobody could read again is not written. */
export function planText(plan: Plan, sumOf: SumOf): string {
  const text = sealPlan(plan, sumOf)
  if (text.length < maxPlanBytes) return text
  const hint = 'the aliases of the bundle make it this large: use fewer'
  throw new PitcrewError('BUNDLE_INVALID', 'cannot build a plan of more than 4 MiB', hint)
}
