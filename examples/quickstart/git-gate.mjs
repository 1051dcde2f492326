// @ts-check
/** Git over HTTP with a gate: everybody may fetch from the demo repository, nobody may push.
 *
 *  The work is done by git's own `git http-backend`, started once for each request (CGI) and ended
 *  when the client hangs up. Only two addresses reach it, as they are written below; no part of a
 *  path that a client sends is ever used as a path. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endBackends, runBackend } from './cgi.mjs'
import { fail, reason } from './life.mjs'
import { send, serve } from './serve.mjs'

/**
 * @typedef {import('./serve.mjs').Request} Request
 * @typedef {import('./serve.mjs').Response} Response
 */

const fetchRoutes = new Map([
  ['GET /demo.git/info/refs?service=git-upload-pack', '/demo.git/info/refs'],
  ['POST /demo.git/git-upload-pack', '/demo.git/git-upload-pack'],
])

const root = makeRoot()
process.on('exit', () => {
  endBackends()
  rmSync(root, { recursive: true, force: true })
})

/** Nothing of the caller's git settings is passed on: they could redirect or refuse the demo. */
const env = { PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: '1' }
const backend = findBackend()
if (backend !== null) createDemo(join(root, 'demo.git'))
const note = backend ? 'clone /demo.git' : 'git http-backend is not installed: answering 503'
serve('git-gate', answer, { note, drainMs: 4000 }) // A clone may end; `stop.grace` is 5 s.

/** @param {Request} req @param {Response} res */
function answer(req, res) {
  if (/git-receive-pack$/.test(req.url ?? '')) return send(res, 403, 'gate: push is refused here\n')
  const path = fetchRoutes.get(`${req.method} ${req.url}`)
  if (path === undefined) return send(res, 404, 'gate: only /demo.git can be fetched here\n')
  if (backend === null) return send(res, 503, 'gate: git http-backend is not installed here\n')
  runBackend(backend, req, res, {
    ...env,
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: String(req.headers['git-protocol'] ?? ''),
    PATH_INFO: path,
  })
}

/** A directory of our own, so that what is removed at the end is only what was made here. */
function makeRoot() {
  const parent = process.env.PITCREW_QUICKSTART_DIR || tmpdir()
  try {
    mkdirSync(parent, { recursive: true })
    return mkdtempSync(join(parent, 'pitcrew-quickstart-'))
  } catch (error) {
    return fail(`cannot write to ${parent}: ${reason(error)}; set PITCREW_QUICKSTART_DIR`)
  }
}

/** Some distributions pack `git http-backend` apart from git. */
function findBackend() {
  try {
    const folder = execFileSync('git', ['--exec-path'], { env, encoding: 'utf8' }).trim()
    const program = join(folder, 'git-http-backend')
    return existsSync(program) ? program : null
  } catch {
    return null // No git at all.
  }
}

/** Makes a bare repository with one commit, without a working tree.
 *  @param {string} repository */
function createDemo(repository) {
  execFileSync('git', ['init', '--quiet', '--bare', repository], { env })
  writeFileSync(join(repository, 'HEAD'), 'ref: refs/heads/main\n')
  const input = `commit refs/heads/main
committer Quick Start <quickstart@localhost> ${Math.floor(Date.now() / 1000)} +0000
data <<END
A first commit
END
M 100644 inline README.md
data <<END
This came through git-gate. Now try a push.
END
`
  execFileSync('git', ['--git-dir', repository, 'fast-import', '--quiet'], { env, input })
}
