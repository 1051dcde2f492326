import { chain } from './chain.mjs'
import { control } from './control.mjs'
import { death } from './death.mjs'
import { follow } from './follow.mjs'
import { latency } from './latency.mjs'
import { leaks } from './leaks.mjs'
import { lifecycle } from './lifecycle.mjs'
import { log } from './log.mjs'
import { one } from './one.mjs'
import { orphans } from './orphans.mjs'
import { restart } from './restart.mjs'
import { storm } from './storm.mjs'
import { stubborn } from './stubborn.mjs'

/** A measure has:
 *    groups             names for `--only`
 *    cases              the cases it is run for
 *    keys(case)         the rows it fills
 *    fits(contender, case, settings)  whether the contender takes part
 *    isOnce             run in the first repeat only
 *    run(contender, case, settings)   returns values by row key; throws if a result is wrong */
export const measures = [
  lifecycle,
  log,
  latency,
  restart,
  death,
  chain,
  stubborn,
  one,
  leaks,
  orphans,
  storm,
  control,
  follow,
]
