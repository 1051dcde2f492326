// @ts-check
/** Runs a CGI program for one HTTP request: the body goes in, the head and the body come out. Both
 *  are streamed, so a repository of any size passes through without being kept in memory. */
import { spawn } from 'node:child_process'
import { pipeline } from 'node:stream'
import { say } from './life.mjs'
import { send } from './serve.mjs'

const backendsMax = 8
const headBytesMax = 16 * 1024

/** @type {Set<import('node:child_process').ChildProcess>} */
const backends = new Set()

/**
 * @param {string} program
 * @param {import('./serve.mjs').Request} req
 * @param {import('./serve.mjs').Response} res
 * @param {NodeJS.ProcessEnv} env All of the program's environment but what is in the request.
 */
export function runBackend(program, req, res, env) {
  if (backends.size >= backendsMax) return send(res, 503, 'busy: try again\n')
  const backend = spawn(program, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...env, ...meta(req) },
  })
  backends.add(backend)
  backend.on('error', (error) => say(`cannot run ${program}: ${error.message}`))
  backend.on('close', () => backends.delete(backend))
  res.on('close', () => backend.kill()) // The client has all of it, or hung up.
  pipeline(req, backend.stdin, () => {}) // The program may answer before it has read everything.
  pipeline(
    backend.stdout,
    (output) => answer(output, res),
    res,
    () => {},
  )
}

/** Ends what is still running; for the end of the daemon. */
export function endBackends() {
  for (const backend of backends) backend.kill()
}

/** @param {import('./serve.mjs').Request} req @returns {NodeJS.ProcessEnv} */
function meta({ method, url = '', headers }) {
  const length = headers['content-length']
  return {
    REQUEST_METHOD: method,
    QUERY_STRING: url.includes('?') ? url.slice(url.indexOf('?') + 1) : '',
    CONTENT_TYPE: headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
    // Absent when the body comes in chunks: the program then reads to the end.
    ...(length !== undefined && { CONTENT_LENGTH: length }),
  }
}

/** Turns the head of the program's output into the head of the answer, and yields the body.
 *  @param {AsyncIterable<Buffer>} output @param {import('./serve.mjs').Response} res */
async function* answer(output, res) {
  let head = Buffer.alloc(0)
  for await (const chunk of output) {
    if (res.headersSent) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = /\r?\n\r?\n/.exec(head.toString('latin1'))
    if (end === null && head.length > headBytesMax) break
    if (end === null) continue
    const { Status: status = '200', ...headers } = parse(head.toString('latin1', 0, end.index))
    res.writeHead(Number.parseInt(status, 10), headers)
    yield head.subarray(end.index + end[0].length)
  }
  if (res.headersSent) return
  res.writeHead(502, { 'content-type': 'text/plain' })
  yield 'the program behind this address gave no answer\n'
}

/** @param {string} head @returns {Record<string, string>} */
function parse(head) {
  const fields = head.split(/\r?\n/).map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return Object.fromEntries(fields)
}
