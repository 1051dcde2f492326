/** Builds and runs the images of README.md and docs/CONTAINERS.md from their code blocks: files,
 *  commands, compose file. */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { binary, root } from '../e2e/support/pitcrew.ts'
import { Program } from '../e2e/support/program.ts'
import { describeInDocker, imageName } from './container.ts'
import { dockerAnswer } from './docker.ts'
import { fill } from './image.ts'

const run = promisify(execFile)
const script = '#!/bin/sh\necho up\nexec sleep 1000\n'

/** The code blocks of a page in one language. */
function blocksOf(path: string, kind: string): string[] {
  const text = readFileSync(join(root, path), 'utf8')
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  return blocks.flatMap(([, name, body = '']) => (name === kind ? [body] : []))
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-docs-'))
  const [bundle = '', compose = ''] = blocksOf('docs/CONTAINERS.md', 'yaml')
  copyFileSync(binary, join(folder, 'pitcrew'))
  writeFileSync(join(folder, 'bundle.yaml'), bundle)
  writeFileSync(join(folder, 'compose.yaml'), compose)
  // The engine of the tests has no network.
  writeFileSync(
    join(folder, 'no-network.yaml'),
    'services: { sidecars: { network_mode: none, build: { network: none } } }\n',
  )
  writeFileSync(join(folder, 'Dockerfile'), blocksOf('docs/CONTAINERS.md', 'Dockerfile')[0] ?? '')
  fill(join(folder, 'root'), {
    programs: { '/bin/busybox': '/bin/busybox' },
    links: { '/bin/sh': 'busybox', '/bin/sleep': 'busybox' },
    files: { '/bin/cache': script, '/bin/web': script },
  })
})
afterAll(() => rmSync(folder, { recursive: true }))

describeInDocker('docs/CONTAINERS.md', () => {
  test('the commands work as written, and fetch the exit report', async () => {
    const [name, tag] = [imageName('docs').replace(':', '-'), imageName('docs')]
    // Unchanged except for the names, which must be unique in the engine.
    const commands = (blocksOf('docs/CONTAINERS.md', 'sh')[0] ?? '')
      .replace('--tag sidecars', `--tag ${tag}`)
      .replace('--read-only sidecars', `--read-only ${tag}`)
      .replaceAll(/\bsidecars(?=[: ]|$)/gm, name)
    try {
      await run('/bin/sh', ['-ec', commands], { cwd: folder, timeout: 50_000 })
    } finally {
      await dockerAnswer(['rm', '--force', '--volumes', name])
    }
    const report = JSON.parse(readFileSync(join(folder, 'exit-report.json'), 'utf8'))
    expect(report).toMatchObject({ exitCode: 0, daemons: [{ runs: 1 }, { runs: 2 }] })
  })

  test('the compose file starts the bundle, and stops it in time', async () => {
    const project = imageName('compose').replace(':', '-')
    const files = ['-f', 'compose.yaml', '-f', 'no-network.yaml', '-p', project]
    const program = await composeProgram()
    const compose = (...words: string[]): Program =>
      new Program([...program, ...files, ...words], { cwd: folder, env: process.env })
    try {
      const up = compose('up', '--build', '--no-color')
      await up.linesWith('] up', 2)
      expect(await compose('stop').exitCode()).toBe(0)
      expect(await up.exitCode()).toBe(0)
      await up.line('pitcrew: web: stopped: signal TERM')
      await up.line('exited with code 0')
    } finally {
      await compose('down', '--volumes', '--rmi', 'local').exitCode()
    }
  })
})

describeInDocker('README.md', () => {
  const bundle = blocksOf('README.md', 'yaml')[0] ?? ''
  const commands = blocksOf('README.md', 'sh').find((text) => text.includes('docker exec')) ?? ''
  const tag = imageName('readme')
  let place: string

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'pitcrew-readme-'))
    const lines = blocksOf('README.md', 'Dockerfile')[0] ?? ''
    writeFileSync(join(place, 'Dockerfile'), `FROM scratch\nCOPY root/ /\n${lines}`)
    copyFileSync(binary, join(place, 'pitcrew'))
    fill(join(place, 'root'), {
      programs: { '/bin/busybox': '/bin/busybox' },
      links: Object.fromEntries(['sh', 'sleep', 'nc'].map((name) => [`/bin/${name}`, 'busybox'])),
      files: {
        '/bin/squid': '#!/bin/sh\nexec nc -ll -p 3128 -e /bin/sh -c exit\n',
        '/bin/tinyproxy': script,
        '/bin/agent': script,
      },
    })
  })
  afterAll(() => rmSync(place, { recursive: true }))

  const build = (text: string): Promise<unknown> => {
    writeFileSync(join(place, 'bundle.yaml'), text)
    return run('docker', ['build', '--network', 'none', '--tag', tag, place])
  }

  test('its Dockerfile lines build an image in which its commands work', async () => {
    await build(bundle)
    const name = tag.replace(':', '-')
    try {
      await run('docker', ['run', '--detach', '--network', 'none', '--name', name, tag])
      const waiting = ['exec', name, '/pitcrew', 'wait', 'agent', '--for', 'started']
      await run('docker', [...waiting, '--timeout', '30s'])
      await run('/bin/sh', ['-ec', commands.replaceAll('sidecars', name)])
    } finally {
      await dockerAnswer(['rm', '--force', '--volumes', name])
    }
  })

  test('an error in the bundle fails the build, with its place', async () => {
    const wrong = bundle.replace('after: [egress]', 'after: [egres]')
    await expect(build(wrong)).rejects.toMatchObject({
      stdout: expect.stringMatching(/bundle\.yaml:\d+:\d+: .*egres/),
    })
  })
})

/** The compose plugin of docker, or the program docker-compose. */
async function composeProgram(): Promise<string[]> {
  if ((await dockerAnswer(['compose', 'version'])).code === 0) return ['docker', 'compose']
  try {
    await run('docker-compose', ['version'])
    return ['docker-compose']
  } catch (error) {
    throw new Error(
      'cannot test the compose file: docker-compose is not in PATH; install it (Debian: apt-get install docker-compose)',
      { cause: error },
    )
  }
}
