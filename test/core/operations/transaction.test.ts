/** A change of a configuration file as one transaction (DESIGN: plan, check, store, activate,
 *  verify, confirm, commit; any failure after "store" leads back). */
import { expect, test } from 'vitest'
import {
  answer,
  bad,
  begin,
  committed,
  ended,
  failed,
  good,
  prepared,
  preparedSame,
  ready,
  requested,
  restored,
  Story,
  stopped,
  stored,
} from './transaction-story.ts'

const check = ['web', '-t', '{file}']

test('a new content is checked, stored, activated by a restart, and is then the last good one', () => {
  const story = new Story({ reload: { check } })
  story.play(begin, prepared, good, stored, requested(2), ready(2, 2, 9), committed)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> checking       check /etc/.web.conf.pitcrew-1
    check passed       -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 done             -> committing     disarm, commit
    commit: committed  -> over           applied
    "
  `)
  expect(story.ended?.outcome).toMatchObject({ kind: 'done', changed: true })
})

test('a content that the run was started with changes nothing', () => {
  const story = new Story({ reload: { check } }).play(begin, preparedSame)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> over           discard, unchanged
    "
  `)
  expect(story.ended?.outcome).toMatchObject({ kind: 'done', changed: false })
})

test('a file that was edited by hand, and not yet used, is applied though it is not written', () => {
  const story = new Story({ startedWith: 'older' }).play(begin, preparedSame, prepared)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> preparing      prepare
    prepare: prepared  -> storing        store
    "
  `)
})

test('a plan changes nothing', () => {
  const story = new Story({ request: { isDry: true }, reload: { check } }).play(begin, prepared)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> over           discard, planned
    "
  `)
})

test('a content that its check refuses is rejected with the words of the check', () => {
  const story = new Story({ reload: { check } }).play(begin, prepared, bad)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> checking       check /etc/.web.conf.pitcrew-1
    check failed       -> over           discard, abandon, rejected: its check has refused it: line 3: no such key
    "
  `)
  expect(story.ended?.outcome).toMatchObject({ kind: 'failed' })
})

test('a path that cannot be used is rejected with the reason', () => {
  const refused = answer('prepare', {
    kind: 'refused',
    code: 'not-a-file',
    why: 'cannot apply /etc/web.conf: it is a folder',
    remedy: null,
  })
  expect(new Story().play(begin, refused).text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: refused   -> over           rejected: cannot apply /etc/web.conf: it is a folder
    "
  `)
})

test('a disk that is full rejects the change, and the candidate is removed', () => {
  const full = answer('store', {
    kind: 'failed',
    why: 'cannot write /etc/web.conf: ENOSPC',
    remedy: null,
  })
  expect(new Story().play(begin, prepared, full).text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: failed      -> over           discard, rejected: cannot write /etc/web.conf: ENOSPC
    "
  `)
})

test('a daemon that does not become ready gets its old content back', () => {
  const story = new Story()
  story.play(begin, prepared, stored, requested(2), failed(2, 'not ready in time'))
  story.play(restored, requested(3), ready(3, 3, 11))
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 failed           -> restoring      abandon, restore
    restore: restored  -> reverting      restart
    ticket 3           -> reverting
    3 done             -> over           rolled back: not ready in time
    "
  `)
  expect(story.ended?.outcome).toMatchObject({ kind: 'failed', why: 'not ready in time' })
})

test('a daemon that fails with its old content, too, is reported as such', () => {
  const story = new Story()
  story.play(begin, prepared, stored, requested(2), failed(2, 'exit code 1'))
  story.play(restored, requested(3), failed(3, 'exit code 1'))
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 failed           -> restoring      abandon, restore
    restore: restored  -> reverting      restart
    ticket 3           -> reverting
    3 failed           -> over           rollback failed: exit code 1; and with its old content: exit code 1
    "
  `)
})

test('a rollback does not overwrite a newer edit', () => {
  const left = answer('restore', { kind: 'left', why: 'edited', now: null })
  const story = new Story()
  story.play(begin, prepared, stored, requested(2), failed(2, 'exit code 1'), left)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 failed           -> restoring      abandon, restore
    restore: left      -> over           rollback failed: exit code 1; edited
    "
  `)
})

test('without readiness a run must be alive for a while', () => {
  const story = new Story({ spec: { ready: null } })
  story.play(begin, prepared, stored, requested(2), { now: { run: 2 } }, ready(2, 2, 9))
  story.play({ type: 'elapsed' }, committed)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 done             -> verifying      arm 1000 ms
    elapsed            -> committing     disarm, commit
    commit: committed  -> over           applied
    "
  `)
})

test('a run that dies before that leads back at once', () => {
  const story = new Story({ spec: { ready: null } })
  story.play(begin, prepared, stored, requested(2), ready(2, 2, 9))
  story.play({ type: 'died', run: 2, words: 'exit code 3' }, restored)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 done             -> verifying      arm 1000 ms
    died               -> restoring      disarm, abandon, restore
    restore: restored  -> reverting      restart
    "
  `)
})

test('the death of an older run has no effect', () => {
  const story = new Story({ spec: { ready: null } })
  story.play(begin, prepared, stored, requested(2), ready(2, 2, 9))
  story.play({ type: 'died', run: 1, words: 'exit code 3' })
  expect(story.transaction.change.step).toBe('verifying')
})

test('a daemon that reloads keeps its run', () => {
  const story = new Story({ reload: { by: { type: 'signal', signal: 'HUP' } } })
  story.play(begin, prepared, stored, { type: 'reloaded', problem: null })
  story.play({ type: 'elapsed' }, committed)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     reload run 1
    reloaded           -> verifying      arm 1000 ms
    elapsed            -> committing     disarm, commit
    commit: committed  -> over           applied
    "
  `)
})

test('a reload that ends the daemon leads back, and the daemon is started again', () => {
  const story = new Story({ reload: { by: { type: 'signal', signal: 'HUP' } } })
  story.play(begin, prepared, stored, { type: 'reloaded', problem: null })
  story.play({ now: { phase: 'backoff', untilMs: 0 } as never })
  story.play({ type: 'died', run: 1, words: 'exit code 1' }, restored, requested(2), ready(2, 2, 9))
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     reload run 1
    reloaded           -> verifying      arm 1000 ms
    died               -> restoring      disarm, abandon, restore
    restore: restored  -> reverting      restart
    ticket 2           -> reverting
    2 done             -> over           rolled back: exit code 1
    "
  `)
})

test('a check in place reads the real path, and its failure puts the old content back', () => {
  const story = new Story({ reload: { check: ['web', '-t'], checkInPlace: true } })
  story.play(begin, prepared, stored, bad, restored)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> checking       check /etc/web.conf
    check failed       -> restoring      abandon, restore
    restore: restored  -> over           rejected: its check has refused it: line 3: no such key
    "
  `)
})

test('a probe verifies the activation', () => {
  const verify = { type: 'tcp', host: '127.0.0.1', port: 80 } as const
  const story = new Story({ reload: { verify } })
  story.play(begin, prepared, stored, requested(2), ready(2, 2, 9))
  story.play({ type: 'verified', problem: 'connection refused' }, restored)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 done             -> verifying      verify run 2
    not verified       -> restoring      disarm, abandon, restore
    restore: restored  -> reverting      restart
    "
  `)
})

test('a change that must be confirmed is committed at the confirmation', () => {
  const story = new Story({ request: { confirmMs: 60_000 } })
  story.play(begin, prepared, stored, requested(2), ready(2, 2, 9))
  story.play({ type: 'confirm' }, answer('mark', { kind: 'marked' } as never), committed)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 done             -> confirming     disarm, arm 60000 ms, mark
    confirm            -> committing     disarm, commit
    mark: marked       -> committing
    commit: committed  -> over           applied
    "
  `)
})

test('a change that is not confirmed in time is rolled back', () => {
  const story = new Story({ request: { confirmMs: 60_000 } })
  story.play(begin, prepared, stored, requested(2), ready(2, 2, 9))
  story.play({ type: 'elapsed' }, restored, requested(3), ready(3, 3, 11))
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 done             -> confirming     disarm, arm 60000 ms, mark
    elapsed            -> restoring      disarm, restore
    restore: restored  -> reverting      restart
    ticket 3           -> reverting
    3 done             -> over           rolled back: it was not confirmed in 60 s
    "
  `)
})

test('a cancellation undoes what was done, in every step', () => {
  const cancel = { type: 'cancel', words: 'cancelled' } as const
  const before = [begin, prepared, good, stored, requested(2), ready(2, 2, 9)]
  const ends = before.map((_, count) => {
    const story = new Story({ reload: { check }, request: { confirmMs: 1000 } })
    story.play(...before.slice(0, count), cancel)
    return `${story.lines.length} ${story.lines.at(-1)}`
  })
  expect(`\n${ends.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    1 cancel             -> over           rejected: cancelled
    2 cancel             -> over           discard, rejected: cancelled
    3 cancel             -> over           discard, abandon, rejected: cancelled
    4 cancel             -> restoring      restore
    5 cancel             -> restoring      abandon, restore
    6 cancel             -> restoring      abandon, restore
    "
  `)
})

test('a daemon that was stopped by an operator is not started', () => {
  const story = new Story({ daemon: stopped }).play(begin, prepared, stored, committed)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> committing     commit
    commit: committed  -> over           applied: it does not run, and reads the file at its next start
    "
  `)
})

test('a daemon that was given up is started with the new content', () => {
  const givenUp = { phase: 'stopped', end: 'failed' } as never
  const story = new Story({ daemon: givenUp }).play(begin, prepared, stored)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    "
  `)
})

test('a stop during the activation puts the old content back', () => {
  const story = new Story().play(begin, prepared, stored, requested(2), { now: stopped })
  story.play(ended(2, { kind: 'superseded', by: 3, verb: 'stop', tookMs: 1 }), restored)
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 superseded       -> restoring      abandon, restore
    restore: restored  -> over           rolled back: a stop was requested before it was verified
    "
  `)
})

test('a restart during the activation is followed instead', () => {
  const story = new Story().play(begin, prepared, stored, requested(2))
  story.play(ended(2, { kind: 'superseded', by: 3, verb: 'restart', tookMs: 1 }), ready(3, 3, 9))
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> preparing      prepare
    prepare: prepared  -> storing        store
    store: stored      -> activating     restart
    ticket 2           -> activating
    2 superseded       -> activating
    3 done             -> committing     disarm, commit
    "
  `)
})

test('a shutdown undoes what was not verified', () => {
  const before = [begin, prepared, good, stored, requested(2), ready(2, 2, 9), committed]
  const ends = before.map((_, count) => {
    const story = new Story({ reload: { check }, request: { confirmMs: 1000 } })
    story.play(...before.slice(0, count), { type: 'shutdown', ticket: 9 })
    return story.lines.at(-1)
  })
  expect(`\n${ends.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    shutdown           -> over           superseded: pitcrew shuts down
    shutdown           -> over           discard, superseded: pitcrew shuts down
    shutdown           -> over           discard, abandon, superseded: pitcrew shuts down
    shutdown           -> over           restore, superseded: pitcrew shuts down
    shutdown           -> over           restore, abandon, superseded: pitcrew shuts down
    shutdown           -> over           restore, abandon, superseded: pitcrew shuts down
    shutdown           -> over           restore, disarm, superseded: pitcrew shuts down
    "
  `)
})

test('after a failure inside pitcrew every step leads to an end', () => {
  const before = [begin, prepared, good, stored, requested(2), ready(2, 2, 9), committed]
  const ends = before.map((_, count) => {
    const story = new Story({ reload: { check }, request: { confirmMs: 1000 } })
    story.play(...before.slice(0, count), { type: 'recover' })
    return story.lines.at(-1)
  })
  expect(`\n${ends.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    recover            -> waiting
    recover            -> over           discard, rejected: it was lost in an internal error of pitcrew
    recover            -> over           discard, abandon, rejected: it was lost in an internal error of pitcrew
    recover            -> restoring      restore
    recover            -> restoring      abandon, restore
    recover            -> restoring      abandon, restore
    recover            -> confirming     arm 990 ms
    "
  `)
})

test('a reload without a new content has no file work', () => {
  const by = { type: 'signal', signal: 'HUP' } as const
  const story = new Story({ request: { verb: 'reload', path: '' }, reload: { by } })
  story.play(begin, { type: 'reloaded', problem: null }, { type: 'elapsed' })
  expect(story.text).toMatchInlineSnapshot(`
    "
    begin              -> activating     reload run 1
    reloaded           -> verifying      arm 1000 ms
    elapsed            -> over           disarm, abandon, done
    "
  `)
  expect(story.ended?.change).toBeUndefined()
})
