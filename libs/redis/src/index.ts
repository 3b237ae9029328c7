/** Redis for gateway, router and session: a link that may be away, the keys, and which agents are here. */
export { keys, LEASE_SECONDS, ROUTE_SECONDS } from './keys.ts';
export { findHeld } from './presence.ts';
export { RedisLink } from './redis-link.ts';
