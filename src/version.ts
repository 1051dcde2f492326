/** The version of this binary. */

/** Put in by the build. */
declare const __VERSION__: string

export const version: string = typeof __VERSION__ === 'undefined' ? 'unbuilt' : __VERSION__
