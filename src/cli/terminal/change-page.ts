/** The change of a configuration file, in words. */
import type { TicketAnswer } from '../../control/protocol/answers.ts'
import type { ChangeAnswer } from '../../control/protocol/operations.ts'
import { oneLine } from '../../core/text/one-line.ts'
import { formatElapsed } from './format.ts'
import { type Colour, paint, type TerminalStyle, wrap } from './style.ts'

/** A ticket with a change. */
export type ChangeTicket = Pick<
  TicketAnswer,
  'ticket' | 'verb' | 'daemon' | 'outcome' | 'old' | 'now' | 'tookMs'
> & { readonly change: ChangeAnswer }

/** What has failed. */
export interface FailedChange {
  readonly ticket: number
  readonly daemon: string
  readonly change: ChangeAnswer
}

/** "applied web: /etc/web.conf, revision 7, restarted (pid 41 -> 57) in 120 ms (ticket 12)", and
 *  what else is to be known. */
export function changePage(style: TerminalStyle, answer: ChangeTicket): string[] {
  const { words } = answer.change
  return [changeTitle(answer), ...wordLines(words).flatMap((line) => indented(style, line))]
}

function headline(answer: ChangeTicket): string {
  const { daemon, verb, outcome, tookMs, change } = answer
  const what = `${daemon}: ${fileOf(change)}`
  const revision = change.revision === null ? '' : `, revision ${change.revision}`
  if (outcome === 'superseded') return `${verb} ${what} given up: pitcrew shuts down`
  switch (change.result) {
    case null:
      return `${verb} ${what} ${change.step === 'waiting' ? 'requested' : `is ${change.step}`}`
    case 'applied':
      return `applied ${what}${revision}${activation(answer)} in ${formatElapsed(tookMs)}`
    case 'unchanged':
      return `unchanged ${what} has this content, and ${daemon} uses it`
    case 'planned':
      return `planned ${what} would become${revision.replace(',', '')}, ${consequence(change)}`
    case 'rollback failed':
      return `rollback failed for ${what}`
    default:
      return `${change.result} ${what}`
  }
}

/** A reload is about all files of the daemon. */
function fileOf({ path }: ChangeAnswer): string {
  return path === '' ? 'its configuration' : oneLine(path)
}

/** ", restarted (pid 41 -> 57)" */
function activation({ old, now, change }: ChangeTicket): string {
  if (now === null) return ''
  const { pid } = now
  switch (change.activation) {
    case 'restart':
      if (old === null) return `, started (pid ${pid})`
      return old.pid === pid ? '' : `, restarted (pid ${old.pid} -> ${pid})`
    case 'signal':
      return `, reloaded by a signal (pid ${pid})`
    case 'command':
      return `, reloaded by its command (pid ${pid})`
    case 'http':
      return `, reloaded by an HTTP request (pid ${pid})`
    case 'none':
      return ''
  }
}

function consequence({ activation: how }: ChangeAnswer): string {
  switch (how) {
    case 'restart':
      return 'with a restart'
    case 'signal':
      return 'with a reload by a signal'
    case 'command':
      return 'with a reload by its command'
    case 'http':
      return 'with a reload by an HTTP request'
    case 'none':
      return 'with neither restart nor reload'
  }
}

/** "waits for a confirmation: pitcrew confirm 12 (58 s left)" */
export function confirmationLine({ ticket, change }: ChangeTicket): string {
  const left = formatElapsed(change.confirmLeftMs ?? 0)
  return `waits for a confirmation: pitcrew confirm ${ticket} (${left} left)`
}

/** Why a change has failed, with the words of the check, what is true now, and what to do. */
export function failurePage(style: TerminalStyle, failed: FailedChange): string[] {
  const { ticket, daemon, change } = failed
  const [first = 'cause unknown', ...rest] = wordLines(change.words)
  const result = change.result === 'rollback failed' ? 'rollback failed for' : change.result
  return [
    `${result ?? 'failed'} ${daemon}: ${fileOf(change)}: ${first} (ticket ${ticket})`,
    ...rest.map((line) => `    ${line}`),
    ...indented(style, `now: ${present(failed)}`),
    ...indented(style, `next: ${next(failed)}`),
  ]
}

function present({ change, daemon }: FailedChange): string {
  switch (change.result) {
    case 'rejected':
      return 'nothing was changed: the file and the daemon are as before'
    case 'rolled back':
      return `the file has its old content again, and ${daemon} uses it`
    default:
      return 'the file and the daemon may not be as before: see above'
  }
}

function next({ change, daemon, ticket }: FailedChange): string {
  if (change.result === 'rollback failed') {
    return `pitcrew explain ${daemon}, pitcrew history ${daemon}`
  }
  const again = `"pitcrew ticket ${ticket}" shows this again`
  const wasTried = change.steps.some(({ step }) => step === 'checking' || step === 'activating')
  const wasGood = change.steps.some(({ step }) => step === 'confirming')
  return wasTried && !wasGood ? `correct the content and try again; ${again}` : again
}

/** What `ticket` shows in place of its first line. */
export function changeTitle(answer: ChangeTicket): string {
  return `${headline(answer)} (ticket ${answer.ticket})`
}

/** What `ticket` shows in addition: the file, how far it is, the time of each step. */
export function changeDetails(style: TerminalStyle, change: ChangeAnswer): string[] {
  const { result, step, words, confirmLeftMs } = change
  const steps = change.steps.map((one) => `${one.step} ${formatElapsed(one.tookMs)}`).join(', ')
  const left = confirmLeftMs === null ? '' : `, ${formatElapsed(confirmLeftMs)} left`
  const rows: readonly (readonly [string, string])[] = [
    ['under way', result === null ? `${step}${left}` : ''],
    ['steps', steps],
  ]
  return [
    ...rows
      .filter(([, value]) => value !== '')
      .flatMap(([name, value]) => {
        return wrap(`  ${name.padEnd(12)}  `, value.split(/(?<=,) /), style.columns)
      }),
    ...wordLines(words).map((line) => `  ${line}`),
    ...diffLines(style, change.diff),
  ]
}

/** The lines of a diff, without what could move the cursor. */
export function diffLines(style: TerminalStyle, diff: string): string[] {
  const lines = diff.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => {
    const text = line.split('\t').map(oneLine).join('\t')
    return paint(style, colourOf(line), text)
  })
}

function colourOf(line: string): Colour {
  if (line.startsWith('+++') || line.startsWith('---')) return 'bold'
  if (line.startsWith('@@')) return 'dim'
  if (line.startsWith('+')) return 'green'
  return line.startsWith('-') ? 'red' : 'plain'
}

function wordLines(words: string): string[] {
  return words
    .split('\n')
    .map((line) => oneLine(line).trimEnd())
    .filter((line) => line !== '')
}

function indented(style: TerminalStyle, line: string): string[] {
  return wrap('  ', line.split(' '), style.columns)
}
