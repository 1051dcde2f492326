/** pitcrew itself: the local build, the release build (musl), and with YAML instead of a plan.
 *  The benchmark runs copies of the binaries, so that a build in the meantime does not affect
 *  it. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from '../scratch.mjs'
import { graceMs } from '../supervisor.mjs'

const root = join(import.meta.dirname, '../..')
const here = join(root, 'build/pitcrew')
const musl = join(root, 'build/pitcrew-musl')

export const pitcrew = pitcrewFrom('pitcrew', here)
/** YAML differs from a plan only until the daemons run. */
export const pitcrewYaml = { ...pitcrewFrom('pitcrew-yaml', here, 'YAML'), onlyGroups: ['boot'] }
export const pitcrewMusl = { ...pitcrewFrom('pitcrew-musl', musl), absent: buildMusl }

/** Any build, to compare two of them (`--also NAME=FILE`). */
export function pitcrewFrom(name, file, format = 'plan') {
  const binary = program(name)
  return {
    name,
    isOurs: true,
    waitsForReady: true,
    speaksControl: true,
    absent() {
      if (!existsSync(file)) return `${file} does not exist`
      copyFileSync(file, binary)
      return null
    },
    prepare(folder, daemons) {
      const bundle = join(folder, 'bundle.yaml')
      writeFileSync(bundle, yamlOf(daemons))
      const plan = join(folder, 'bundle.json')
      const isPlan = format === 'plan'
      if (isPlan) execFileSync(binary, ['build', bundle, '--out', plan], { stdio: 'pipe' })
      return {
        command: [binary, 'run', isPlan ? plan : bundle],
        env: { PITCREW_STATE_DIR: folder, PITCREW_RUN_DIR: folder },
        restart: { signal: 'SIGUSR1' },
        stop: { signal: 'SIGTERM' },
        control: { tool: binary, socket: join(folder, 'pitcrew.sock') },
        prefixOf: (daemon) => `[${daemon}] `,
        own: 'pitcrew: ',
      }
    },
    prepareOne: (_, daemon) => ({ command: [binary, '--', daemon.program, daemon.name] }),
  }
}

function buildMusl() {
  try {
    execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--musl'], { stdio: 'pipe' })
  } catch (error) {
    return `cannot build it: ${String(error.stderr).trim().split('\n').at(-1)}`
  }
  copyFileSync(musl, program('pitcrew-musl'))
  return null
}

function yamlOf(daemons) {
  const lines = daemons.map((daemon) => `  ${daemon.name}: { ${keysOf(daemon).join(', ')} }`)
  const signals = daemons.length > 1 ? `signals: { USR1: { restart: [${daemons[1].name}] } }\n` : ''
  return `${signals}daemons:\n${lines.join('\n')}\n`
}

function keysOf({ name, program: path, isRestartedAtOnce, reportsReady, after }) {
  const keys = [`command: [${path}, ${name}]`, `stop: { grace: ${graceMs}ms }`]
  if (isRestartedAtOnce) keys.push('restart: { backoff: none }')
  if (reportsReady) keys.push('ready: { fd: 3 }')
  if (after !== undefined) keys.push(`after: [${after}]`)
  return keys
}
