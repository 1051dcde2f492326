/** Faults of one line, planted in what changes configuration files: the proof that the simulator
 *  detects them. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { simulatorWith } from '../simulator-with.ts'

const source = resolve(import.meta.dirname, '../../../src')
const schedulesMax = 6000

/** The broken promise contains this text. */
type Mutant = readonly [name: string, file: string, from: string, to: string, breaks: RegExp]

const machine = 'core/operations/transaction.ts'
const driver = 'init/operations/operations.ts'
const files = 'init/operations/config-files.ts'

const mutants: readonly Mutant[] = [
  [
    'a change that fails is not undone',
    machine,
    `    this.#work({ kind: 'restore', target, outcome: 'rolled back', cause, ...this.#author() })
  }

  #restored`,
    `    this.#finish('rolled back', cause)
  }

  #restored`,
    /recorded|never verified/,
  ],
  [
    'the candidate of a plan is left',
    machine,
    'if (request.isDry || isUnchanged) {\n      this.#discard()',
    'if (request.isDry || isUnchanged) {',
    /left/,
  ],
  [
    'two works are done at once',
    driver,
    'if (this.#works.length === 1) this.#startWork()',
    'this.#startWork()',
    /two works/,
  ],
  [
    'a transaction is forgotten after a failure',
    driver,
    "    this.#take({ type: 'recover' })\n",
    '',
    /has not ended/,
  ],
  [
    'the next transaction does not begin',
    driver,
    "    this.files.changed(ended)\n    timers.arm({ kind: 'operation', what: 'begin' }, host.now())",
    '    this.files.changed(ended)',
    /has not ended/,
  ],
  [
    'the boot does not wait for the recovery',
    'init/loop/loop.ts',
    '      this.#isHeld = true\n',
    '',
    /never verified/,
  ],
  [
    'work that failed is not repeated',
    driver,
    '    this.#unfinished.push(work)\n',
    '',
    /recorded|never verified/,
  ],
  [
    'an edit during a transaction is not considered',
    files,
    '    one.dueMs = this.#parts.host.now()\n    this.#arm()\n  }\n\n  /** A file has',
    '  }\n\n  /** A file has',
    /it runs with/,
  ],
  [
    'a rollback overwrites an edit',
    'files/undo.ts',
    "return { result: 'left', why: has, now: now.content }",
    '',
    /is lost/,
  ],
]

test.each(mutants)(
  'the simulator detects: %s',
  async (_, file, from, to, breaks) => {
    const path = join(source, file)
    const text = readFileSync(path, 'utf8')
    expect(text.split(from).length, 'the fault fits once').toBe(2)
    const { play } = await simulatorWith<typeof import('./world.ts')>(
      join(import.meta.dirname, 'world.ts'),
      path,
      text.replace(from, to),
    )
    let problems: readonly string[] = []
    for (let seed = 1; seed <= schedulesMax && problems.length === 0; seed++) {
      problems = play(seed).problems
    }
    expect(problems.join('; ')).toMatch(breaks)
  },
  60_000,
)
