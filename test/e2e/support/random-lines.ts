/** Computes the lines that test/fixtures/programs/writes-lines.c writes, from the same seed. */
import { compileFixture } from './pitcrew.ts'

const patternBytes = 128 * 1024
const lineBytesMax = 64 * 1024

let program: string | null = null

/** The command of a daemon that writes the lines of this seed. */
export function writesLinesCommand(seed: number, bytes: number): string[] {
  program ??= compileFixture('writes-lines')
  return [program, String(seed), String(bytes)]
}

/** Those lines, byte for byte (as latin1). */
export function expectedLines(seed: number, bytes: number): string[] {
  const next = numbers(seed)
  const lines: string[] = []
  for (let written = 0; written < bytes; ) {
    const length = lineBytes(next)
    const from = next() % lineBytesMax
    lines.push(pattern.slice(from, from + length))
    written += length + 1
  }
  return lines
}

function lineBytes(next: () => number): number {
  const kind = next() % 100
  const number = next()
  if (kind < 60) return number % 81
  if (kind < 90) return number % 1001
  if (kind < 99) return number % 8193
  return lineBytesMax - (number % 3)
}

/** xorshift32 */
function numbers(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}

const pattern: string = makePattern()

function makePattern(): string {
  const next = numbers(1)
  const bytes = Buffer.alloc(patternBytes)
  for (let i = 0; i < patternBytes; i++) {
    const byte = (next() >>> 8) & 0xff
    bytes[i] = byte === 0x0a ? 0x6e : byte
  }
  return bytes.toString('latin1')
}
