/** Gives a command our place: its input and output, every signal, its exit status. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** Resolves to the exit status, 128 + n when signal n ended it. */
export function runInFront(command, args, env = process.env) {
  const child = spawn(command, args, { stdio: 'inherit', env })
  // A signal of the terminal reaches the command as well as us: only what came to us alone is
  // passed on.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']) {
    process.on(name, () => {
      const fromTerminal = process.stdin.isTTY && (name === 'SIGINT' || name === 'SIGQUIT')
      if (!fromTerminal) child.kill(name)
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`cannot run ${command}: ${error.message}`)))
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}
