// @ts-check
/** The official MCP client with one session. For each line on stdin it calls `count`, and prints
 *  the answer, the session, and the last notification from the stream that it holds open. */
import { createInterface } from 'node:readline'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'

/** @type {string[]} */
const problems = []
let notified = 0
/** @type {(() => void)[]} */
const waiting = []

// A reconnection would hide a connection that was lost.
const transport = new StreamableHTTPClientTransport(new URL('http://127.0.0.1:9200/mcp'), {
  reconnectionOptions: {
    maxRetries: 0,
    initialReconnectionDelay: 1,
    maxReconnectionDelay: 1,
    reconnectionDelayGrowFactor: 1,
  },
})
const client = new Client({ name: 'test', version: '1.0.0' })
client.onerror = (error) => void problems.push(error.message)
client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
  notified = Number(params.data)
  for (const wake of waiting.splice(0)) wake()
})
await client.connect(transport)
console.log(JSON.stringify({ session: transport.sessionId }))

for await (const _ of createInterface({ input: process.stdin })) {
  const answer = await client.callTool({ name: 'count' })
  const [{ text }] = /** @type {[{ text: string }]} */ (answer.content)
  while (notified < Number(text)) await new Promise((wake) => waiting.push(() => wake(undefined)))
  console.log(
    JSON.stringify({ count: Number(text), notified, session: transport.sessionId, problems }),
  )
}
await transport.terminateSession()
process.exit(0)
