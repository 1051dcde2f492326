/** The contract, Output: the output of one daemon, byte for byte. */
import { expect, test } from 'vitest'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { outputOf } from '../support/processes.ts'
import { expectedLines, writesLinesCommand } from '../support/random-lines.ts'

const pieceBytes = 64 * 1024

/** The complete output of a daemon that ends by itself. */
async function printed(command: string[], name = 'a'): Promise<string[]> {
  await using pitcrew = new Pitcrew({ daemons: { [name]: { command, restart: 'never' } } })
  await pitcrew.exitCode()
  const strange = pitcrew.lines.filter((line) => !/^(\[\S+\] |pitcrew: )/.test(line))
  expect(strange).toEqual([])
  return outputOf(pitcrew, name)
}

test('each line of stdout and stderr is prefixed with the name of its daemon', async () => {
  await using pitcrew = new Pitcrew({
    daemons: {
      a: { command: sh('echo out; echo err >&2; echo out again'), restart: 'never' },
      b: { command: sh('echo mine'), restart: 'never' },
    },
  })
  await pitcrew.exitCode()
  expect(outputOf(pitcrew, 'a')).toEqual(['out', 'err', 'out again'])
  expect(outputOf(pitcrew, 'b')).toEqual(['mine'])
  expect(pitcrew.errors).toEqual([])
})

test('all bytes pass through unchanged', async () => {
  const script = String.raw`printf 'bad \377\376\n'; printf 'nul \000 nul\n'; printf 'cr\r\r\n'
    printf '\033[31mred\033[0m\n'; printf '\303'; printf '\251 split\n'; printf '\r\n'`
  expect(await printed(sh(script))).toEqual([
    'bad \xff\xfe',
    'nul \0 nul',
    'cr\r\r',
    '\x1b[31mred\x1b[0m',
    '\xc3\xa9 split',
    '\r',
  ])
})

test('writes that split lines anywhere lose no byte', async () => {
  expect(await printed(writesLinesCommand(7, 1_000_000))).toEqual(expectedLines(7, 1_000_000))
})

test('a last line without a newline is printed with one', async () => {
  expect(await printed(sh('echo first; printf last'))).toEqual(['first', 'last'])
  expect(await printed(sh('printf last; kill -KILL $$'))).toEqual(['last'])
  expect(await printed(sh('printf ""'))).toEqual([])
})

test('a pipe full of empty lines loses none, also with the longest name', async () => {
  const newlines = sh(`head -c ${pieceBytes} /dev/zero | tr '\\0' '\\n'`)
  const name = 'n'.repeat(48)
  expect(await printed(newlines, name)).toEqual(Array.from({ length: pieceBytes }, () => ''))
})

const lengths = [1, 15, 16, 17, 65535, 65536, 65537, 131071, 131072, 131073, 1024 * 1024]

test.each(lengths)('a line of %i bytes is printed in pieces of at most 64 KiB', async (bytes) => {
  const line = digits.slice(0, bytes)
  const script = `seq 200000 | tr -d '\\n' | head -c ${bytes}; echo; echo next`
  expect(await printed(sh(script))).toEqual([...inPieces(line), 'next'])
})

test('a long line without a newline is printed in pieces, too', async () => {
  const script = `seq 200000 | tr -d '\\n' | head -c 200000`
  expect(await printed(sh(script))).toEqual(inPieces(digits.slice(0, 200_000)))
})

test('an incomplete line is not printed before it is complete', async () => {
  await using pitcrew = new Pitcrew({
    daemons: {
      // Writes the second half once b has printed its line and written to the FIFO.
      a: {
        command: sh(
          'mkfifo "$PITCREW_STATE_DIR/go"; printf half; echo ready > "$PITCREW_STATE_DIR/up"; cat "$PITCREW_STATE_DIR/go" > /dev/null; echo " and half"',
        ),
        restart: 'never',
      },
      b: {
        command: sh(
          'until test -s "$PITCREW_STATE_DIR/up"; do sleep 0.01; done; echo b; echo > "$PITCREW_STATE_DIR/go"',
        ),
        restart: 'never',
      },
    },
  })
  await pitcrew.exitCode()
  expect(outputOf(pitcrew, 'a')).toEqual(['half and half'])
  expect(outputOf(pitcrew, 'b')).toEqual(['b'])
})

/** "123456789101112…": every part shows its position. */
const digits: string = Array.from({ length: 200_000 }, (_, index) => index + 1).join('')

function inPieces(line: string): string[] {
  const pieces: string[] = []
  for (let at = 0; at < line.length; at += pieceBytes) {
    pieces.push(line.slice(at, at + pieceBytes))
  }
  return pieces
}
