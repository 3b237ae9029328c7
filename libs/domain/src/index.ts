/** Pure rules: the session machine and who may do what. */
export { type Caller, canReadSession, canRunSession, canWriteMessage, hasScope } from './rights.ts';
export { type Command, decide, openingStates, stateDiagram } from './session-machine.ts';
