/** What most runs of a bundle do without: commands and probes, the words of deaths and of other
 *  trouble, messages of sd_notify, and reports to an outer service manager. An image of its own,
 *  loaded when it is first needed, since all of the init's image is paid for at each boot. */
import { Aids } from './aids.ts'
import { deathStory } from './death-words.ts'
import { eventsOfMessage, mainPidWords } from './notified.ts'
import { OuterService } from './outer-service.ts'
import { explained } from './start-failure.ts'
import { troubleWords } from './trouble-words.ts'
import { unattributedText } from './unattributed.ts'

export interface Seldom {
  readonly Aids: typeof Aids
  readonly OuterService: typeof OuterService
  readonly deathStory: typeof deathStory
  readonly explained: typeof explained
  readonly troubleWords: typeof troubleWords
  readonly eventsOfMessage: typeof eventsOfMessage
  readonly mainPidWords: typeof mainPidWords
  readonly unattributedText: typeof unattributedText
}

export const seldom: Seldom = {
  Aids,
  OuterService,
  deathStory,
  explained,
  troubleWords,
  eventsOfMessage,
  mainPidWords,
  unattributedText,
}
