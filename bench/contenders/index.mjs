import { floor } from './floor.mjs'
import { dumbInit, tini } from './one-command.mjs'
import { pitcrew, pitcrewMusl, pitcrewYaml } from './pitcrew.mjs'
import { pm2 } from './pm2.mjs'
import { runit } from './runit.mjs'
import { s6, s6Log } from './s6.mjs'
import { supervisord } from './supervisord.mjs'

/** A contender has:
 *    name
 *    absent()             null, or why it cannot be measured
 *    package, npmPackage  the package that contains it
 *    prepare(folder, daemons)     writes its configuration for these daemons, and returns:
 *      command, env       how it is started
 *      restart, stop      { signal } to send, or { run }: a command of its own tool
 *      prefixOf(daemon)   the prefix of a daemon's lines
 *      own                the start of its own lines on stdout
 *    prepareOne(folder, daemon)   the same for one command
 *  and, where it differs from others:
 *    isOurs               its faults make the benchmark fail
 *    isSlow               it takes part in every third repeat only
 *    onlyGroups           the groups of measures it takes part in
 *    daemonsMax           the largest bundle it can start in reasonable time
 *    waitsForReady        it can wait for the readiness of a dependency
 *    passesLines: false   daemons' lines do not pass through it
 *    killsStubborn: false it never kills a daemon that ignores its stop signal
 *    restsBeforeStart     it delays restarts by about a second
 *    restSinceStartMs     how long a daemon must run so that its restart is not delayed
 *    logShare             the share of the usual output that its daemons write */
export const contenders = [
  floor,
  pitcrew,
  pitcrewMusl,
  pitcrewYaml,
  s6,
  s6Log,
  runit,
  supervisord,
  pm2,
  tini,
  dumbInit,
]
