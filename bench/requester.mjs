/** Runs programs/requester.c: measures requests to a supervisor through its own tool or its
 *  socket. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { program } from './scratch.mjs'

/** @returns The duration of each request, in ms. */
export async function timeRequests(...words) {
  const requester = start(words)
  const ns = await firstLine(requester)
  requester.stdin.end()
  return ns.map((each) => each / 1e6)
}

/** Runs `use` while the requester stays connected. */
export async function withRequester(words, use) {
  const requester = start(words)
  await firstLine(requester)
  try {
    return await use()
  } finally {
    const closed = new Promise((resolve) => requester.on('close', resolve))
    requester.stdin.end()
    await closed
  }
}

function start(words) {
  return spawn(program('requester'), words.map(String), { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function firstLine(requester) {
  for await (const line of createInterface({ input: requester.stdout })) return JSON.parse(line)
  throw new Error('the requester has failed')
}
