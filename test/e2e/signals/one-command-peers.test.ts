/** The differences between `pitcrew -- COMMAND`, tini and dumb-init that docs/CONTAINERS.md
 *  lists, checked with all three. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { binary } from '../support/pitcrew.ts'

const inits = {
  pitcrew: [binary, '--'],
  tini: ['tini', '-s', '--'],
  'dumb-init': ['dumb-init'],
} as const

function isInstalled(init: string): boolean {
  return spawnSync(init, ['--version']).status === 0
}

function run(words: readonly string[], cwd = '/usr'): { status: number | null; out: string } {
  const [program, ...args] = words as [string, ...string[]]
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', cwd })
  return { status, out: stdout.trim() }
}

const nohup = ['perl', '-e', '$SIG{HUP} = "IGNORE"; exec @ARGV or die']
const leavesChild = `sh -c 'trap "echo got TERM" TERM; echo up; sleep 0.3 & wait' & read -r _ < /dev/null; sleep 0.1`

describe.skipIf(!isInstalled('tini') || !isInstalled('dumb-init'))(
  'beside tini and dumb-init',
  () => {
    test.each([
      ['pitcrew', 127, 126, 2],
      ['tini', 127, 126, 1],
      ['dumb-init', 2, 2, 1],
    ] as const)(
      '%s exits with %i if not found, %i if not executable, %i after a usage error',
      (init, ...codes) => {
        const [notFound, notExecutable, usage] = codes
        const words = inits[init]
        expect(run([...words, 'no-such-command']).status).toBe(notFound)
        expect(run([...words, '/etc/passwd']).status).toBe(notExecutable)
        expect(run([words[0], '-Z', '--', 'true']).status).toBe(usage)
        expect(run(words).status).toBe(usage)
      },
    )

    test.each([
      ['pitcrew', '/usr', false, true],
      ['tini', '/usr', false, true],
      ['dumb-init', '/', true, false],
    ] as const)(
      '%s has the working directory %s; session of its own: %s; HUP stays ignored: %s',
      (init, ...how) => {
        const [folder, hasSession, isIgnored] = how
        const script = `pwd; i=0; while [ "$(readlink /proc/$PPID/cwd)" != ${folder} ] && [ $i -lt 500 ]; do i=$((i+1)); sleep 0.01; done; readlink /proc/$PPID/cwd; ps -o sid= -p $$; echo $$; sed -n 's/SigIgn:.*\\(.\\)$/\\1/p' /proc/self/status`
        const [own, above, session, pid, ignored] = run([
          ...nohup,
          ...inits[init],
          'sh',
          '-c',
          script,
        ])
          .out.split('\n')
          .map((line) => line.trim())
        expect([own, above]).toEqual(['/usr', folder])
        expect(session === pid).toBe(hasSession)
        expect(ignored === '1').toBe(isIgnored)
      },
    )

    test.each([
      ['pitcrew', []],
      ['tini', []],
      ['dumb-init', ['got TERM']],
    ] as const)('with %s, processes that the command left behind print %j', (init, printed) => {
      const { out } = run([...inits[init], 'sh', '-c', leavesChild])
      expect(out.split('\n')).toEqual(['up', ...printed])
    })
  },
)
