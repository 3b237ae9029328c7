/** Pure rules: the session machine, who may do what, and how often. */
export {
  type Caller,
  canMarkRead,
  canReadSession,
  canRunSession,
  canSendType,
  canWriteMessage,
  hasScope,
  idOf,
  type Person,
} from './rights.ts';
export { type Command, decide, openingStates, stateDiagram } from './session-machine.ts';
export { type BucketLimit, takeToken, type TokenBucket } from './token-bucket.ts';
