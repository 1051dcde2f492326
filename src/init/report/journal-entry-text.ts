/** What the journal tells of what happened: one entry, one line of JSON (Entry of
 *  src/control/protocol/answers.ts), which begins with its cursor. */

import type { DeathRecord } from '../../control/server/control-plane.ts'
import type { Note } from '../../core/effect.ts'
import type { Outcome, Ticket } from '../../core/supervisor/ticket.ts'
import { describeAsker, describeReason } from '../../core/text/describe.ts'
import { isoTime } from '../../core/text/iso-time.ts'
import { usualWords } from './messages.ts'

/** As little as can be kept until somebody wants to read it. */
export interface Noted {
  readonly wallMs: number
  /** null: something about pitcrew itself. */
  readonly note: Note | null
  /** Of an unasked death. */
  readonly death: DeathRecord | null
  /** null: those of a ticket, which are made when they are needed. */
  readonly words: string | null
}

export function entryText(cursor: string, noted: Noted): string {
  const { wallMs, note, death } = noted
  const head = `{"cursor":"${cursor}","at":"${isoTime(wallMs)}","type":"`
  if (note === null) return `${head}pitcrew","words":${JSON.stringify(noted.words)}}`
  const words = noted.words ?? usualWords(note) ?? ''
  const usual = usualText(note, words)
  if (usual !== null) return head + usual
  const daemon = daemonOf(note)
  const isNamed = daemon !== null && words.startsWith(`${daemon}: `)
  // Who reads an entry sees its daemon anyway.
  const told = JSON.stringify(isNamed ? words.slice(daemon.length + 2) : words)
  const about = daemon === null ? '' : `,"daemon":"${daemon}"`
  const text = `${head}${note.kind}"${about},"words":${told}${detailsText(note)}`
  return death === null ? `${text}}` : `${text},${JSON.stringify(death).slice(1)}`
}

/** What every daemon comes to, without a character that JSON would not have as it is: put together
 *  by hand, since at the end of a thousand daemons there are a thousand such entries. */
function usualText(note: Note, words: string): string | null {
  if (note.kind !== 'started' && note.kind !== 'stopped') return null
  const { kind, daemon, run, pid } = note
  const told = words.slice(daemon.length + 2)
  const text = `${kind}","daemon":"${daemon}","words":"${told}","run":${run},"pid":${pid}`
  return kind === 'started' ? `${text}}` : `${text},"code":${note.code},"signal":${note.signal}}`
}

export function daemonOf(note: Note): string | null {
  if (note.kind === 'ticket') return note.ticket.daemon
  return 'daemon' in note ? note.daemon : null
}

/** The fields of its own, each behind a comma. Put together by hand where it is often. */
function detailsText(note: Note): string {
  switch (note.kind) {
    case 'ticket':
      return ticketText(note.ticket)
    case 'died':
      return `,"code":${note.code},"signal":${note.signal}`
    case 'unfit':
      return `,"fault":"${note.fault}"`
    case 'start-failed':
      return fieldsText({ command: note.command, step: note.step, errno: note.errno })
    case 'shutdown': {
      const { reason, daemons, deadlineMs } = note
      return fieldsText({ reason: describeReason(reason), daemons, deadlineMs })
    }
    default:
      return fieldsText(note)
  }
}

function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  let text = ''
  for (const key in fields) {
    const value = fields[key]
    // Fractions of a millisecond are nobody's business.
    if (typeof value === 'number') text += `,"${key}":${Math.round(value)}`
    else if (key !== 'kind' && key !== 'daemon') text += `,"${key}":${JSON.stringify(value)}`
  }
  return text
}

function ticketText({ id, verb, by, why, requests, old, outcome }: Ticket): string {
  const asked = `"by":${JSON.stringify(describeAsker(by))},"why":${JSON.stringify(why)}`
  const about = `,"ticket":${id},"verb":"${verb}",${asked},"requests":${requests}`
  return `${about},"old":${JSON.stringify(old)}${outcomeText(outcome)}`
}

function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'open') return ',"outcome":"open"'
  const text = `,"outcome":"${outcome.kind}","tookMs":${Math.round(outcome.tookMs)}`
  switch (outcome.kind) {
    case 'done':
      return `${text},"now":${JSON.stringify(outcome.now)},"changed":${outcome.changed}`
    case 'ended':
      return `${text},"exitCode":${outcome.exitCode}`
    case 'failed':
      return `${text},"cause":${JSON.stringify(outcome.why)}`
    case 'superseded':
      return `${text},"supersededBy":${outcome.by}`
  }
}
