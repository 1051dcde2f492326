/** What pitcrew costs, seen from outside. The one place of ring 3 where time is measured: doing nothing can only be
 *  seen over some time. */
import { readFileSync } from 'node:fs'
import { binary, type Pitcrew } from './pitcrew.ts'

/** A sanitizer's shadow memory is not pitcrew's. */
export const isSanitized: boolean = binary.includes('sanitize')

const restMs = 300
/** Reading /proc costs its reader; what is looked at, nothing. A clock tick is 10 ms. */
const busyTicksMax = 3

export function residentKib({ pid }: Pitcrew): number {
  return statusNumber(pid, 'VmRSS')
}

/** How often it wakes up in 300 ms. The least of three times: what it was still doing is no habit. */
export async function wakeUps({ pid }: Pitcrew): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let times = 3; times > 0 && least > 0; times--) {
    const before = statusNumber(pid, 'voluntary_ctxt_switches')
    await waitMeasuringTime()
    least = Math.min(least, statusNumber(pid, 'voluntary_ctxt_switches') - before)
  }
  return least
}

/** Whether it used more than a tenth of a processor over 300 ms: whoever spins uses a third at least, even beside
 *  two others that do. */
export async function isSpinning({ pid }: Pitcrew): Promise<boolean> {
  const before = ticks(pid)
  await waitMeasuringTime()
  return ticks(pid) - before > busyTicksMax
}

/** The flags with which its fds 0 to 2 are open: those of the files, which others may share. */
export function stdioFlags({ pid }: Pitcrew): number[] {
  return [0, 1, 2].map((fd) => {
    const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')
    return Number.parseInt(/^flags:\s+(\d+)$/m.exec(text)?.[1] ?? '', 8)
  })
}

function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

function statusNumber(pid: number, name: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1])
}

function waitMeasuringTime(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, restMs))
}
