import { hash, randomBytes, randomUUID } from 'node:crypto';
import { hash as hashPassword, verify as verifyPassword } from '@node-rs/argon2';
import type { DataSource, EntityManager } from 'typeorm';
import { type AgentRole, Refusal } from '#libs/contracts';
import type { AgentId, TeamId } from '#libs/protocol';
import { transact } from '../database/transact.ts';
import { Tokens } from './tokens.ts';

export interface SignedIn {
  access_token: string;
  expires_in: number;
  user: {
    agent_id: AgentId;
    username: string;
    name: string;
    role: AgentRole;
    team_ids: TeamId[];
    status: string;
    locale: string;
  };
  /** For the cookie only. */
  refresh_token: string;
}

export interface SignInLimits {
  lock_after_failures: number;
  lock_minutes: number;
  refresh_token_days: number;
}

interface Account {
  agent_id: AgentId;
  username: string;
  password_hash: string;
  name: string;
  role: AgentRole;
  status: string;
  locale: string;
  disabled: number;
}

interface Family {
  family_id: string;
  agent_id: AgentId;
}

/**
 * Ends all refresh tokens of an agent, in the transaction that holds the agent's row: those that a sign-in of the same
 * moment makes are made before, and go, or are not made any more.
 */
export async function endRefreshTokens(tx: EntityManager, agent_id: string): Promise<void> {
  await tx.query('DELETE FROM refresh_tokens WHERE agent_id = ?', [agent_id]);
}

/** Signs people in with a password, and on with a refresh token that works once: a second use ends its whole family. */
export class SignIn {
  readonly #dataSource: DataSource;
  readonly #tokens: Tokens;
  readonly #limits: SignInLimits;
  // Verified against for unknown names too, so that the time of the answer tells nothing.
  readonly #decoy = hashPassword(randomBytes(16).toString('hex'));

  constructor(dataSource: DataSource, tokens: Tokens, limits: SignInLimits) {
    this.#dataSource = dataSource;
    this.#tokens = tokens;
    this.#limits = limits;
  }

  /** @throws Refusal UNAUTHENTICATED, or ACCOUNT_LOCKED after too many failures. */
  async withPassword(username: string, password: string): Promise<SignedIn> {
    const account = await this.#find('username = ?', username);
    if (account && !(await this.#takeAttempt(account.agent_id))) throw new Refusal('ACCOUNT_LOCKED');
    const isRight = await verifyPassword(account?.password_hash ?? (await this.#decoy), password);
    if (!account || !isRight) throw new Refusal('UNAUTHENTICATED');
    return transact(this.#dataSource, async (tx) => {
      // Under the row's lock, and with what was verified: an admin may have changed the password meanwhile.
      const { affectedRows } = await tx.query<{ affectedRows: number }>(
        `UPDATE agents SET failed_logins = 0, locked_until = NULL
         WHERE agent_id = ? AND password_hash = ? AND disabled = 0`,
        [account.agent_id, account.password_hash],
      );
      if (affectedRows !== 1) throw new Refusal('UNAUTHENTICATED');
      return this.#admit(tx, account, randomUUID());
    });
  }

  get refresh_token_days(): number {
    return this.#limits.refresh_token_days;
  }

  /** @throws Refusal UNAUTHENTICATED */
  async withRefreshToken(token: string): Promise<SignedIn> {
    const token_hash = hash('sha256', token);
    const signedIn = await transact(this.#dataSource, async (tx) => {
      const held = await this.#lockFamily(tx, token_hash);
      if (!held) return undefined;
      const { family_id, agent_id } = held;
      const used = await tx.query<{ affectedRows: number }>(
        'UPDATE refresh_tokens SET used_at = NOW(6) WHERE token_hash = ? AND used_at IS NULL AND expires_at > NOW(6)',
        [token_hash],
      );
      const account = await this.#find('agent_id = ?', agent_id, tx);
      if (used.affectedRows === 1 && account && !account.disabled) return this.#admit(tx, account, family_id);
      // Somebody has used it before: whoever holds this family, it is not one person. Returned, not thrown: this stays.
      await tx.query('DELETE FROM refresh_tokens WHERE family_id = ?', [family_id]);
      return undefined;
    });
    if (!signedIn) throw new Refusal('UNAUTHENTICATED');
    return signedIn;
  }

  /**
   * Takes the locks of the agent and of all the family's tokens, in one order: uses of them come one after the other, and
   * none while an admin ends them all.
   */
  async #lockFamily(tx: EntityManager, token_hash: string): Promise<Family | undefined> {
    const [row] = await tx.query<Family[]>('SELECT family_id, agent_id FROM refresh_tokens WHERE token_hash = ?', [
      token_hash,
    ]);
    if (!row) return undefined;
    await tx.query('SELECT agent_id FROM agents WHERE agent_id = ? FOR UPDATE', [row.agent_id]);
    const held = await tx.query<unknown[]>(
      'SELECT token_hash FROM refresh_tokens WHERE family_id = ? ORDER BY token_hash FOR UPDATE',
      [row.family_id],
    );
    return held.length > 0 ? row : undefined;
  }

  /** Ends the token's family. An unknown token is no error. */
  async signOut(token: string): Promise<void> {
    await this.#dataSource.query(
      `DELETE r FROM refresh_tokens r JOIN refresh_tokens own ON own.family_id = r.family_id WHERE own.token_hash = ?`,
      [hash('sha256', token)],
    );
  }

  /**
   * Counts the attempt before the password is looked at: however many come at once, exactly so many are verified.
   * MySQL assigns from left to right: `locked_until` sees the new count.
   */
  async #takeAttempt(agent_id: string): Promise<boolean> {
    const { lock_after_failures, lock_minutes } = this.#limits;
    const { affectedRows } = await this.#dataSource.query<{ affectedRows: number }>(
      `UPDATE agents SET failed_logins = IF(locked_until <= NOW(6), 1, failed_logins + 1),
         locked_until = IF(failed_logins >= ?, NOW(6) + INTERVAL ? MINUTE, NULL)
       WHERE agent_id = ? AND (failed_logins < ? OR locked_until <= NOW(6))`,
      [lock_after_failures, lock_minutes, agent_id, lock_after_failures],
    );
    return affectedRows === 1;
  }

  async #find(
    where: 'username = ?' | 'agent_id = ?',
    value: string,
    tx: EntityManager = this.#dataSource.manager,
  ): Promise<Account | undefined> {
    const [account] = await tx.query<Account[]>(
      `SELECT agent_id, username, password_hash, name, role, status, locale, disabled FROM agents WHERE ${where}`,
      [value],
    );
    return account;
  }

  async #admit(tx: EntityManager, account: Account, family_id: string): Promise<SignedIn> {
    const { agent_id, username, name, role, status, locale } = account;
    const teams = await tx.query<{ team_id: TeamId }[]>(
      'SELECT team_id FROM team_members WHERE agent_id = ? ORDER BY team_id',
      [agent_id],
    );
    const team_ids = teams.map((team) => team.team_id);
    const refresh_token = randomBytes(32).toString('base64url');
    await tx.query(
      `INSERT INTO refresh_tokens (token_hash, family_id, agent_id, expires_at) VALUES (?, ?, ?, NOW(6) + INTERVAL ? DAY)`,
      [hash('sha256', refresh_token), family_id, agent_id, this.#limits.refresh_token_days],
    );
    return {
      access_token: await this.#tokens.signAgent({ sub: agent_id, role, team_ids }),
      expires_in: this.#tokens.access_token_seconds,
      user: { agent_id, username, name, role, team_ids, status, locale },
      refresh_token,
    };
  }
}
