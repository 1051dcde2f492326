/** Measures what pitcrew uses, through /proc. Only here do tests with real processes wait for a
 *  fixed time: idleness can only be observed over an interval. */
import { readFileSync } from 'node:fs'
import { binary, type Pitcrew } from './pitcrew.ts'

/** Builds with a sanitizer have shadow memory, so their memory is not comparable. */
export const isSanitized: boolean = binary.includes('sanitize')

const measuringMs = 300
/** Processor time above which pitcrew counts as spinning. A clock tick is 10 ms. */
const busyTicksMax = 3

export function residentKib({ pid }: Pitcrew): number {
  return statusNumber(pid, 'VmRSS')
}

/** Unchanged pages of its binary that it has in memory. */
export function filePagesKib({ pid }: Pitcrew): number {
  const mappings = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  const sizes = mappings.map((mapping) => {
    const kib = (name: string): number =>
      Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(mapping)?.[1])
    return mapping.includes('/pitcrew') ? kib('Rss') - kib('Private_Dirty') : 0
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** The number of wake-ups in 300 ms. The minimum of three measurements, so that work that was
 *  still going on does not count. */
export async function wakeUps({ pid }: Pitcrew): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let times = 3; times > 0 && least > 0; times--) {
    const before = statusNumber(pid, 'voluntary_ctxt_switches')
    await waitMeasuringTime()
    least = Math.min(least, statusNumber(pid, 'voluntary_ctxt_switches') - before)
  }
  return least
}

/** Whether it used more than a tenth of a processor over 300 ms: a process that spins uses at
 *  least a third, even beside two others that spin. */
export async function isSpinning({ pid }: Pitcrew): Promise<boolean> {
  const before = ticks(pid)
  await waitMeasuringTime()
  return ticks(pid) - before > busyTicksMax
}

/** The open flags of its descriptors 0 to 2. They belong to the open files, which other
 *  processes may share. */
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
  return new Promise((resolve) => setTimeout(resolve, measuringMs))
}
