/** Signal names and their numbers on Linux; x86-64, aarch64 and riscv64 share one table. Names are
 *  without "SIG", as in the bundle file and in messages. The table is here because the core must
 *  not ask an operating system. */

export const signalNumbers = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
} as const

export type Signal = keyof typeof signalNumbers

/** From number 1 on, without a gap. */
const signalNames: readonly string[] = Object.keys(signalNumbers)

/** "TERM" for 15; "RTMIN+3" for 37; the bare number for what has no name. */
export function signalName(number: number): string {
  const name = signalNames[number - 1]
  if (name !== undefined) return name
  return number >= 34 && number <= 64 ? `RTMIN+${number - 34}` : String(number)
}

/** Whether the number is that of TERM or INT, which always shut down. */
export function isShutdownSignal(number: number): boolean {
  return number === 15 || number === 2
}

/** Signals that `signals:` cannot map, and why. */
export const unmappableSignals: Readonly<Record<string, string | undefined>> = {
  TERM: 'TERM always shuts down',
  INT: 'INT always shuts down',
  KILL: 'no program can receive KILL',
  STOP: 'no program can receive STOP',
  CHLD: 'pitcrew needs CHLD to learn that a process has ended',
}
