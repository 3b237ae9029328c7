import type { MessageType } from '#libs/contracts';

const types: readonly MessageType[] = ['system', 'transfer', 'recall'];

/** The types that are no words of a person, a bot or a program, as an SQL list: nothing to answer, to read or to count. */
export const NO_WORDS = `(${types.map((type) => `'${type}'`).join(', ')})`;
