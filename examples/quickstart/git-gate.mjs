// @ts-check
/** Git over HTTP: fetching from the demo repository is allowed, pushing is refused.
 *
 *  Each request starts `git http-backend` (CGI), which is ended when the client hangs up. Only the
 *  two routes below reach it; no part of a client's path is used as a file path. */

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

/** Without the caller's git settings, which could redirect or refuse the demo. */
const env = { PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: '1' }
const backend = findBackend()
if (backend !== null) createDemo(join(root, 'demo.git'))
const note = backend ? 'clone /demo.git' : 'git http-backend is not installed: answering 503'
serve('git-gate', answer, { note, drainMs: 4000 }) // Time for a clone to finish; `stop.grace` is 5 s.

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

/** A directory of its own, so that only files made here are removed at the end. */
function makeRoot() {
  const parent = process.env.PITCREW_QUICKSTART_DIR || tmpdir()
  try {
    mkdirSync(parent, { recursive: true })
    return mkdtempSync(join(parent, 'pitcrew-quickstart-'))
  } catch (error) {
    return fail(`cannot write to ${parent}: ${reason(error)}; set PITCREW_QUICKSTART_DIR`)
  }
}

/** Some distributions package `git http-backend` separately from git. */
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
