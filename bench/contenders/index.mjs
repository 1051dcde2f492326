import { floor } from './floor.mjs'
import { dumbInit, tini } from './one-command.mjs'
import { pitcrew, pitcrewMusl, pitcrewYaml } from './pitcrew.mjs'
import { pm2 } from './pm2.mjs'
import { runit } from './runit.mjs'
import { s6, s6Log } from './s6.mjs'
import { supervisord } from './supervisord.mjs'

/** What each of them has:
 *    name
 *    absent()             null, or why it cannot be measured
 *    package, npmPackage  what brings it
 *    prepare(folder, daemons)     writes what it needs to run these (life.mjs: bundleOf), and says:
 *      command, env       how it is started
 *      restart, stop      { signal } for it, or { run }: a tool of its own
 *      prefixOf(daemon)   what it puts in front of a line
 *      own                how its own lines on stdout begin
 *    prepareOne(folder, daemon)   the same for one command
 *  and what is different about it:
 *    isOurs               its faults are faults of this repository
 *    isSlow               it takes part in every third repeat
 *    onlyGroups           of measures
 *    daemonsMax           more would take minutes
 *    waitsForReady        it starts a daemon when another one has said that it is ready
 *    passesLines: false   the daemons' lines do not go through it
 *    killsStubborn: false
 *    restsBeforeStart     many restarts would take minutes
 *    restSinceStartMs     how long a daemon must run until it is started again without a rest
 *    logShare             of what the others have to write */
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
