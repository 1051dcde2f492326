// @ts-check
/** Stands in for pitcrew's own supervise: shows which daemons answer, and holds long sessions.
 *
 *  GET /       one line for each daemon
 *  POST /echo  returns the body as a stream, at the pace of the client */
import { createServer } from 'node:http'
import { connect } from 'node:net'

const port = 9100
const others = { egress: 3128, pipelock: 8888, 'git-gate': 8080 }

const server = createServer(async (req, res) => {
  if (req.url === '/echo' && req.method === 'POST') {
    res.writeHead(200, { 'content-type': 'application/octet-stream' })
    res.flushHeaders()
    req.pipe(res)
    return
  }
  if (req.url !== '/') return res.writeHead(404).end('see / and /echo\n')
  const rows = await Promise.all(Object.entries(others).map(row))
  res.end([...rows, ''].join('\n'))
})

// On TERM requests in progress are cut off: clients can repeat them.
process.on('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})
server.listen(port, () => console.log(`listening on port ${port}`))

/** @param {[name: string, port: number]} other */
async function row([name, port]) {
  return `${name.padEnd(9)}${(await answers(port)) ? 'up' : 'down'}`
}

/** @param {number} port @returns {Promise<boolean>} */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
