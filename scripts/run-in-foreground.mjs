/** Runs a command in place of this process: it gets the standard streams and all signals, and its
 *  exit status is returned. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** @returns The exit status; 128 + n if signal n ended the command. */
export function runInForeground(command, args, env = process.env) {
  const child = spawn(command, args, { stdio: 'inherit', env })
  // A signal from the terminal reaches the command, too: only signals sent to this process alone
  // are forwarded.
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
