/** pitcrew from a Node program: `connect` to a running one, or `start` one as a child. */
export type { History } from '../client/client.ts'
export { RequestError } from '../client/messages.ts'
export { type ErrorCode, PitcrewError } from '../errors.ts'
export { type Bundle, type Daemon, defineBundle } from './bundle.ts'
export { Client, type FileChange, type NewContent, type Rollback } from './client.ts'
export { connect } from './connect.ts'
export { type Ended, type Started, type StartOptions, start } from './start.ts'
