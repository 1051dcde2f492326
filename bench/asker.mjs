/** asker.c from here: what a supervisor's own tool or socket costs whoever asks. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { program } from './scratch.mjs'

/** @returns How long each took, in ms. */
export async function ask(...words) {
  const asker = start(words)
  const ns = await firstLine(asker)
  asker.stdin.end()
  return ns.map((each) => each / 1e6)
}

/** Stays while `use` runs. */
export async function withAsker(words, use) {
  const asker = start(words)
  await firstLine(asker)
  try {
    return await use()
  } finally {
    const isOver = new Promise((resolve) => asker.on('close', resolve))
    asker.stdin.end()
    await isOver
  }
}

function start(words) {
  return spawn(program('asker'), words.map(String), { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function firstLine(asker) {
  for await (const line of createInterface({ input: asker.stdout })) return JSON.parse(line)
  throw new Error('the asker has failed')
}
