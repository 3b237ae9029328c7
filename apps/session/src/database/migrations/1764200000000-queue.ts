import type { MigrationInterface, QueryRunner } from 'typeorm';

const id = 'VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin';
const word = 'VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin';
const time = 'DATETIME(6)';
const table = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';

/** Teams' rules, the queue, offers, presence, timers, and the stored answers of commands. */
const statements = [
  `ALTER TABLE teams
    ADD COLUMN strategy ${word} NOT NULL DEFAULT 'least_loaded',
    ADD COLUMN visibility ${word} NOT NULL DEFAULT 'own',
    ADD COLUMN business_hours_id ${id} NULL,
    ADD COLUMN skills JSON NOT NULL DEFAULT ('[]'),
    ADD COLUMN ageing_seconds INT NOT NULL DEFAULT 120,
    ADD COLUMN offer_seconds INT NOT NULL DEFAULT 30,
    ADD COLUMN first_reply_seconds INT NULL,
    ADD COLUMN next_reply_seconds INT NULL`,

  `CREATE TABLE business_hours (
    business_hours_id ${id} NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    time_zone VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    week JSON NOT NULL,
    days JSON NOT NULL,
    created_at ${time} NOT NULL,
    updated_at ${time} NOT NULL
  ) ${table}`,

  // absent_since: since when no sign of life was seen, NULL while there is one. seen_at: the last call of a client without a
  // socket, which holds no lease.
  `ALTER TABLE agents
    ADD COLUMN absent_since ${time} NULL DEFAULT CURRENT_TIMESTAMP(6),
    ADD COLUMN seen_at ${time} NULL`,

  // Who was in which status since when, and why: a row for each change.
  `CREATE TABLE agent_statuses (
    agent_id ${id} NOT NULL,
    since ${time} NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    status ${word} NOT NULL,
    reason VARCHAR(200) NULL,
    set_by VARCHAR(64) NOT NULL,
    PRIMARY KEY (agent_id, since)
  ) ${table}`,

  // enqueued_at is the first time in a queue and decides the place; queued_at is when this stay began, and NULL outside.
  // due_at is when the timers look at the session again, told what they have done already; see timers/.
  `ALTER TABLE sessions
    ADD COLUMN queued_at ${time} NULL,
    ADD COLUMN is_offline TINYINT(1) NOT NULL DEFAULT 0,
    ADD COLUMN declined_by ${id} NULL,
    ADD COLUMN declined_at ${time} NULL,
    ADD COLUMN transfer_to_agent_id ${id} NULL,
    ADD COLUMN transfer_reason VARCHAR(500) NULL,
    ADD COLUMN transfer_expires_at ${time} NULL,
    ADD COLUMN is_origin_lost TINYINT(1) NOT NULL DEFAULT 0,
    ADD COLUMN rating_comment TEXT NULL,
    ADD COLUMN tags JSON NOT NULL DEFAULT ('[]'),
    ADD COLUMN due_at ${time} NULL,
    ADD COLUMN told JSON NOT NULL DEFAULT ('{}'),
    ADD KEY ix_sessions_due_at (due_at),
    ADD KEY ix_sessions_transfer_expires_at (transfer_expires_at),
    ADD KEY ix_sessions_transfer_to_agent_id (transfer_to_agent_id),
    ADD KEY ix_sessions_team_id_assigned_at (team_id, assigned_at)`,
  // Those of a version without timers and stays.
  `UPDATE sessions SET queued_at = enqueued_at WHERE state = 'waiting'`,
  `UPDATE sessions SET due_at = NOW(6) WHERE state <> 'closed'`,

  `CREATE TABLE notes (
    note_id ${id} NOT NULL PRIMARY KEY,
    session_id ${id} NOT NULL,
    author_id ${id} NOT NULL,
    content TEXT NOT NULL,
    after_seq_id INT UNSIGNED NOT NULL,
    created_at ${time} NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    KEY ix_notes_session_id (session_id, created_at)
  ) ${table}`,

  // Written first in a command's transaction, answered before its commit: a repeat reads the answer.
  `CREATE TABLE idempotency_keys (
    key_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    body_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    answer MEDIUMTEXT NULL,
    created_at ${time} NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    KEY ix_idempotency_keys_created_at (created_at)
  ) ${table}`,
];

export class Queue1764200000000 implements MigrationInterface {
  readonly name = 'Queue1764200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of ['business_hours', 'agent_statuses', 'notes', 'idempotency_keys']) {
      await queryRunner.query(`DROP TABLE ${name}`);
    }
    for (const [name, columns] of Object.entries(added)) {
      await queryRunner.query(`ALTER TABLE ${name} ${columns.map((column) => `DROP COLUMN ${column}`).join(', ')}`);
    }
  }
}

/** What the first version did not have; a key goes with the last of its columns. */
const added = {
  teams: [
    'strategy',
    'visibility',
    'business_hours_id',
    'skills',
    'ageing_seconds',
    'offer_seconds',
    'first_reply_seconds',
    'next_reply_seconds',
  ],
  agents: ['absent_since', 'seen_at'],
  sessions: [
    'queued_at',
    'is_offline',
    'declined_by',
    'declined_at',
    'transfer_to_agent_id',
    'transfer_reason',
    'transfer_expires_at',
    'is_origin_lost',
    'rating_comment',
    'tags',
    'due_at',
    'told',
  ],
};
