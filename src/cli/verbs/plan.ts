/** `@plan PATH`: what the init asks of its parsing helper. Plan on stdout, problems on stderr. */
import { sumWith } from '../../host/sum.ts'
import type { ClientSystem } from '../../host/system.ts'
import { version } from '../../version.ts'
import { planText } from '../bundle/build-plan.ts'
import { loadBundleFile, reportInvalid } from '../bundle/bundle-file.ts'
import type { Input } from '../command.ts'
import { told } from '../run-verb.ts'

/** @returns The exit status. */
export function planMain(system: ClientSystem): Promise<number> {
  const output = {
    system,
    print: (text: string): void => system.write(1, `${text}\n`),
    talk: (text: string): void => system.write(2, `${text}\n`),
  }
  return told(output, () => printPlan(output, system.args[1]))
}

function printPlan(
  output: Pick<Input, 'system' | 'print' | 'talk'>,
  path: string | undefined,
): number {
  const loaded = loadBundleFile(output, path)
  if ('invalid' in loaded) return reportInvalid(output, loaded.path, loaded.invalid)
  output.print(planText(loaded.plan, sumWith(output.system, version)))
  return 0
}
