import type { MigrationInterface, QueryRunner } from 'typeorm';

const id = 'VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin';
const word = 'VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin';
const uuid = 'CHAR(36) CHARACTER SET ascii COLLATE ascii_bin';
const time = 'DATETIME(6)';
const table = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';

/** People, settings, sessions, the log, and what the writer and the outbox need. No foreign keys: see the architecture page. */
const statements = [
  // One row per installation-wide fact: `log_epoch` in milliseconds since 1970 of the database's clock.
  `CREATE TABLE cluster_facts (
    name ${word} NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
  ) ${table}`,
  `INSERT INTO cluster_facts (name, value) VALUES ('log_epoch', FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000))`,

  `CREATE TABLE signing_keys (
    kid ${word} NOT NULL PRIMARY KEY,
    public_jwk TEXT NOT NULL,
    private_jwk_encrypted TEXT NOT NULL,
    created_at ${time} NOT NULL
  ) ${table}`,

  `CREATE TABLE teams (
    team_id ${id} NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    created_at ${time} NOT NULL,
    updated_at ${time} NOT NULL
  ) ${table}`,

  `CREATE TABLE agents (
    agent_id ${id} NOT NULL PRIMARY KEY,
    username VARCHAR(100) COLLATE utf8mb4_general_ci NOT NULL,
    password_hash VARCHAR(200) NOT NULL,
    name VARCHAR(100) NOT NULL,
    role ${word} NOT NULL,
    email VARCHAR(254) NULL,
    locale ${word} NOT NULL DEFAULT 'en',
    skills JSON NOT NULL,
    languages JSON NOT NULL,
    status ${word} NOT NULL DEFAULT 'away',
    capacity INT NOT NULL DEFAULT 8,
    active INT NOT NULL DEFAULT 0,
    last_assigned_at ${time} NULL,
    disabled TINYINT(1) NOT NULL DEFAULT 0,
    failed_logins INT NOT NULL DEFAULT 0,
    locked_until ${time} NULL,
    created_at ${time} NOT NULL,
    updated_at ${time} NOT NULL,
    UNIQUE KEY uq_agents_username (username)
  ) ${table}`,

  `CREATE TABLE team_members (
    team_id ${id} NOT NULL,
    agent_id ${id} NOT NULL,
    PRIMARY KEY (team_id, agent_id),
    KEY ix_team_members_agent_id (agent_id)
  ) ${table}`,

  `CREATE TABLE refresh_tokens (
    token_hash ${word.replace('32', '64')} NOT NULL PRIMARY KEY,
    family_id ${uuid} NOT NULL,
    agent_id ${id} NOT NULL,
    expires_at ${time} NOT NULL,
    used_at ${time} NULL,
    KEY ix_refresh_tokens_family_id (family_id),
    KEY ix_refresh_tokens_agent_id (agent_id)
  ) ${table}`,

  `CREATE TABLE channels (
    channel_id ${id} NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    team_id ${id} NOT NULL,
    bot ${word} NOT NULL DEFAULT 'none',
    identity ${word} NOT NULL DEFAULT 'optional',
    identity_secret_encrypted TEXT NOT NULL,
    allowed_origins JSON NOT NULL,
    settings JSON NOT NULL,
    created_at ${time} NOT NULL,
    updated_at ${time} NOT NULL
  ) ${table}`,

  `CREATE TABLE visitors (
    visitor_id ${id} NOT NULL PRIMARY KEY,
    channel_id ${id} NOT NULL,
    user_id VARCHAR(128) NULL,
    name VARCHAR(100) NULL,
    email VARCHAR(254) NULL,
    phone VARCHAR(40) NULL,
    locale ${word} NULL,
    attributes JSON NOT NULL,
    page JSON NULL,
    created_at ${time} NOT NULL,
    updated_at ${time} NOT NULL,
    UNIQUE KEY uq_visitors_channel_id_user_id (channel_id, user_id),
    KEY ix_visitors_user_id (user_id)
  ) ${table}`,

  `CREATE TABLE api_keys (
    key_id ${id} NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    key_hash ${word.replace('32', '64')} NOT NULL,
    scopes JSON NOT NULL,
    sender_names JSON NOT NULL,
    expires_at ${time} NULL,
    created_at ${time} NOT NULL,
    UNIQUE KEY uq_api_keys_key_hash (key_hash)
  ) ${table}`,

  // open_visitor_id is the visitor while the session is not closed, else NULL: one open session per visitor.
  `CREATE TABLE sessions (
    session_id ${id} NOT NULL PRIMARY KEY,
    state ${word} NOT NULL,
    version INT NOT NULL,
    origin ${word} NOT NULL,
    channel_id ${id} NOT NULL,
    team_id ${id} NOT NULL,
    visitor_id ${id} NOT NULL,
    open_visitor_id ${id} NULL,
    agent_id ${id} NULL,
    priority INT NOT NULL DEFAULT 0,
    skills JSON NOT NULL,
    language ${word} NULL,
    category VARCHAR(100) NULL,
    attributes JSON NOT NULL,
    previous_session_id ${id} NULL,
    opened_at ${time} NOT NULL,
    enqueued_at ${time} NULL,
    assigned_at ${time} NULL,
    closed_at ${time} NULL,
    close_reason VARCHAR(500) NULL,
    rating TINYINT NULL,
    UNIQUE KEY uq_sessions_open_visitor_id (open_visitor_id),
    UNIQUE KEY uq_sessions_previous_session_id (previous_session_id),
    KEY ix_sessions_visitor_id_closed_at (visitor_id, closed_at),
    KEY ix_sessions_agent_id_closed_at (agent_id, closed_at),
    KEY ix_sessions_team_id_state_enqueued_at (team_id, state, enqueued_at, session_id)
  ) ${table}`,

  // The log. The primary key numbers it, uq_messages_message_id settles resends: both are the fence against a second writer.
  `CREATE TABLE messages (
    session_id ${id} NOT NULL,
    seq_id INT UNSIGNED NOT NULL,
    message_id ${id} NOT NULL,
    type ${word} NOT NULL,
    sender VARCHAR(64) NOT NULL,
    sender_role ${word} NOT NULL,
    target VARCHAR(64) NOT NULL,
    content MEDIUMTEXT NOT NULL,
    send_time BIGINT UNSIGNED NOT NULL,
    client_msg_id ${uuid} NOT NULL,
    reply_to ${id} NULL,
    choice_id VARCHAR(64) NULL,
    stored_at ${time} NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (session_id, seq_id),
    UNIQUE KEY uq_messages_message_id (message_id)
  ) ${table}`,

  // Sessions that the writer wants in their queues; gone when the queue has taken them in.
  `CREATE TABLE queue_requests (
    session_id ${id} NOT NULL PRIMARY KEY,
    requested_at ${time} NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
  ) ${table}`,

  // A bot's answer that came after a person took over: remembered, so that it can be told from one not stored yet.
  `CREATE TABLE dropped_messages (
    message_id ${id} NOT NULL PRIMARY KEY,
    session_id ${id} NOT NULL,
    dropped_at ${time} NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
  ) ${table}`,

  // The writer's place in chat.inbound.v1: the next offset to read, stored after the rows it covers and before Kafka's commit.
  `CREATE TABLE log_offsets (
    partition_id INT NOT NULL PRIMARY KEY,
    next_offset BIGINT NOT NULL,
    updated_at ${time} NOT NULL
  ) ${table}`,

  `CREATE TABLE read_marks (
    session_id ${id} NOT NULL,
    reader ${id} NOT NULL,
    seq_id INT UNSIGNED NOT NULL,
    updated_at ${time} NOT NULL,
    PRIMARY KEY (session_id, reader)
  ) ${table}`,

  // Rows wait here until Kafka has acked them, then they go. \`position\` orders them; within a session it follows version.
  `CREATE TABLE outbox (
    position BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    outbox_id ${uuid} NOT NULL,
    topic VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    record_key ${id} NOT NULL,
    headers JSON NOT NULL,
    value MEDIUMTEXT NULL,
    created_at ${time} NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    UNIQUE KEY uq_outbox_outbox_id (outbox_id)
  ) ${table}`,

  // What POST /send decided before it produced: a repeat gives the same answer.
  `CREATE TABLE sendings (
    caller ${id} NOT NULL,
    client_msg_id ${uuid} NOT NULL,
    session_id ${id} NOT NULL,
    message_id ${id} NOT NULL,
    send_time BIGINT UNSIGNED NOT NULL,
    body_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at ${time} NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (caller, client_msg_id)
  ) ${table}`,

  `CREATE TABLE audit_log (
    audit_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    actor VARCHAR(64) NOT NULL,
    action VARCHAR(64) NOT NULL,
    subject VARCHAR(64) NOT NULL,
    before_value JSON NULL,
    after_value JSON NULL,
    ip VARCHAR(64) NULL,
    created_at ${time} NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    KEY ix_audit_log_subject (subject),
    KEY ix_audit_log_created_at (created_at)
  ) ${table}`,
];

const tables = statements.flatMap((sql) => /^CREATE TABLE (\w+)/.exec(sql)?.slice(1) ?? []);

export class Initial1764000000000 implements MigrationInterface {
  readonly name = 'Initial1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of tables.toReversed()) await queryRunner.query(`DROP TABLE ${name}`);
  }
}
