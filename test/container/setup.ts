/** Before all container tests: checks that there is an engine, and builds the two images. Afterwards: removes everything.
 *
 *  Without an engine the tests are skipped with a warning; with PITCREW_REQUIRE_DOCKER or CI set, they fail.
 *  `node scripts/docker.mjs run COMMAND` provides a command with an engine. */
import { execFileSync } from 'node:child_process'
import type { TestProject } from 'vitest/node'
import { binary, compileFixture } from '../e2e/support/pitcrew.ts'
import { docker, dockerAnswer, whyNoDocker } from './docker.ts'
import { buildImage, type Contents, importImage } from './image.ts'

const remedy = '"node scripts/docker.mjs run npm test" provides an engine'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The prefix of images, containers and labels of this test run; null without an engine. */
    dockerRun: string | null
    /** Why a missing engine is a failure; null if it is none. */
    dockerProblem: string | null
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const name = `pitcrew-test-${process.pid}`
  const why = (await whyNoDocker()) ?? (await whyNoImages(name))
  const { CI, PITCREW_REQUIRE_DOCKER } = process.env
  const isRequired = Boolean(CI || PITCREW_REQUIRE_DOCKER)
  project.provide('dockerRun', why === null ? name : null)
  project.provide(
    'dockerProblem',
    why !== null && isRequired ? `cannot run the container tests: ${why}; ${remedy}` : null,
  )
  if (why !== null && !isRequired) {
    const lastLine = why.split('\n').at(-1)
    console.warn(`NO DOCKER ENGINE: test/container is SKIPPED (${lastLine}); ${remedy}`)
  }
  return why === null ? () => removeAll(name) : async () => {}
}

async function whyNoImages(name: string): Promise<string | null> {
  try {
    await buildImage(`${name}:tools`, tools())
    await importImage(`${name}:bare`, { programs: { '/pitcrew': binary, ...signalReporter() } })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A shell, the other init programs, and processes that misbehave. */
function tools(): Contents {
  const busybox = program('busybox')
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')
  return {
    programs: {
      '/pitcrew': binary,
      '/bin/busybox': busybox,
      '/bin/tini': program('tini'),
      '/bin/dumb-init': program('dumb-init'),
      '/bin/forks-orphans': compileFixture('forks-orphans'),
      ...signalReporter(),
    },
    files: { '/etc/passwd': 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' },
    links: Object.fromEntries(
      applets
        .filter((applet) => applet !== 'busybox')
        .map((applet) => [`/bin/${applet}`, 'busybox']),
    ),
  }
}

function signalReporter(): Readonly<Record<string, string>> {
  return { '/bin/reports-group-signals': compileFixture('reports-group-signals') }
}

function program(name: string): string {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trimEnd()
  } catch {
    throw new Error(
      `${name} is not in PATH; install it ` +
        '(Debian: apt-get install --no-install-recommends busybox-static tini dumb-init)',
    )
  }
}

async function removeAll(name: string): Promise<void> {
  const lines = async (args: string[]): Promise<string[]> =>
    (await docker(args)).split('\n').filter(Boolean)
  const containers = await lines(['ps', '--all', '--quiet', '--filter', `label=${name}`])
  if (containers.length > 0) await dockerAnswer(['rm', '--force', '--volumes', ...containers])
  const images = await lines(['images', '--format', '{{.Repository}}:{{.Tag}}', name])
  if (images.length > 0) await docker(['rmi', '--force', ...images])
}
