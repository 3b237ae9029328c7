/** What gateway and router ask session over its internal HTTP: one way to ask, which no single replica can hold up. */
export { Replicas } from './replicas.ts';
export { SessionClient, type SessionClientOptions } from './session-client.ts';
