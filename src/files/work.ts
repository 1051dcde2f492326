/** All disk work of changes of configuration files, as one function. It is pure over `Disk`: the
 *  same code runs over the C functions, and over the disk of a test. */
import type { FileAnswer, FileWork } from '../core/operations/file-work.ts'
import { commit, mark } from './commit.ts'
import { readHistory, revisionsIn } from './history.ts'
import { adopt, replaceByLastGood } from './last-good.ts'
import type { Workplace } from './paths.ts'
import { prepare } from './prepare.ts'
import { recover } from './recover.ts'
import { Refusal } from './refusal.ts'
import { discard, restore } from './restore.ts'
import { store } from './store.ts'

export function doFileWork(workplace: Workplace, work: FileWork): FileAnswer {
  try {
    return performed(workplace, work)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (!isUnfinished(work) || error.code === 'no-transaction') return error.answer
    return { kind: 'failed', why: error.message, remedy: error.remedy }
  }
}

/** Works that begin after the file was changed: what they do not finish is not "as before". */
function isUnfinished({ kind }: FileWork): boolean {
  return ['discard', 'commit', 'restore', 'use-last-good'].includes(kind)
}

function performed(workplace: Workplace, work: FileWork): FileAnswer {
  switch (work.kind) {
    case 'prepare':
      return prepare(workplace, work)
    case 'discard':
      return discard(workplace, work)
    case 'store':
      return store(workplace, work)
    case 'mark':
      return mark(workplace, work)
    case 'commit':
      return commit(workplace, work)
    case 'restore':
      return restore(workplace, work)
    case 'adopt':
      return adopt(workplace, work)
    case 'recover':
      return recover(workplace, work)
    case 'history': {
      const revisions = revisionsIn(readHistory(workplace.disk, work.folder, work.daemon))
      return { kind: 'history', revisions }
    }
    case 'use-last-good':
      return replaceByLastGood(workplace, work)
  }
}
