/** The screen of a terminal: `status`, `status --watch`, and the progress of a slow stop. */
import { describe, expect, test } from 'vitest'
import { hasTmux, maskVariableParts, Screen } from '../support/cli.ts'
import { fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import { release } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const releasable = { command: ['/bin/sh', `${fixtures}/scripts/exits-on-release.sh`] }
const bundle = {
  daemons: {
    web: long,
    db: { command: sh('exit 3'), restart: { backoff: { initial: '1h', max: '1h' } } },
    late: { ...long, after: { slow: 'ready' } },
    slow: { ...releasable, ready: { log: 'never said', timeout: '1h' } },
  },
}

/** Replaces numbers that vary, and makes colours visible. */
function golden(text: string): string {
  return text
    .replaceAll('\x1b', '␛')
    .replace(/pid \d+/, 'pid N')
    .replace(/pitcrew \d+\.\d+\.\d+/, 'pitcrew V')
    .replace(/up [^,]+,/, 'up T,')
    .replace(/restart in [\dhmins ]+ \(/, 'restart in T (')
    .replace(/(?<= )\d+(\.\d)? ?m?s/g, 'T')
    .replace(/(?<= )\d+(\.\d)?%/g, '%')
    .replace(/(?<= )\d+(\.\d)? [KM]iB/g, 'MEM')
    .replace(/ +/g, ' ')
}

describe.skipIf(!hasTmux)('in a terminal', () => {
  test('status', async () => {
    await using pitcrew = new Pitcrew(bundle)
    await pitcrew.line('restarting in ')
    await pitcrew.line('[slow] up')
    using screen = new Screen(pitcrew.folder, 100, 12)
    screen.type('clear; $P status')
    await screen.untilShown(/slow .*\n\$$/)
    const shown = golden(screen.text(true))
    expect(shown).toMatchInlineSnapshot(`
      "␛[1mpitcrew␛[0m␛[31m␛[49m: 4 daemons, 1 ready, up T, pitcrew V (pid N)
      ␛[2m␛[39mNAME␛[0m␛[39m␛[49m ␛[2mSTATE ␛[0m␛[39m␛[49m ␛[2mUPTIME␛[0m␛[39m␛[49m ␛[2mRESTARTS␛[0m␛[39m␛[49m ␛[2m CPU␛[0m␛[39m␛[49m ␛[2m MEM
      ␛[0m␛[39m␛[49mweb ␛[32mready ␛[39m T 0 % MEM
      db ␛[31mbackoff␛[39m - 0 - - ␛[31mrestart in T (code 3)
      ␛[39mlate ␛[33mwaiting␛[39m - 0 - - ␛[2mwaits for slow
      ␛[0m␛[39m␛[49mslow ␛[33mrunning␛[39m T 0 % MEM ␛[2mnot ready yet
      ␛[0m␛[39m␛[49m$"
    `)
    expect(shown).not.toContain('…')
  })

  test('status --watch redraws in place, and Ctrl-C leaves the prompt below', async () => {
    await using pitcrew = new Pitcrew(bundle)
    await pitcrew.line('restarting in ')
    using screen = new Screen(pitcrew.folder, 60, 12)
    screen.type('echo before; $P status -w')
    await screen.untilShown(/^pitcrew: 4 daemons, 1 ready/)
    // Typed text disappears with the next refresh.
    screen.press('x')
    await screen.untilShown(/up 2(\.\d)? s/)
    screen.press('C-c')
    await screen.untilShown(/\^C\n\$$/)
    const lines = screen.text().split('\n')
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'pitcrew:',
      'NAME',
      'web',
      'db',
      'late',
      'slow',
      '^C',
      '$',
    ])
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60)
  })

  test('a slow stop shows one line of progress, which is removed at the end', async () => {
    await using pitcrew = new Pitcrew({ daemons: { slow: releasable, web: long } })
    await pitcrew.line('[slow] up')
    using screen = new Screen(pitcrew.folder, 80, 12)
    screen.type('clear; $P stop slow; echo status $?')
    await screen.untilShown(/slow: stopping, .* \(for [\d.]+ s\)$/)
    await screen.untilShown(/^slow: stopping, .* \(for [2-9](\.\d)? s\)$/)
    await release(pitcrew)
    await screen.untilShown('status 0')
    expect(maskVariableParts(screen.text())).toBe(
      'slow: stopped in <time>, pid <pid> (ticket 1)\nstatus 0\n$',
    )
  })
})
