/** pitcrew from a Node program: connect to one, or start one. */
export { Client } from '../client/client.ts'
export { type ErrorCode, PitcrewError } from '../errors.ts'
export { type Bundle, type Daemon, defineBundle } from './bundle.ts'
export { connect } from './connect.ts'
export { type Ended, type Started, type StartOptions, start } from './start.ts'
