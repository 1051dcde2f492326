// @ts-check
/** The commands to try, which the status daemon prints once all other daemons answer. */
import { pitcrewPid } from './life.mjs'

/**
 * @param {{ egress: number, pipelock: number, gitGate: number, status: number }} ports
 * @param {string[]} silent Daemons that gave no answer.
 * @returns {string[]} Lines.
 */
export function guide(ports, silent) {
  const pid = pitcrewPid() ?? '<pid of pitcrew>'
  const page = `http://127.0.0.1:${ports.status}/`
  const egress = `curl -x http://127.0.0.1:${ports.egress}`
  const pipelock = `curl -x http://127.0.0.1:${ports.pipelock}`
  const steps = [
    ['build/pitcrew status', 'the state of each daemon; --watch refreshes it'],
    [`curl ${page}`, 'the page of the status daemon'],
    [`${egress} ${page}`, 'the same page, through egress'],
    [`${egress} http://example.com/`, 'denied: not in allow.txt'],
    [`kill -HUP ${pid}`, 'egress reads allow.txt again'],
    [`${pipelock} ${page}`, 'through pipelock, then egress'],
    [`kill -USR1 ${pid}`, 'restarts pipelock, and only pipelock'],
    ['build/pitcrew restart pipelock', 'the same, and waits until it is ready'],
    [`git clone http://127.0.0.1:${ports.gitGate}/demo.git`, 'fetch is allowed, push is not'],
  ]
  const width = Math.max(...steps.map(([command = '']) => command.length))
  return [
    silent.length === 0
      ? 'All four daemons are up. Try this in another terminal:'
      : `No answer from ${silent.join(', ')}: see the output above. With the others, try:`,
    ...steps.map(([command = '', result]) => `  ${command.padEnd(width)}  # ${result}`),
    'Ctrl-C stops everything.',
  ]
}
