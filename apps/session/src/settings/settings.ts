/**
 * What admins set: made, shown, changed and deleted the same way for every kind of thing; see resource.ts for what tells
 * the kinds apart.
 *
 * Guarantees: a change, its audit line and, under an `Idempotency-Key`, its answer are stored together or not at all; the
 * audit line says only what has changed, and never a secret. What a thing names is there as long as the thing names it:
 * both sides hold the row that is named. Queues that may go on are kicked after the commit.
 *
 * Locks: what is named first (business hours → team), then the thing itself.
 */
import type { DataSource, EntityManager } from 'typeorm';
import { Refusal, type SettingsQuery } from '#libs/contracts';
import { type Caller, settingsSightOf } from '#libs/domain';
import { isId } from '#libs/protocol';
import { newId } from '../database/ids.ts';
import { type Once, transactOnce } from '../database/once.ts';
import { type Actor, writeAudit } from '../lifecycle/audit.ts';
import type { Sealing } from '../people/sealing.ts';
import type { Queue } from '../queue/queue.ts';
import { changesOf, pick, toldOf } from './changes.ts';
import type { Change, Fields, Resource, Thing } from './resource.ts';

export class Settings {
  readonly #dataSource: DataSource;
  readonly #queue: Queue;
  readonly #sealing: Sealing;

  constructor(dataSource: DataSource, queue: Queue, sealing: Sealing) {
    this.#dataSource = dataSource;
    this.#queue = queue;
    this.#sealing = sealing;
  }

  /** In the order of their making. @throws Refusal FORBIDDEN, VALIDATION_FAILED for a cursor that is not one of ours */
  async list(
    resource: Resource,
    { cursor, limit }: SettingsQuery,
    caller: Caller,
  ): Promise<{ items: Fields[]; next_cursor: string | null }> {
    const show = viewFor(resource, caller);
    if (cursor !== undefined && !isId(resource.prefix, cursor)) {
      throw new Refusal('VALIDATION_FAILED', { detail: 'cursor: not one of ours' });
    }
    const found = await resource.rows.find(this.#dataSource.manager, { after: cursor, limit: limit + 1 });
    const items = found.slice(0, limit);
    const next_cursor = found.length > limit ? String(items.at(-1)?.[resource.id]) : null;
    return { items: items.map(show), next_cursor };
  }

  /** As the caller may see it. @throws Refusal FORBIDDEN, NOT_FOUND */
  async get(resource: Resource, id: string, caller: Caller): Promise<Fields> {
    const show = viewFor(resource, caller);
    return show(await this.read(resource, id));
  }

  /** All of it, whoever asks. @throws Refusal NOT_FOUND */
  async read(resource: Resource, id: string, tx: EntityManager = this.#dataSource.manager): Promise<Thing> {
    const [thing] = isId(resource.prefix, id) ? await resource.rows.find(tx, { id }) : [];
    if (!thing) throw new Refusal('NOT_FOUND');
    return thing;
  }

  /** @throws Refusal what the resource says of fields that won't do */
  async create<Update extends object, Create extends Update>(
    resource: Resource<Update, Create>,
    body: Create,
    by: Actor,
    once?: Once,
  ): Promise<Fields> {
    const fields = await prepare(resource, body);
    const secret = resource.secret?.make();
    const id = newId(resource.prefix);
    const answer = await this.#transactOnce(once, async (tx) => {
      await resource.check?.(tx, body, undefined);
      await resource.rows.insert(tx, id, { ...fields, ...this.#columnsOf(resource, secret) });
      const thing = await this.read(resource, id, tx);
      await writeAudit(tx, by, `${resource.noun}.create`, id, null, toldOf(thing, Object.keys(fields)));
      return this.#withSealed(resource, thing, secret);
    });
    return this.#withOpened(resource, answer);
  }

  /**
   * Fields that are given are replaced as a whole; when they are what they were, nothing happens.
   * @param alongside what else is done of it, in the same transaction and before it; may lock the thing, and nothing else
   * @throws as `create`, NOT_FOUND
   */
  async update<Update extends object>(
    resource: Resource<Update, NoInfer<Update>>,
    id: string,
    body: Update,
    by: Actor,
    {
      once,
      alongside,
    }: { once?: Once | undefined; alongside?: ((tx: EntityManager) => Promise<void>) | undefined } = {},
  ): Promise<Thing> {
    const fields = await prepare(resource, body);
    let change: Change | undefined;
    const answer = await this.#transactOnce(once, async (tx) => {
      await alongside?.(tx);
      await resource.check?.(tx, body, id);
      const before = await this.#hold(resource, id, tx);
      const changes = changesOf(before, fields);
      const names = Object.keys(changes);
      if (names.length === 0) return before;
      await resource.rows.update(tx, id, changes, { ...before, ...changes });
      const after = await this.read(resource, id, tx);
      await writeAudit(tx, by, `${resource.noun}.update`, id, pick(before, names), toldOf(after, names));
      change = { id, changes, after };
      await resource.changed?.(tx, change);
      return after;
    });
    if (change) this.#queue.kick(...((await resource.movedTeams?.(this.#dataSource.manager, change)) ?? []));
    return answer;
  }

  /** @throws Refusal NOT_FOUND, CONFLICT while something refers to it */
  async remove(resource: Resource, id: string, by: Actor, once?: Once): Promise<void> {
    await this.#transactOnce(once, async (tx) => {
      const { created_at: _made, updated_at: _changed, ...before } = await this.#hold(resource, id, tx);
      for (const [users, sql] of Object.entries(resource.uses ?? {})) {
        const [found] = await tx.query<unknown[]>(sql, [id]);
        if (found) throw new Refusal('CONFLICT', { detail: `${users} refer to it` });
      }
      await resource.rows.remove(tx, id);
      await writeAudit(tx, by, `${resource.noun}.delete`, id, before, null);
      return null;
    });
  }

  /** The former secret is worth nothing from now on. @throws Refusal NOT_FOUND */
  async rotateSecret(resource: Resource, id: string, by: Actor, once?: Once): Promise<Fields> {
    const secret = resource.secret?.make();
    const answer = await this.#transactOnce(once, async (tx) => {
      const before = await this.#hold(resource, id, tx);
      await resource.rows.update(tx, id, this.#columnsOf(resource, secret), before);
      await writeAudit(tx, by, `${resource.noun}.rotate_secret`, id, null, null);
      return this.#withSealed(resource, await this.read(resource, id, tx), secret);
    });
    return this.#withOpened(resource, answer);
  }

  async #hold(resource: Resource, id: string, tx: EntityManager): Promise<Thing> {
    if (!isId(resource.prefix, id) || !(await resource.rows.hold(tx, id))) throw new Refusal('NOT_FOUND');
    return this.read(resource, id, tx);
  }

  /**
   * Bodies may hold a password: what is kept of one, to know a repeat by, is of no use to who finds it in the database and
   * would try passwords on it.
   */
  #transactOnce<T>(once: Once | undefined, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const kept = once && { ...once, body: this.#sealing.fingerprint(JSON.stringify(once.body ?? null)) };
    return transactOnce(this.#dataSource, kept, work);
  }

  #columnsOf({ secret: kind }: Resource, secret: string | undefined): Fields {
    return kind && secret !== undefined ? kind.toColumns(secret, this.#sealing) : {};
  }

  /** The answer as it is stored: the database holds no secret in the clear, not even for a day. */
  #withSealed({ secret: kind }: Resource, thing: Thing, secret: string | undefined): Fields {
    return kind && secret !== undefined ? { ...thing, [kind.field]: this.#sealing.seal(secret) } : thing;
  }

  #withOpened({ secret: kind }: Resource, answer: Fields): Fields {
    return kind ? { ...answer, [kind.field]: this.#sealing.open(String(answer[kind.field])) } : answer;
  }
}

/** @throws Refusal FORBIDDEN to who is shown nothing of it */
function viewFor({ as_agent }: Resource, caller: Caller): (thing: Thing) => Fields {
  const sight = settingsSightOf(caller);
  if (sight === 'all') return (thing) => thing;
  if (sight === 'nothing' || !as_agent) throw new Refusal('FORBIDDEN');
  return (thing) => pick(thing, as_agent);
}

async function prepare<Update extends object>(
  resource: Resource<Update, NoInfer<Update>>,
  body: Update,
): Promise<Fields> {
  return resource.prepare ? resource.prepare(body) : Object.fromEntries(Object.entries(body));
}
