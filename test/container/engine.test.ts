/** scripts/docker.mjs, which provides an engine for these tests. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../e2e/support/pitcrew.ts'
import { Program } from '../e2e/support/program.ts'
import { describeInDocker } from './container.ts'

const canStart = process.getuid?.() === 0 && spawnSync('dockerd', ['--version']).error === undefined
if (!canStart)
  console.warn('dockerd is not installed, or not root: scripts/docker.mjs is not tested')

/** Leaves a container running, and prints the address of its engine. */
const leavesContainer = `
  tar -C "$(dirname "$(command -v busybox)")" -c busybox | docker import - left > /dev/null
  docker run --detach --init --network none left /busybox sleep 1000 > /dev/null
  echo "$DOCKER_HOST"`

function runsWithEngine(script: string): Program {
  const words = [process.execPath, join(root, 'scripts/docker.mjs'), 'run', 'sh', '-ec', script]
  return new Program(words, { env: process.env })
}

/** Processes, mounts and files that still refer to this folder. */
function leftOf(folder: string): string[] {
  const commands = readdirSync('/proc').flatMap((pid) => {
    const text = /^\d+$/.test(pid) ? read(`/proc/${pid}/cmdline`) : ''
    return text.includes(folder) ? [text.replaceAll('\0', ' ')] : []
  })
  const mounts = read('/proc/self/mounts').split('\n')
  return [
    ...commands,
    ...mounts.filter((line) => line.includes(folder)),
    ...(existsSync(folder) ? [folder] : []),
  ]
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

describeInDocker('scripts/docker.mjs run', () => {
  test.runIf(canStart)(
    'exits with the code of its command, and leaves nothing of its engine',
    async () => {
      const program = runsWithEngine(`${leavesContainer}; exit 3`)
      const folder = dirname((await program.line(/^unix:/)).slice('unix://'.length))
      expect(await program.exitCode()).toBe(3)
      expect(leftOf(folder)).toEqual([])
    },
  )

  test.runIf(canStart)('ends its command on TERM, and leaves nothing of its engine', async () => {
    const program = runsWithEngine(`${leavesContainer}; exec sleep 1000`)
    const folder = dirname((await program.line(/^unix:/)).slice('unix://'.length))
    // While the engine runs, `leftOf` finds it.
    expect(leftOf(folder).join('\n')).toMatch(/dockerd[\s\S]*containerd-shim[\s\S]*overlay/)
    program.process.kill('SIGTERM')
    expect(await program.exitCode()).toBe(143)
    expect(leftOf(folder)).toEqual([])
  })
})
