import type { MigrationInterface, QueryRunner } from 'typeorm';

const id = 'VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin';
const field = (column: string, name: string) => `JSON_UNQUOTE(JSON_EXTRACT(${column}, '$.${name}'))`;

/**
 * Which team's queue a line took its session out of, to an agent: the rate at which a queue is served is one range of an
 * index, however long the audit is. Stored, as MariaDB's purge has lost its way in indexes of virtual columns.
 */
const statements = [
  `ALTER TABLE audit_log
    ADD COLUMN served_team_id ${id} GENERATED ALWAYS AS (
      IF(${field('before_value', 'state')} = 'waiting' AND ${field('after_value', 'state')} = 'serving',
        ${field('after_value', 'team_id')}, NULL)) STORED,
    ADD KEY ix_audit_log_served_team_id_created_at (served_team_id, created_at)`,
  // It counted every assignment, also those between agents.
  'ALTER TABLE sessions DROP KEY ix_sessions_team_id_assigned_at',
];

export class Served1764300000000 implements MigrationInterface {
  readonly name = 'Served1764300000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE sessions ADD KEY ix_sessions_team_id_assigned_at (team_id, assigned_at)');
    await queryRunner.query('ALTER TABLE audit_log DROP KEY ix_audit_log_served_team_id_created_at');
    await queryRunner.query('ALTER TABLE audit_log DROP COLUMN served_team_id');
  }
}
