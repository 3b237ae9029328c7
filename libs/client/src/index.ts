/** The SDK for browsers and Node; it knows the wire protocol and the types of the contracts, nothing of the server. */
export { type Calls, type Colleague, type Page, type Team } from './calls.ts';
export { Client, type ClientEvents, type ClientOptions, createClient } from './client.ts';
export { type Codec, type ConnectionState } from './connection.ts';
export { type EntryState, type OutboxEntry, type OutboxStorage } from './outbox.ts';
export { CallFailed } from './rest.ts';
