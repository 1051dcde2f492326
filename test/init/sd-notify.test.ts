/** Messages of sd_notify(3) as events of the core. */
import { describe, expect, test } from 'vitest'
import { describeEvent } from '../../src/core/text/describe.ts'
import { eventsOfMessage } from '../../src/init/perform/sd-notify.ts'
import { daemonSpec } from '../core/plans.ts'
import { fieldsOf } from '../notify-fields.ts'

const ready = { sign: { type: 'notify' }, timeoutMs: 5000, intervalMs: 100 } as const
const web = daemonSpec('web', { ready, watchdogMs: 1000 })

function told(text: string, spec = web): string[] {
  return eventsOfMessage(spec, 2, fieldsOf(text)).map((event) =>
    describeEvent({ ...event, atMs: 0 }),
  )
}

describe('a message', () => {
  test.each<[text: string, events: readonly string[]]>([
    ['READY=1', ['ready web 2', 'status-reported web 2: ready']],
    ['READY=1\n', ['ready web 2', 'status-reported web 2: ready']],
    ['READY=0', []],
    ['STATUS=Loading rules', ['status-reported web 2: "Loading rules"']],
    ['STATUS=a=b', ['status-reported web 2: "a=b"']],
    ['READY=1\nSTATUS=Serving', ['ready web 2', 'status-reported web 2: ready, "Serving"']],
    ['STOPPING=1', ['status-reported web 2: stopping']],
    ['RELOADING=1\nMONOTONIC_USEC=5', ['status-reported web 2: reloading']],
    ['RELOADING=1\nSTATUS=Reading', ['status-reported web 2: reloading, "Reading"']],
    ['WATCHDOG=1', ['watchdog-ping web 2']],
    ['WATCHDOG=trigger', ['unhealthy web 2: triggered']],
    ['EXTEND_TIMEOUT_USEC=1500000', ['watchdog-ping web 2 for 1500 ms']],
    ['EXTEND_TIMEOUT_USEC=-5', []],
    ['EXTEND_TIMEOUT_USEC=7200000000', ['watchdog-ping web 2 for 7200000 ms']],
    ['EXTEND_TIMEOUT_USEC=1e6', []],
    ['WATCHDOG=1\nEXTEND_TIMEOUT_USEC=5000', ['watchdog-ping web 2 for 5 ms']],
    ['EXTEND_TIMEOUT_USEC=soon', []],
    ['BARRIER=1', []],
    ['MAINPID=77\nFDSTORE=1', []],
    ['', []],
    ['READY', []],
    ['=1\n==\n', []],
  ])('%j', (text, events) => {
    expect(told(text)).toEqual(events)
  })
})

test('READY=1 of a daemon that is probed is ignored', () => {
  const sign = { type: 'tcp', host: '127.0.0.1', port: 80 } as const
  expect(told('READY=1', daemonSpec('web', { ready: { ...ready, sign } }))).toEqual([
    'status-reported web 2: ready',
  ])
})

test('a long status is cut', () => {
  expect(eventsOfMessage(web, 2, { STATUS: 'x'.repeat(4000) })).toEqual([
    { type: 'status-reported', daemon: 'web', run: 2, status: 'x'.repeat(200), change: null },
  ])
})
