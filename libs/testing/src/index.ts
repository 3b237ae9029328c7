export { Api, ApiError, bootVisitor, login } from './api.ts';
export { findViolations, type History } from './checker.ts';
export { createTestDatabase, type TestDatabase } from './test-database.ts';
export { startTestRedis, type TestRedis } from './test-redis.ts';
export { Talker, type Sending } from './talker.ts';
export { waitUntil } from './wait-until.ts';
