/** The host as a service of another supervisor: NOTIFY_SOCKET, and the out-of-memory kills of
 *  its control group. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildProber, Prober } from '../../host/images/prober.ts'
import { isSanitized } from '../support/cost.ts'
import { joinGroup, memoryGroup, removeGroup } from '../support/memory-cgroup.ts'
import { compileFixture } from '../support/pitcrew.ts'
import { eventually } from '../support/processes.ts'
import { Program } from '../support/program.ts'

beforeAll(buildProber, 300_000)

describe('NOTIFY_SOCKET', () => {
  test.each(['a path', 'an abstract name'])('receives messages at %s', async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-notify-'))
    const address = kind === 'a path' ? join(folder, 'socket') : `@pitcrew-notify-${process.pid}`
    const receiver = new Program([compileFixture('receives-datagrams'), address], { env: {} })
    onTestFinished(() => {
      receiver.process.kill('SIGKILL')
      rmSync(folder, { recursive: true })
    })
    await receiver.line('listening')
    await using prober = await Prober.start({ env: { NOTIFY_SOCKET: address } })
    await prober.execute({ notify: 'READY=1' }, { notify: 'STATUS=4 of 4' })
    await receiver.line('received STATUS=4 of 4')
    expect(receiver.lines).toEqual(['listening', 'received READY=1', 'received STATUS=4 of 4'])
  })

  test.each([undefined, '', 'relative', '/no/socket', `/${'x'.repeat(200)}`])(
    'has no receiver at %s, which has no effect',
    async (address) => {
      await using prober = await Prober.start(
        address === undefined ? {} : { env: { NOTIFY_SOCKET: address } },
      )
      expect(await prober.execute({ notify: 'READY=1' })).toEqual([null])
    },
  )
})

describe('out-of-memory kills', () => {
  test('are a number, or unknown', async () => {
    await using prober = await Prober.start()
    const [kills] = await prober.execute({ oomKills: true })
    expect(kills === null || Number(kills) >= 0).toBe(true)
  })

  const group = memoryGroup()
  afterAll(async () => {
    if (group !== null) await eventually('the group is empty', () => removeGroup(group))
  })
  test.skipIf(group === null || isSanitized)(
    'are counted in the control group of pitcrew',
    async () => {
      if (group === null) return
      const inGroup = joinGroup(group)
      await using prober = await Prober.start({ wrap: inGroup, asPid1: false })
      const [before] = await prober.execute({ oomKills: true })
      const consumer = new Program([...inGroup, 'tail', '/dev/zero'], {
        env: { PATH: process.env.PATH },
      })
      expect((await consumer.end()).signal).toBe('SIGKILL')
      const [after] = await prober.execute({ oomKills: true })
      expect(Number(after)).toBe(Number(before) + 1)
    },
  )
})
