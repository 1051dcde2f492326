/** How a run reports of itself: part of the door to the operating system (host.ts). */

export type ReadyChannel =
  /** A newline on this descriptor of the run, 3 to 9. */
  | { readonly type: 'fd'; readonly fd: number }
  | { readonly type: 'notify' }
  /** A line of its output with this text in it; * stands for any text, ? for one character. */
  | { readonly type: 'log'; readonly text: string }

/** The fields of sd_notify(3) that are passed on; of one that is there several times the last. */
export type NotifyFields = Readonly<
  Partial<
    Record<
      | 'READY'
      | 'STATUS'
      | 'RELOADING'
      | 'STOPPING'
      | 'WATCHDOG'
      | 'EXTEND_TIMEOUT_USEC'
      | 'MAINPID',
      string
    >
  >
>
