import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { Refusal } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import { ApiKeyRow } from '../database/entities.ts';

const CACHE_MS = 10_000;

/** The database holds only the hash of a key; a key has enough randomness that a plain SHA-256 does. */
export function hashApiKey(key: string): string {
  return hash('sha256', key);
}

/** Finds who an API key belongs to; found ones are remembered for seconds, so a withdrawn one works that long at most. */
export class ApiKeys {
  readonly #dataSource: DataSource;
  readonly #known = new LRUCache<string, ApiKeyRow>({ max: 1_000, ttl: CACHE_MS });

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async identify(key: string): Promise<Caller> {
    const key_hash = hashApiKey(key);
    const row = this.#known.get(key_hash) ?? (await this.#dataSource.manager.findOneBy(ApiKeyRow, { key_hash }));
    if (!row || (row.expires_at && row.expires_at.getTime() <= Date.now())) throw new Refusal('UNAUTHENTICATED');
    this.#known.set(key_hash, row);
    return { kind: 'key', key_id: row.key_id, scopes: row.scopes, sender_names: row.sender_names };
  }
}
