// @ts-check
/** What a newcomer can try, as the status daemon prints it once all others answer. */
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
    ['build/pitcrew status', 'who is up; --watch goes on, explain NAME tells more'],
    [`curl ${page}`, 'the same as the daemons see it'],
    [`${egress} ${page}`, 'the same, through egress'],
    [`${egress} http://example.com/`, 'denied: not in allow.txt'],
    [`kill -HUP ${pid}`, 'egress reads allow.txt again'],
    [`${pipelock} ${page}`, 'through pipelock, then egress'],
    [`kill -USR1 ${pid}`, 'restarts pipelock, and only pipelock'],
    ['build/pitcrew restart pipelock', 'the same, and says when it is done'],
    [`git clone http://127.0.0.1:${ports.gitGate}/demo.git`, 'fetch is allowed, push is not'],
  ]
  const width = Math.max(...steps.map(([command = '']) => command.length))
  return [
    silent.length === 0
      ? 'All four daemons are up. Try this in another terminal:'
      : `No answer from ${silent.join(', ')}: see the lines above. With the others, try:`,
    ...steps.map(([command = '', result]) => `  ${command.padEnd(width)}  # ${result}`),
    'Ctrl-C stops everything.',
  ]
}
