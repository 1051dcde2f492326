/** Calls the docker client. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** How long the engine may take for one request, in ms. */
const timeoutMs = 60_000

/** @returns Its output. Fails with its stderr. */
export async function docker(args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', args, { timeout: timeoutMs })
  return stdout.trimEnd()
}

/** Why no container can be run here; null if containers can be run. */
export async function whyNoDocker(): Promise<string | null> {
  try {
    await docker(['version', '--format', '{{.Server.Version}}'])
    return null
  } catch (error) {
    return error instanceof Error ? error.message.trimEnd() : String(error)
  }
}

export interface Answer {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command that may fail. */
export async function dockerAnswer(args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    execFile('docker', args, { timeout: timeoutMs }, (error, out, err) => {
      const code = error === null ? 0 : error.code
      if (typeof code === 'number') resolve({ code, out, err })
      else reject(error)
    })
  })
}
