/** Pure rules: the session machine, who may do what, and how often. */
export {
  type Caller,
  canAcceptSession,
  canMarkRead,
  canReadSession,
  canRunSession,
  canSuperviseSession,
  canSendType,
  canWriteMessage,
  hasScope,
  idOf,
  type Person,
  type SeenPlace,
  teamsThatSee,
} from './rights.ts';
export { type Command, commands, decide, openingStates, stateDiagram } from './session-machine.ts';
export { settingsSightOf } from './settings-rights.ts';
export { type BucketLimit, takeToken, type TokenBucket } from './token-bucket.ts';
