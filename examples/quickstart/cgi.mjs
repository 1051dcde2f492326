// @ts-check
/** Runs a CGI program for one HTTP request. Request and response are streamed, so that memory does
 *  not grow with the size of a repository. */
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
 * @param {NodeJS.ProcessEnv} env Its environment, without the variables of the request.
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
  res.on('close', () => backend.kill()) // The response is complete, or the client hung up.
  pipeline(req, backend.stdin, () => {}) // It may answer before it has read the body.
  pipeline(
    backend.stdout,
    (output) => answer(output, res),
    res,
    () => {},
  )
}

/** Ends all running programs when the daemon ends. */
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
    // Absent for a chunked body: the program then reads until its end.
    ...(length !== undefined && { CONTENT_LENGTH: length }),
  }
}

/** Sends the head of the program's output as the head of the response, and yields the body.
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
  yield 'the CGI program gave no answer\n'
}

/** @param {string} head @returns {Record<string, string>} */
function parse(head) {
  const fields = head.split(/\r?\n/).map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return Object.fromEntries(fields)
}
