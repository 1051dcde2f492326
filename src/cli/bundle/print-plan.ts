/** The work of `@plan`. */
import { parseBundle } from '../../bundle/parse-bundle.ts'
import { readBundleFile, sumWith } from '../../host/find-bundle.ts'
import type { ClientSystem } from '../../host/system.ts'
import { version } from '../../version.ts'
import { exitStatusOf } from '../exit-status.ts'
import { planText, reportInvalid } from './plan-output.ts'

/** @returns The exit status. */
export function planMain(system: ClientSystem): Promise<number> {
  const output = { report: (text: string): void => system.write(2, `${text}\n`) }
  return exitStatusOf(output, () => {
    const { path, text } = readBundleFile(system, system.args[1] ?? null)
    const answer = parseBundle(text)
    if (!('plan' in answer)) return reportInvalid(output, path, answer)
    system.write(1, `${planText(answer.plan, sumWith(system, version))}\n`)
    return 0
  })
}
