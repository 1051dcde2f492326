/** A base image with this machine's squid, tinyproxy, nginx, fcgiwrap, git, curl and node of
 *  Debian, in place of the one that examples/bot-bottle/base.Dockerfile builds with a network. */
import { existsSync } from 'node:fs'
import { describe } from 'vitest'
import { describeInDocker } from './container.ts'
import type { Contents } from './image.ts'

/** Their paths in Debian. */
const programs: readonly string[] = [
  ...['/bin/env', '/bin/ln', '/bin/mkdir', '/bin/rm', '/bin/sed', '/bin/sh', '/bin/sleep'],
  ...[
    '/usr/bin/curl',
    '/usr/bin/flock',
    '/usr/bin/git',
    '/usr/bin/sha256sum',
    '/usr/bin/tinyproxy',
  ],
  ...['/usr/lib/git-core/git-http-backend', '/usr/lib/git-core/git-remote-http'],
  ...['/usr/lib/squid/unlinkd', '/usr/sbin/fcgiwrap', '/usr/sbin/nginx', '/usr/sbin/squid'],
]

/** Files that they read. */
const copies: readonly string[] = [
  ...['/etc/group', '/etc/passwd', '/etc/nginx/fastcgi_params', '/etc/squid/errorpage.css'],
  ...['/usr/share/squid/errors/templates', '/usr/share/squid/icons', '/usr/share/squid/mime.conf'],
  ...['/usr/share/git-core/templates', '/usr/share/tinyproxy'],
]

export const realPrograms: Contents = {
  programs: {
    ...Object.fromEntries(programs.map((path) => [path, path])),
    '/usr/bin/node': process.execPath,
  },
  copies,
}

/** `describe` where there is an engine and the programs are installed, else `describe.skip`. */
export const describeWithRealPrograms: typeof describeInDocker =
  missing().length === 0 ? describeInDocker : describe.skipIf(true)

function missing(): string[] {
  return [...programs, ...copies].filter((path) => !existsSync(path))
}

if (missing().length > 0) {
  const { CI, PITCREW_REQUIRE_DOCKER } = process.env
  const what =
    `not installed: ${missing().join(', ')}; install them (Debian: apt-get install ` +
    '--no-install-recommends curl fcgiwrap git nginx-light squid tinyproxy)'
  if (CI || PITCREW_REQUIRE_DOCKER) throw new Error(`cannot test with the real programs: ${what}`)
  console.warn(`NO REAL PROGRAMS: the tests that need them are SKIPPED; ${what}`)
}
