/** `@plan`: what the init asks of its parsing helper. Plan on stdout, problems on stderr. */
import { sumWith } from '../host/sum.ts'
import { version } from '../version.ts'
import { planText } from './build.ts'
import { loadBundleFile, reportInvalid } from './bundle-file.ts'
import type { Command } from './command.ts'

export const plan: Command = {
  name: '@plan',
  summary: 'Print the plan of a bundle, for pitcrew itself',
  usage: '@plan PATH',
  details: 'Used by "pitcrew run": the parser works in a process of its own.',
  args: ['PATH'],
  options: {},

  run(input) {
    const loaded = loadBundleFile(input, input.args[0])
    if ('invalid' in loaded) return reportInvalid(input, loaded.path, loaded.invalid)
    input.print(planText(loaded.plan, sumWith(input.system, version)))
    return 0
  },
}
