import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { IdPrefix, TeamId } from '#libs/protocol';
import type { Sealing } from '../people/sealing.ts';

/** Fields by their names in the contract. */
export type Fields = Readonly<Record<string, unknown>>;

/** What was set, as it is told: its id and its fields, and when it was made and last changed (ISO 8601). */
export type Thing = Fields & { readonly created_at: string; readonly updated_at: string };

/** Which things to read: one, or so many behind an id in the order of ids, which is that of their making. */
export type Which = { readonly id: string } | { readonly after: string | undefined; readonly limit: number };

/** How things lie in the database. Fields that nobody is told, such as a hash, are among those that are written. */
export interface Rows {
  find(tx: EntityManager, which: Which): Promise<Thing[]>;
  /** Takes the row's lock; false when there is none. */
  hold(tx: EntityManager, id: string): Promise<boolean>;
  insert(tx: EntityManager, id: string, fields: Fields): Promise<void>;
  /** @param after the thing as it will be: where several fields share a column */
  update(tx: EntityManager, id: string, changes: Fields, after: Fields): Promise<void>;
  remove(tx: EntityManager, id: string): Promise<void>;
}

/** What a thing is given at its making and shown once, then and after each rotation. */
export interface SecretOnce {
  /** Its name in the answer. */
  readonly field: string;
  make(): string;
  toColumns(secret: string, sealing: Sealing): Fields;
}

/** A change that was made. */
export interface Change {
  readonly id: string;
  readonly changes: Fields;
  readonly after: Thing;
}

/**
 * One kind of thing that admins set: what it is made of, how it is kept, who is shown it, and what goes with a change. What
 * all kinds have in common is done in settings.ts.
 */
export interface Resource<Update extends object = object, Create extends Update = Update> {
  /** Its path in the API. */
  readonly path: string;
  /** What one of them is called in audit lines: `team.update`. */
  readonly noun: string;
  readonly id: string;
  readonly prefix: IdPrefix;
  readonly create: z.ZodType<Create>;
  readonly update: z.ZodType<Update>;
  readonly rows: Rows;
  /** What agents are shown; without it, nothing at all. Supervisors and admins are shown all. */
  readonly as_agent?: readonly string[];
  readonly secret?: SecretOnce;
  /** Slow work that must not happen inside of a transaction, such as hashing; gives what is written instead. */
  prepare?(fields: Update): Promise<Fields>;
  /**
   * Sees that what the fields name is there and may be so, and takes its locks, which stand before the thing's own.
   * @param id of the thing that is changed; undefined at its making
   * @throws Refusal VALIDATION_FAILED, CONFLICT
   */
  check?(tx: EntityManager, fields: Update, id: string | undefined): Promise<void>;
  /** Statements that find a row when something refers to the thing with that id, by what it is. Without: never deleted. */
  readonly uses?: Readonly<Record<string, string>>;
  /** What else goes with a change, in its transaction. */
  changed?(tx: EntityManager, change: Change): Promise<void>;
  /** Teams whose queues may go on, or stand in another order, after the change. */
  movedTeams?(manager: EntityManager, change: Change): Promise<readonly TeamId[]> | readonly TeamId[];
}
