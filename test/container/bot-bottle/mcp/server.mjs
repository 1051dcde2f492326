// @ts-check
/** A daemon with stateful sessions of MCP over streamable HTTP, made with the official SDK: the tool
 *  `count` counts the calls of its session. A session that is lost begins with 1 again, or its
 *  client gets an error. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'

const port = 9200
/** @type {Map<string, StreamableHTTPServerTransport>} */
const sessions = new Map()

const server = createServer(async (req, res) => {
  const id = req.headers['mcp-session-id']
  const session = typeof id === 'string' ? sessions.get(id) : await newSession()
  if (session === undefined) return res.writeHead(404).end()
  await session.handleRequest(req, res)
})

async function newSession() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  })
  const mcp = new McpServer({ name: 'counter', version: '1.0.0' })
  let calls = 0
  mcp.registerTool('count', { description: 'The number of calls of this session' }, async () => {
    calls += 1
    // This goes through the stream that the client holds open.
    await mcp.sendLoggingMessage({ level: 'info', data: calls })
    return { content: [{ type: 'text', text: `${calls}` }] }
  })
  await mcp.server.registerCapabilities({ logging: {} })
  await mcp.connect(transport)
  return transport
}

process.on('SIGTERM', () => process.exit(0))
server.listen(port, '127.0.0.1', () => console.log(`listening on port ${port}`))
