import { chain } from './chain.mjs'
import { control } from './control.mjs'
import { death } from './death.mjs'
import { follow } from './follow.mjs'
import { latency } from './latency.mjs'
import { leaks } from './leaks.mjs'
import { life } from './life.mjs'
import { log } from './log.mjs'
import { one } from './one.mjs'
import { orphans } from './orphans.mjs'
import { restart } from './restart.mjs'
import { storm } from './storm.mjs'
import { stubborn } from './stubborn.mjs'

/** What each of them has:
 *    groups             names for `--only`
 *    cases              it is run for each of them
 *    keys(case)         the rows that it fills
 *    fits(contender, case, settings)
 *    isOnce             in the first repeat only
 *    run(contender, case, settings)   → values by the key of a row; throws what is wrong */
export const measures = [
  life,
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
