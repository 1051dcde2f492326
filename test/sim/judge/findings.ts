/** The violations that follower.ts can find. */

export type Finding =
  | 'unasked'
  | 'too early'
  | 'not met'
  | 'forgotten'
  | 'not skipped'
  | 'skipped wrongly'
  | 'not held'
  | 'held wrongly'
  | 'not stopped'
  | 'stopped wrongly'
  | 'delay'
  | 'shrinks'
  | 'limit'
  | 'given up'
  | 'ends all'
  | 'all over'
  | 'ends for nothing'
  | 'announced'
  | 'wait not reported'

export type Find = (finding: Finding, how: string) => void
