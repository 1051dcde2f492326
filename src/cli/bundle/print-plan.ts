/** The work of `@plan`. */
import { sumWith } from '../../host/find-bundle.ts'
import type { ClientSystem } from '../../host/system.ts'
import { version } from '../../version.ts'
import { exitStatusOf, type Input } from '../command.ts'
import { planText } from './build-plan.ts'
import { loadBundleFile, reportInvalid } from './bundle-file.ts'

/** @returns The exit status. */
export function planMain(system: ClientSystem): Promise<number> {
  const output = {
    system,
    print: (text: string): void => system.write(1, `${text}\n`),
    report: (text: string): void => system.write(2, `${text}\n`),
  }
  return exitStatusOf(output, () => printPlan(output, system.args[1]))
}

function printPlan(
  output: Pick<Input, 'system' | 'print' | 'report'>,
  path: string | undefined,
): number {
  const loaded = loadBundleFile(output, path)
  if ('invalid' in loaded) return reportInvalid(output, loaded.path, loaded.invalid)
  output.print(planText(loaded.plan, sumWith(output.system, version)))
  return 0
}
