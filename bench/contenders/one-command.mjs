/** tini and dumb-init, which run one command and no bundle. */
import { missing } from '../install.mjs'

export const tini = contender('tini', ['tini', '-s', '--'])
export const dumbInit = contender('dumb-init', ['dumb-init', '--'])

function contender(name, words) {
  return {
    name,
    package: name,
    onlyGroups: ['one'],
    absent: () => missing(name),
    prepareOne: (_, daemon) => ({ command: [...words, daemon.program, daemon.name] }),
  }
}
