/** Redis for gateway and router: a link that may be away, the socket.io adapter on it, and the keys. */
export { keys, LEASE_SECONDS, ROUTE_SECONDS } from './keys.ts';
export { findHeld } from './presence.ts';
export { RedisLink } from './redis-link.ts';
