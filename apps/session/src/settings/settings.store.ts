import {
  type EntityManager,
  type FindOptionsWhere,
  MoreThan,
  type ObjectLiteral,
  type QueryDeepPartialEntity,
} from 'typeorm';
import { Refusal } from '#libs/contracts';
import type { Fields, Rows, Thing, Which } from './resource.ts';

/** A row of any table of settings. */
interface SettingRow {
  created_at: Date;
  updated_at: Date;
}

/** Where the fields of a thing are not the columns of its row. */
interface Layout<Row> {
  toFields(row: Row): Fields;
  /** @param after the thing as it will be */
  toColumns(changes: Fields, after: Fields): Fields;
}

const asItIs: Layout<object> = { toFields: (row) => ({ ...row }), toColumns: (changes) => changes };

/** Things that are a row each, by the id in its column. */
export function rowsOf<Row extends SettingRow & ObjectLiteral>(
  entity: new () => Row,
  id_column: keyof Row & string,
  { toFields, toColumns }: Layout<Row> = asItIs,
): Rows {
  const byId = (id: string) => ({ [id_column]: id }) as FindOptionsWhere<Row>;
  return {
    async find(tx, which) {
      const found = await tx.find(entity, selectionOf<Row>(id_column, which));
      return found.map((row): Thing => {
        const { created_at, updated_at } = row;
        // What is never read, such as a hash, is there as undefined.
        const fields = Object.fromEntries(Object.entries(toFields(row)).filter(([, value]) => value !== undefined));
        return { ...fields, created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
      });
    },
    hold: (tx, id) => holdRow(tx, entity, id_column, id),
    async insert(tx, id, fields) {
      const now = new Date();
      const columns = { ...toColumns(fields, fields), [id_column]: id, created_at: now, updated_at: now };
      await tx.insert(entity, columns as unknown as QueryDeepPartialEntity<Row>);
    },
    async update(tx, id, changes, after) {
      const columns = { ...toColumns(changes, after), updated_at: new Date() };
      await tx.update(entity, byId(id), columns as unknown as QueryDeepPartialEntity<Row>);
    },
    async remove(tx, id) {
      await tx.delete(entity, byId(id));
    },
  };
}

function selectionOf<Row extends ObjectLiteral>(id_column: string, which: Which) {
  if ('id' in which) return { where: { [id_column]: which.id } as FindOptionsWhere<Row> };
  const where = which.after === undefined ? {} : { [id_column]: MoreThan(which.after) };
  return { where: where as FindOptionsWhere<Row>, order: { [id_column]: 'ASC' } as never, take: which.limit };
}

async function holdRow(
  tx: EntityManager,
  entity: new () => ObjectLiteral,
  id_column: string,
  id: string,
): Promise<boolean> {
  const { tableName } = tx.connection.getMetadata(entity);
  const held = await tx.query<unknown[]>(`SELECT ${id_column} FROM ${tableName} WHERE ${id_column} = ? FOR UPDATE`, [
    id,
  ]);
  return held.length > 0;
}

/**
 * The timers look at the open sessions again: one that was switched on must reach those in which nothing was to come due.
 */
export async function lookAtOpenSessions(
  tx: EntityManager,
  column: 'channel_id' | 'team_id',
  id: string,
): Promise<void> {
  // Open sessions alone have an open visitor, whose key is a short one.
  await tx.query(`UPDATE sessions SET due_at = NOW(6) WHERE open_visitor_id IS NOT NULL AND ${column} = ?`, [id]);
}

/**
 * Sees that the rows which a field names are there, and holds them: nobody deletes one before this transaction has ended.
 * In the order of their ids, whoever asks.
 * @throws Refusal VALIDATION_FAILED that names the field
 */
export async function requireNamed(
  tx: EntityManager,
  { field, entity, id_column }: { field: string; entity: new () => ObjectLiteral; id_column: string },
  ids: readonly string[],
): Promise<void> {
  for (const id of [...new Set(ids)].toSorted()) {
    if (await holdRow(tx, entity, id_column, id)) continue;
    const errors = [{ path: field, message: 'names nothing that is there' }];
    throw new Refusal('VALIDATION_FAILED', { detail: `${field}: names nothing that is there`, errors });
  }
}
