/** Promises about requests over the control socket: each is answered once, with its true result. */
import type { Claim } from '../judge/claims.ts'
import { readySince } from '../judge/daemon-state.ts'
import type { Answer, ControlRequest, Facts, Request, RunFacts, When } from '../judge/facts.ts'
import { callBefore, lastRun } from '../judge/timeline.ts'
import { never } from '../world/schedule.ts'
import { first, type Promised } from './promise.ts'

type TicketAnswer = NonNullable<Answer['done']>

export const requestAnswered: Promised = {
  sentence:
    'Each request over the control socket is answered once, at the end of pitcrew at the latest',
  broken: (facts) =>
    first(facts.controlRequests, (request) => {
      const { answers, isLost } = request
      const { finish } = facts
      if (answers.length > 1) return `${nameOf(request)} is answered ${answers.length} times`
      if (answers.length === 1 || isLost || facts.isBroken || finish === null) return null
      // The end closes all connections; requests that arrive with it may not be read any more.
      const endIndex = whenCalled(facts, finish)
      const isClosed = request.closed !== null && request.closed.index < endIndex
      return isClosed || request.index >= endIndex ? null : `${nameOf(request)} is not answered`
    }),
}

export const openIsOpen: Promised = {
  sentence: 'A request without waiting gets its ticket at once; a waiting one gets its result',
  broken: (facts) =>
    eachAnswer(facts, (request, { atMs, done }) => {
      if (done === undefined || !isTicket(done)) return null
      if (request.wait) return done.outcome === 'open' ? 'the ticket is still open' : null
      const isLate = atMs > request.atMs + facts.lostMs + facts.lateMs
      return isLate && !facts.isBroken ? 'the answer is late' : null
    }),
}

export const startIsReady: Promised = {
  sentence:
    'A start or a restart is done when its run is ready, and that of a job when the job is done',
  broken: (facts) =>
    eachDone(facts, (request, done, when) => {
      if (request.verb !== 'start' && request.verb !== 'restart') return null
      const run = facts.runs.find(
        ({ spec, run: number }) => spec.name === request.daemon && number === done.now?.run,
      )
      if (run === undefined || run.pid !== done.now?.pid) return 'there is no such run'
      if (
        request.verb === 'restart' &&
        run.spawned.index < request.index &&
        !isSpawning(run, request)
      ) {
        return 'it is the run that was to be replaced'
      }
      const claimed = (what: string): boolean =>
        run.claims.some((claim) => claim.what === what && claim.index < when.index)
      if (run.spec.kind === 'job') {
        const isDone = claimed('done') || (facts.isBroken && run.exit !== null)
        return isDone ? null : 'the job is not done'
      }
      const ready = readySince(run)
      const isReady = ready !== null && ready.index < when.index
      if (!isReady && !facts.isBroken) return 'it is not ready'
      const isOver = run.exit !== null && run.exit.index < whenCalled(facts, when)
      return isOver && !facts.isBroken ? 'it is over' : null
    }),
}

/** Its spawn was in progress when the request came. */
function isSpawning({ claims }: RunFacts, { index }: When): boolean {
  const claim = claims.find(({ what }) => what === 'started' || what === 'start-failed')
  return claim === undefined || claim.index > index
}

export const stopIsOver: Promised = {
  sentence:
    'A stop is done when no process of the run is left, and no run starts after it without a request',
  broken: (facts) =>
    eachDone(facts, (request, done, when) => {
      if (request.verb !== 'stop' || facts.isBroken) return null
      if (done.now !== null) return `run ${done.now.run} is running`
      const own = facts.runsOf.get(request.daemon ?? '') ?? []
      const run = lastRun(facts, request.daemon ?? '', when.index)
      if (run !== undefined && run.pid !== null && (run.gone?.index ?? when.index) >= when.index) {
        return `run ${run.run} is not over`
      }
      const next = own.find(({ spawned }) => spawned.index > when.index)
      const isAsked = facts.requests.some(
        ({ daemon, verb, index }) =>
          daemon === request.daemon &&
          verb !== 'stop' &&
          index > request.index &&
          index < (next?.spawned.index ?? 0),
      )
      return next === undefined || isAsked ? null : `run ${next.run} is started without a request`
    }),
}

export const failedHasCause: Promised = {
  sentence:
    'A request fails only after a reported failure: an end, a failed health check or start, or a failed dependency',
  broken: (facts) =>
    eachAnswer(facts, (request, { failed, index }) => {
      if (failed?.code !== 'FAILED' || facts.isBroken) return null
      const isOver = facts.finish !== null && facts.finish.index < index
      // A shutdown that is requested after everything has ended by itself fails.
      const isLate = request.verb === 'shutdown' && isOver && facts.shutdown === null
      const isStop = request.verb === 'stop' || request.verb === 'shutdown'
      if (isStop && !isLate) return 'a stop does not fail'
      const isSeen = facts.claims.some(
        (claim) =>
          claim.daemon === request.daemon &&
          claim.index > request.index &&
          claim.index < index &&
          failures.includes(claim.what),
      )
      return isSeen || isOver ? null : 'no failure was reported'
    }),
}

/** A successful end before the run was ready is a failure, too. */
const failures: readonly Claim['what'][] = [
  'died',
  'done',
  'start-failed',
  'not-ready',
  'not-alive',
  'watchdog',
  'skipped',
]

export const supersededHasReason: Promised = {
  sentence:
    'A request is superseded only by a shutdown or a later request for something else; one for the same joins it',
  broken: (facts) =>
    eachAnswer(facts, (request, { failed, index }) => {
      if (failed?.code !== 'SUPERSEDED') return null
      const { shutdown, requests, finish } = facts
      const isByEnd = [shutdown, finish].some((end) => end !== null && end.index < index)
      const isByLater = requests.some((one) => {
        const isMeant =
          one.daemon === request.daemon && one.index > request.index && one.index < index
        return isMeant && isContrary(facts, request, one)
      })
      return isByEnd || isByLater || facts.isBroken ? null : 'there is no other request'
    }),
}

/** The later request is for something else: the opposite, or a further run. */
function isContrary(facts: Facts, request: ControlRequest, later: Request): boolean {
  if (request.verb === 'stop' || later.verb === 'stop') return request.verb !== later.verb
  const run = lastRun(facts, later.daemon, later.index)
  const isBefore = (when: When | null | undefined): boolean =>
    (when?.index ?? later.index) < later.index
  return (
    later.verb === 'restart' &&
    run !== undefined &&
    !isBefore(run.stopOrdered) &&
    !isBefore(run.exit)
  )
}

export const shutdownTellsCode: Promised = {
  sentence: 'The result of a requested shutdown has the exit code of pitcrew',
  broken: (facts) =>
    eachAnswer(facts, (request, { done, failed, index }) => {
      if (request.verb !== 'shutdown' || !request.wait) return null
      // It was requested after everything had ended by itself.
      const isOver = facts.finish !== null && facts.finish.index < index && facts.shutdown === null
      if (failed !== undefined) return facts.isBroken || isOver ? null : `it failed: ${failed.code}`
      if (done === undefined || !isTicket(done) || facts.finish === null) return null
      return done.exitCode === facts.finish.code ? null : `the result has ${done.exitCode}`
    }),
}

/** What precedes the ticket number in an entry of the journal. (Quotation marks within texts are
 *  escaped.) */
const ticketKey = ',"ticket":'

export const endsOnce: Promised = {
  sentence: 'According to the journal each ticket ends once, and none is left open',
  broken: (facts) => {
    const ended = new Map<number, number>()
    const givenUp = appendsGivenUp(facts)
    for (const moment of facts.trace) {
      if (moment.what !== 'append') continue
      // Entries were dropped for lack of room.
      if (moment.text.includes('"dropped":')) return null
      for (const entry of moment.text.split(ticketKey).slice(1)) {
        const ticket = Number.parseInt(entry, 10)
        // An append that was given up is repeated, and may have been written all the same.
        ended.set(ticket, (ended.get(ticket) ?? 0) + (givenUp.has(moment.id) ? 0 : 1))
      }
    }
    // Entries that the disk refuses are written again.
    const { errno, tookMs } = facts.schedule.disk
    if (facts.isBroken || errno !== null || tookMs === never) return null
    const twice = [...ended].find(([, times]) => times > 1)
    if (twice !== undefined) return `ticket ${twice[0]} ends ${twice[1]} times`
    const numbers = [...ended.keys()]
    const isCut = tookMs > 1000 || facts.boot === null
    const missing = numbers.length === 0 ? 0 : Math.max(...numbers) - numbers.length
    const isLate = facts.controlRequests.some(({ index }) => index > (facts.finish?.index ?? 0))
    return missing === 0 || isCut || isLate ? null : `${missing} tickets have no end`
  },
}

/** The ids of appends that timed out. */
function appendsGivenUp({ calls }: Facts): ReadonlySet<number> {
  const ids = new Set<number>()
  for (const { event } of calls) {
    if (event.type === 'helper' && event.errno === 'ETIMEDOUT') ids.add(event.id)
  }
  return ids
}

function eachAnswer(
  facts: Facts,
  problem: (request: ControlRequest, answer: When & Answer) => string | null,
): string | null {
  return first(facts.controlRequests, (request) =>
    first(request.answers, (answer) => {
      const found = problem(request, answer)
      return found === null ? null : `${nameOf(request)}, answered at ${answer.atMs}: ${found}`
    }),
  )
}

/** The successful results of waiting requests. */
function eachDone(
  facts: Facts,
  problem: (request: ControlRequest, done: TicketAnswer, when: When) => string | null,
): string | null {
  return eachAnswer(facts, (request, answer) => {
    const { done } = answer
    return done === undefined || done.outcome !== 'done' ? null : problem(request, done, answer)
  })
}

function isTicket(done: TicketAnswer): boolean {
  return 'ticket' in done
}

/** The beginning of the call in which something was done. */
function whenCalled(facts: Facts, { index }: When): number {
  return callBefore(facts, index)?.index ?? 0
}

function nameOf({ verb, daemon, atMs }: ControlRequest): string {
  return `${verb} ${daemon ?? ''} of ${atMs}`
}
