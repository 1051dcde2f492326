/** What most runs of a bundle do without: commands and probes, the words of deaths and of other
 *  trouble, messages of sd_notify, and reports to an outer service manager. An image of its own,
 *  loaded when it is first needed, since all of the init's image is paid for at each boot. */
import { Aids } from '../perform/aids.ts'
import { OuterService } from '../perform/outer-service.ts'
import { deathStory } from '../report/death-message.ts'
import { explained } from '../report/start-failure.ts'
import { troubleWords } from '../report/trouble-message.ts'
import { unattributedText } from '../report/unattributed.ts'

export interface Seldom {
  readonly Aids: typeof Aids
  readonly OuterService: typeof OuterService
  readonly deathStory: typeof deathStory
  readonly explained: typeof explained
  readonly troubleWords: typeof troubleWords
  readonly unattributedText: typeof unattributedText
}

export const seldom: Seldom = {
  Aids,
  OuterService,
  deathStory,
  explained,
  troubleWords,
  unattributedText,
}
