/** Real daemons of Debian under the real binary. Where they are not installed the tests are
 *  skipped with a warning; with PITCREW_REQUIRE_REAL or CI set, they fail. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished } from 'vitest'
import type { Pitcrew } from '../e2e/support/pitcrew.ts'

/** Paths and packages in Debian. */
const programs = {
  curl: ['/usr/bin/curl', 'curl'],
  fcgiwrap: ['/usr/sbin/fcgiwrap', 'fcgiwrap'],
  git: ['/usr/bin/git', 'git'],
  haproxy: ['/usr/sbin/haproxy', 'haproxy'],
  nginx: ['/usr/sbin/nginx', 'nginx-light'],
  privoxy: ['/usr/sbin/privoxy', 'privoxy'],
  redis: ['/usr/bin/redis-server', 'redis-server'],
  redisCli: ['/usr/bin/redis-cli', 'redis-tools'],
  squid: ['/usr/sbin/squid', 'squid'],
  tinyproxy: ['/usr/bin/tinyproxy', 'tinyproxy'],
} as const

export function path(program: keyof typeof programs): string {
  return programs[program][0]
}

/** `describe` where these programs are installed, else `describe.skip`. */
export function describeWith(
  names: readonly (keyof typeof programs)[],
  title: string,
  body: () => void,
): void {
  const missing = names.filter((name) => !existsSync(path(name)))
  if (missing.length === 0) {
    describe(title, body)
    return
  }
  const packages = missing.map((name) => programs[name][1])
  const what =
    `not installed: ${missing.map(path).join(', ')}; install them (Debian: ` +
    `apt-get install --no-install-recommends ${packages.join(' ')})`
  const { CI, PITCREW_REQUIRE_REAL } = process.env
  if (CI || PITCREW_REQUIRE_REAL) throw new Error(`cannot test with real daemons: ${what}`)
  console.warn(`NO REAL DAEMONS: ${title}: SKIPPED; ${what}`)
  describe.skipIf(true)(title, body)
}

/** A folder with these files that every user may write to; removed when the test has finished. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-real-'))
  chmodSync(folder, 0o777)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text.replaceAll('FOLDER', folder), { mode: 0o755 })
  }
  return folder
}

/** Sends TERM; pitcrew must exit with this code within its deadline. */
export async function end(pitcrew: Pitcrew, code = 0, deadlineMs = 9000): Promise<void> {
  const requestedAtMs = performance.now()
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode(), pitcrew.transcript()).toBe(code)
  expect(performance.now() - requestedAtMs).toBeLessThan(deadlineMs)
}

/** Waits until this run of the daemon is ready. */
export function isReady(pitcrew: Pitcrew, daemon: string, run = 1): Promise<string> {
  return pitcrew.line(new RegExp(`^pitcrew: ${daemon}: ready after [\\d.]+ m?s \\(run ${run}\\)$`))
}
