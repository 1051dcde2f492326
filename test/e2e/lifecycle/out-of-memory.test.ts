/** The contract, Death: "out of memory" is claimed only when the kernel's counter grew at the
 *  time of the death. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isSanitized } from '../support/cost.ts'
import { joinGroup, memoryGroup, removeGroup } from '../support/memory-cgroup.ts'
import { childrenOf, Pitcrew, sh } from '../support/pitcrew.ts'
import { eventually } from '../support/processes.ts'

const probe = memoryGroup()
if (probe !== null) removeGroup(probe)

describe.skipIf(probe === null || isSanitized)('in a control group with 32 MiB', () => {
  let group = ''
  beforeEach(() => {
    group = memoryGroup() ?? ''
  })
  afterEach(() => eventually('the group is empty', () => removeGroup(group)))

  const losesWorker = sh('tail /dev/zero & wait $!; echo lost a worker; exec sleep 1000')

  function crew(command: string[], wrap = joinGroup(group)): Pitcrew {
    const daemons = { web: { command, restart: 'never' } }
    return new Pitcrew(JSON.stringify({ daemons }), { wrap })
  }

  async function killed(pitcrew: Pitcrew): Promise<string> {
    process.kill(childrenOf(pitcrew.pid)[0] as number, 'SIGKILL')
    return pitcrew.line('web: died: signal KILL')
  }

  test('an out-of-memory kill of a child is reported, and is not taken for the cause of a later KILL', async () => {
    await using pitcrew = crew(losesWorker)
    const line = await pitcrew.line('the kernel killed')
    expect(line).toMatch(
      /: the kernel killed a process for memory \(\d+ in all\); no daemon is known to have died of it$/,
    )
    expect(await killed(pitcrew)).not.toContain('memory,')
    expect(pitcrew.lines.filter((one) => one.includes('the kernel killed'))).toHaveLength(1)
  })

  test('a leader that the kernel killed is reported as probably out of memory', async () => {
    await using pitcrew = crew(['tail', '/dev/zero'])
    expect(await pitcrew.line('web: died: signal KILL')).toContain(', probably out of memory')
  })

  test('an earlier kill is not taken for the cause where the control groups are read-only', async () => {
    const readOnly =
      'for at in /sys/fs/cgroup /sys/fs/cgroup/memory; do mount -o remount,bind,ro $at; done'
    const alone = ['unshare', '--mount', 'sh', '-c', `${readOnly} 2>/dev/null; exec "$@"`, 'sh']
    await using pitcrew = crew(losesWorker, [...joinGroup(group), ...alone])
    await pitcrew.line('lost a worker')
    if (group.startsWith('/sys/fs/cgroup/memory/'))
      expect(await killed(pitcrew)).toMatch(
        /, the kernel killed a process for memory in the last \d/,
      )
    else {
      await pitcrew.line('the kernel killed')
      expect(await killed(pitcrew)).not.toContain('memory,')
    }
  })
})
