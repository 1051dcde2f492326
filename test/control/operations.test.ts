/** DESIGN § 8: changes of configuration files over the socket. What the transaction does is told in
 *  test/core/operations; here: the right to ask, with which words, and what each client is told. */
import { describe, expect, test } from 'vitest'
import { type ReloadSpec, specDefaults } from '../../src/core/plan/plan.ts'
import { plan, type Some } from '../core/plans.ts'
import { answerFileWork, Plane, type PlaneClient } from './plane.ts'

const notify = { sign: { type: 'notify' }, timeoutMs: 30_000, intervalMs: 100 } as const
const file = '/etc/web.yaml'
const oldHash = 'a'.repeat(64)
const newHash = 'b'.repeat(64)

function reload(some: Partial<ReloadSpec>): ReloadSpec {
  return { ...specDefaults.reload, ...some }
}

/** A daemon "web" with a configuration file, ready; and "db" without one. */
function planeOf(web: Some = {}): Plane {
  const plane = new Plane(
    plan({ web: { ready: notify, config: [file], ...web }, db: { control: 'look' } }),
  )
  plane.ready('web')
  return plane
}

/** @returns The id of the request, whose content has arrived. */
function apply(client: PlaneClient, args: object = {}): number {
  const id = client.request('apply', { daemon: 'web', bytes: 12, ...args })
  client.sendContent()
  return id
}

/** The daemon is restarted by the transaction, and is ready. */
function restarted(plane: Plane): void {
  plane.ends('web', 'TERM')
  plane.ready('web')
}

describe('apply', () => {
  test('begins when the content has arrived, and is answered when it is committed', () => {
    const plane = planeOf()
    const client = plane.connect()
    const id = client.request('apply', { daemon: 'web', bytes: 12, why: 'allow a\nhost' })
    expect(plane.contents.get(client.id)).toBe(12)
    expect(plane.works.filter(({ kind }) => kind === 'prepare')).toEqual([])
    client.sendContent()
    expect(plane.works.at(-1)).toMatchObject({ kind: 'store', by: 'uid 0, pid 12' })
    plane.ends('web', 'TERM')
    plane.pass(20)
    expect(client.isOpen(id)).toBe(true)
    plane.ready('web')
    expect(client.answer(id).done).toMatchObject({
      verb: 'apply',
      daemon: 'web',
      why: 'allow a host',
      outcome: 'done',
      changed: true,
      old: { run: 1, pid: 101 },
      now: { run: 2, pid: 103 },
      tookMs: 20,
      change: {
        path: file,
        step: 'over',
        result: 'applied',
        activation: 'restart',
        before: { sha256: oldHash, bytes: 10 },
        after: { sha256: newHash, bytes: 12 },
        revision: 2,
        diff: '-old\n+new\n',
        words: '',
        confirmLeftMs: null,
      },
    })
  })

  test('the content goes to the helper that prepares, as its stdin', () => {
    const plane = planeOf()
    const client = plane.connect()
    apply(client)
    expect(plane.works.find(({ kind }) => kind === 'prepare')).toMatchObject({
      source: { from: 'stdin' },
      target: { daemon: 'web', path: file },
      isDry: false,
    })
  })

  test('a plan changes nothing', () => {
    const plane = planeOf()
    const id = apply(plane.connect(), { dryRun: true })
    expect(plane.clients.get(1)?.answer(id).done).toMatchObject({
      changed: false,
      change: { result: 'planned', diff: '-old\n+new\n' },
    })
    expect(plane.works.map(({ kind }) => kind).slice(-2)).toEqual(['prepare', 'discard'])
  })

  test('a check that refuses: its words, nothing was stored, no lines of an older death', () => {
    const plane = planeOf({
      restart: { policy: 'always' },
      reload: reload({ check: ['/bin/check', '{file}'] }),
    })
    plane.lastLines = 'an old trouble\n'
    plane.ends('web', 3)
    plane.pass(1000)
    plane.ready('web')
    plane.lastLines = 'line 3: unknown key "alow"\n'
    const client = plane.connect()
    const id = apply(client)
    plane.ends('web:check', 1)
    const { failed } = client.answer(id)
    expect(failed).toMatchObject({
      code: 'FAILED',
      message: 'cannot apply web: its check has refused it: line 3: unknown key "alow"',
      change: { result: 'rejected' },
    })
    expect(failed?.lastLines).toBeUndefined()
    expect(plane.works.some(({ kind }) => kind === 'store')).toBe(false)
  })

  test('a run that does not become ready: rolled back, with the last lines of that run', () => {
    const plane = planeOf()
    const client = plane.connect()
    const id = apply(client)
    plane.ends('web', 'TERM')
    plane.lastLines = 'fatal: no such host\n'
    plane.ends('web', 3)
    plane.ready('web')
    expect(client.answer(id).failed).toMatchObject({
      code: 'FAILED',
      message: 'cannot apply web: exit code 3 before it was ready',
      lastLines: ['fatal: no such host'],
      change: { result: 'rolled back' },
    })
    const restored = plane.works.findLast(({ kind }) => kind === 'restore')
    expect(restored).toMatchObject({ outcome: 'rolled back' })
  })

  test('wait: false is answered with the open ticket, which can be awaited', () => {
    const plane = planeOf()
    const client = plane.connect()
    const id = apply(client, { wait: false })
    const { done } = client.answer(id)
    expect(done).toMatchObject({ outcome: 'open', change: { step: 'waiting', result: null } })
    const ticket = client.request('ticket', { ticket: done?.ticket, wait: true })
    restarted(plane)
    expect(client.answer(ticket).done).toMatchObject({ change: { result: 'applied' } })
  })

  test('progress names the step', () => {
    const plane = planeOf({ reload: reload({ check: ['/bin/check', '{file}'] }) })
    const client = plane.connect()
    const id = apply(client, { progress: true })
    plane.pass(1000)
    const { progress } = client.of(id).at(-1) ?? {}
    expect(progress?.words).toMatch(/^checking/)
  })

  test('a timeout leaves the ticket open', () => {
    const plane = planeOf()
    const client = plane.connect()
    const id = apply(client, { timeoutMs: 500 })
    plane.pass(500)
    expect(client.answer(id).failed).toMatchObject({ code: 'TIMED_OUT', ticket: 1 })
    expect(client.done('ticket', { ticket: 1 })).toMatchObject({ outcome: 'open' })
  })

  test('changes of two clients are performed one after the other', () => {
    const plane = planeOf()
    const [one, two] = [plane.connect(), plane.connect()]
    const [first, second] = [apply(one), apply(two)]
    expect(plane.works.filter(({ kind }) => kind === 'prepare')).toHaveLength(1)
    restarted(plane)
    expect(one.answer(first).done).toMatchObject({ ticket: 1 })
    expect(two.isOpen(second)).toBe(true)
    restarted(plane)
    expect(two.answer(second).done).toMatchObject({ change: { result: 'applied' } })
  })

  test('a shutdown supersedes it', () => {
    const plane = planeOf()
    const client = plane.connect()
    const id = apply(client)
    client.request('shutdown')
    expect(client.answer(id).failed).toMatchObject({ code: 'SUPERSEDED' })
    expect(plane.works.at(-1)).toMatchObject({ kind: 'restore' })
  })
})

describe('a content', () => {
  /** Each refusal ends the connection: the bytes that may follow are not requests. */
  test.each([
    [{ daemon: 'web', file: '/etc/shadow' }, 'NO_SUCH_FILE', 'cannot change "/etc/shadow"'],
    [{ daemon: 'db' }, 'NO_SUCH_FILE', 'cannot change a file of db: it has no "config:"'],
    [{ daemon: 'wep' }, 'NO_SUCH_DAEMON', 'cannot find daemon "wep"'],
    [{ daemon: 'web', bytes: 10_485_760 }, 'REQUEST_INVALID', 'bytes from 0 to 1048576'],
    [{ daemon: 'web', bytes: -1 }, 'REQUEST_INVALID', 'bytes from 0 to 1048576'],
    [{ daemon: 'web', ifMatch: 'sha256:12' }, 'REQUEST_INVALID', 'it is no SHA-256'],
    [{ daemon: 'web', confirmMs: 0 }, 'REQUEST_INVALID', 'milliseconds from 1 to 86400000'],
    [{ daemon: 'web', fiel: file }, 'REQUEST_INVALID', 'unknown'],
  ])('of a refused request is not read: %j', (args, code, words) => {
    const plane = planeOf()
    const client = plane.connect()
    const id = client.request('apply', { bytes: 5, ...args })
    const { failed } = client.answer(id)
    expect(failed?.code).toBe(code)
    expect(failed?.message).toContain(words)
    expect(client.isClosed).toBe(true)
    expect(plane.contents.size).toBe(0)
    expect(plane.works.filter(({ kind }) => kind === 'prepare')).toEqual([])
  })

  test('whose request is no request at all is not read either', () => {
    const plane = planeOf()
    const client = plane.connect()
    client.send('{"id":"x","verb":"apply","args":{"daemon":"web", "bytes" : 60}}')
    client.send('{"id":2,"verb":"shutdown"}')
    expect(client.answer(null).failed).toMatchObject({ code: 'REQUEST_INVALID' })
    expect(client.isClosed).toBe(true)
    expect(client.of(2)).toEqual([])
    expect(plane.log.some((line) => line.includes('shutdown'))).toBe(false)
  })

  test('that the host cannot keep: the request fails, and the connection ends', () => {
    const plane = planeOf()
    const client = plane.connect()
    plane.contentErrno = 'EBUSY'
    const id = client.request('apply', { daemon: 'web', bytes: 5 })
    expect(client.answer(id).failed).toMatchObject({ code: 'BUSY' })
    expect(client.isClosed).toBe(true)
  })

  test('that does not arrive in time: the request fails, and the connection ends', () => {
    const plane = planeOf()
    const client = plane.connect()
    const id = client.request('apply', { daemon: 'web', bytes: 5 })
    client.sendContent('ETIMEDOUT')
    expect(client.answer(id).failed).toMatchObject({
      code: 'FAILED',
      message: expect.stringMatching(/^cannot apply: the content did not arrive/),
    })
    expect(client.isClosed).toBe(true)
    expect(plane.works.filter(({ kind }) => kind === 'prepare')).toEqual([])
  })

  test('of a client that is gone changes nothing', () => {
    const plane = planeOf()
    const client = plane.connect()
    client.request('apply', { daemon: 'web', bytes: 5 })
    client.hangUp()
    client.sendContent()
    expect(plane.works.filter(({ kind }) => kind === 'prepare')).toEqual([])
  })

  test('of a request that was cancelled before it arrived is dropped', () => {
    const plane = planeOf()
    const client = plane.connect()
    const id = client.request('apply', { daemon: 'web', bytes: 5 })
    client.done('cancel', { request: id })
    client.sendContent()
    expect(plane.contents.size).toBe(0)
    expect(plane.works.filter(({ kind }) => kind === 'prepare')).toEqual([])
  })
})

describe('access', () => {
  test('a daemon that may only look cannot change a file, and can read the history', () => {
    const plane = planeOf()
    const client = plane.connect({ daemon: 'web', run: 1 })
    for (const verb of ['apply', 'rollback', 'reload', 'confirm', 'revoke'] as const) {
      const other = plane.connect({ daemon: 'web', run: 1 })
      const args = verb === 'apply' ? { bytes: 1 } : {}
      const id = other.request(verb, { daemon: 'web', ...args })
      expect(other.answer(id).failed?.code, verb).toBe('NOT_PERMITTED')
    }
    expect(client.done('history', { daemon: 'web' })).toEqual({ daemon: 'web' })
  })
})

describe('confirm and revoke', () => {
  /** @returns A change that waits for its confirmation. */
  function unconfirmed(): { plane: Plane; client: PlaneClient; id: number } {
    const plane = planeOf()
    const client = plane.connect()
    const id = apply(client, { confirmMs: 60_000 })
    restarted(plane)
    return { plane, client, id }
  }

  test('a change that is confirmed in time is committed', () => {
    const { plane, client, id } = unconfirmed()
    plane.pass(20_000)
    expect(client.done('ticket', { ticket: 1 })).toMatchObject({
      change: { step: 'confirming', confirmLeftMs: 40_000 },
    })
    expect(plane.connect().done('confirm', { ticket: 1 })).toEqual({ ticket: 1 })
    expect(client.answer(id).done).toMatchObject({ change: { result: 'applied' } })
  })

  test('a second confirmation fails: it is over', () => {
    const { client } = unconfirmed()
    client.done('confirm', { ticket: 1 })
    expect(client.failed('confirm', { ticket: 1 })).toEqual({
      code: 'FAILED',
      message: 'cannot confirm ticket 1: it is over',
      hint: '"pitcrew ticket 1" shows it',
    })
  })

  test('a change that is not confirmed is rolled back', () => {
    const { plane, client, id } = unconfirmed()
    plane.pass(60_000)
    restarted(plane)
    expect(client.answer(id).failed).toMatchObject({
      message: 'cannot apply web: it was not confirmed in 60 s',
      change: { result: 'rolled back' },
    })
  })

  test('a change that is revoked is rolled back; the words name the client', () => {
    const { plane, client, id } = unconfirmed()
    expect(client.done('revoke', { ticket: 1 })).toEqual({ ticket: 1 })
    expect(client.isOpen(id)).toBe(true)
    restarted(plane)
    expect(client.answer(id).failed?.message).toBe(
      'cannot apply web: it was cancelled by uid 0, pid 12',
    )
    expect(client.failed('revoke', { ticket: 1 }).message).toBe(
      'cannot cancel ticket 1: it is over',
    )
  })

  test.each(['confirm', 'revoke'] as const)('%s of an unknown ticket', (verb) => {
    expect(planeOf().connect().failed(verb, { ticket: 7 })).toMatchObject({
      code: 'NO_SUCH_TICKET',
      message: expect.stringContaining('there is no ticket 7'),
    })
  })

  test('a ticket of another kind, and a change that awaits nothing', () => {
    const plane = planeOf()
    const client = plane.connect()
    client.request('restart', { daemon: 'web' })
    expect(client.failed('confirm', { ticket: 1 }).message).toBe(
      'cannot confirm ticket 1: it is a restart web',
    )
    apply(client)
    expect(client.failed('confirm', { ticket: 2 }).message).toBe(
      'cannot confirm ticket 2: it waits for no confirmation',
    )
  })
})

describe('rollback, reload and history', () => {
  test('rollback takes the revision that is named', () => {
    const plane = planeOf()
    const client = plane.connect()
    client.request('rollback', { daemon: 'web', to: 3, wait: false })
    const sources = plane.works.flatMap((work) => (work.kind === 'prepare' ? [work.source] : []))
    expect(sources).toContainEqual({ from: 'revision', revision: 3 })
  })

  test('a rollback to a revision that is not kept changes nothing', () => {
    const plane = planeOf()
    plane.answerTo = (work) =>
      work.kind === 'prepare'
        ? { kind: 'refused', code: 'no-revision', why: 'there is no revision 9', remedy: null }
        : answerFileWork(work)
    expect(plane.connect().failed('rollback', { daemon: 'web', to: 9 })).toMatchObject({
      code: 'FAILED',
      message: 'cannot rollback web: there is no revision 9',
    })
  })

  test('reload restarts a daemon that has no other way', () => {
    const plane = planeOf()
    const client = plane.connect()
    const id = client.request('reload', { daemon: 'web' })
    restarted(plane)
    expect(client.answer(id).done).toMatchObject({ verb: 'reload', now: { run: 2 }, change: null })
  })

  test('the file must be named where there are several', () => {
    const plane = planeOf({ config: [file, '/etc/hosts.allow'] })
    const client = plane.connect()
    expect(client.failed('rollback', { daemon: 'web' })).toEqual({
      code: 'REQUEST_INVALID',
      message: 'cannot tell which file of web is meant: it has 2',
      hint: 'known: /etc/web.yaml, /etc/hosts.allow',
    })
    expect(client.failed('rollback', { daemon: 'web', file: '/etc/wev.yaml' }).hint).toBe(
      'did you mean "/etc/web.yaml"?',
    )
  })

  test('history has an item for each revision', () => {
    const plane = planeOf()
    const revision = {
      number: 1,
      path: file,
      outcome: 'rolled back',
      cause: 'exit code 3',
      tx: '1-1',
      content: { sha256: oldHash, bytes: 10 },
      isLastGood: false,
      by: 'uid 0',
      why: '',
      at: 0,
    } as const
    plane.answerTo = () => ({ kind: 'history', revisions: [revision] })
    const client = plane.connect()
    const id = client.request('history', { daemon: 'web' })
    expect(client.answer(id).done).toEqual({ daemon: 'web' })
    expect(client.items(id)).toEqual([
      {
        revision: 1,
        at: '1970-01-01T00:00:00.000Z',
        path: file,
        outcome: 'rolled back',
        cause: 'exit code 3',
        by: 'uid 0',
        why: '',
        sha256: oldHash,
        bytes: 10,
        lastGood: false,
      },
    ])
  })

  test('history that cannot be read is a failure that says why', () => {
    const plane = planeOf()
    plane.answerTo = () => ({ kind: 'failed', why: 'the disk is gone', remedy: null })
    expect(plane.connect().failed('history', { daemon: 'web' }).message).toBe(
      'cannot read the history of web: the disk is gone',
    )
  })
})

describe('status and explain', () => {
  function statusOf(plane: Plane): Record<string, unknown> {
    const { daemons } = plane.connect().done('status') as {
      daemons: Record<string, unknown>[]
    }
    return daemons[0] as Record<string, unknown>
  }
  function explain(plane: Plane): { why: string[]; remedies: string[] } {
    return plane.connect().done('explain', { daemon: 'web' }) as {
      why: string[]
      remedies: string[]
    }
  }
  /** The watcher has seen this content. */
  function onDisk(plane: Plane, sha256: string, changedMs: number): void {
    const errno = null
    plane.handle({ type: 'file', path: file, sha256, bytes: 10, errno, changedMs })
  }

  test('say nothing of files that are as they were', () => {
    const plane = planeOf()
    onDisk(plane, oldHash, 0)
    expect(statusOf(plane)).not.toHaveProperty('files')
    expect(statusOf(plane)).not.toHaveProperty('change')
  })

  test('a content on disk that its check has refused: why, and what helps', () => {
    const plane = planeOf({ reload: reload({ check: ['/bin/check', '{file}'] }) })
    onDisk(plane, oldHash, 0)
    plane.lastLines = 'line 3: unknown key'
    onDisk(plane, newHash, plane.nowMs + Date.UTC(2026, 11, 1))
    plane.pass(600)
    expect(statusOf(plane)).toMatchObject({
      files: [{ path: file, differs: true, rejected: null }],
      change: { ticket: 1, verb: 'apply', path: file, step: 'checking', confirmLeftMs: null },
    })
    expect(explain(plane).why).toContain('apply of /etc/web.yaml (ticket 1) is checking')
    plane.ends('web:check', 1)
    const why = 'its check has refused it: line 3: unknown key'
    expect(statusOf(plane)).toMatchObject({ files: [{ differs: true, rejected: why }] })
    expect(explain(plane).why).toContain(
      `the content of ${file} was rejected: ${why}; run 1 uses the content from before`,
    )
    expect(explain(plane).remedies).toEqual([
      `correct ${file}: a good content is applied by itself`,
      '"pitcrew rollback web" puts the last good content back',
    ])
    onDisk(plane, oldHash, plane.nowMs + Date.UTC(2026, 11, 1))
    plane.pass(600)
    expect(statusOf(plane)).not.toHaveProperty('files')
  })

  test('a change that waits for its confirmation, and one that waits for it', () => {
    const plane = planeOf()
    const client = plane.connect()
    apply(client, { confirmMs: 60_000 })
    restarted(plane)
    plane.pass(18_000)
    expect(statusOf(plane)).toMatchObject({ change: { step: 'confirming', confirmLeftMs: 42_000 } })
    expect(explain(plane)).toMatchObject({
      why: expect.arrayContaining([
        `apply of ${file} (ticket 1) waits to be confirmed: 42 s left, then the old content is put back`,
      ]),
      remedies: [
        '"pitcrew confirm 1" keeps the new content',
        '"pitcrew cancel 1" puts the old content back now',
      ],
    })
  })

  test('a daemon that is down since its file was changed', () => {
    const plane = new Plane(plan({ web: { ready: notify, config: [file] }, db: {} }))
    onDisk(plane, oldHash, 0)
    plane.ready('web')
    plane.pass(400)
    onDisk(plane, newHash, plane.nowMs + Date.UTC(2026, 11, 1))
    plane.ends('web', 3)
    const { why, remedies } = explain(plane)
    expect(why).toContain(`${file} has changed since web last worked with it`)
    expect(remedies).toContain('"pitcrew rollback web" puts the last good content back')
  })
})
