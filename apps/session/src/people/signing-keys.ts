import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { DataSource } from 'typeorm';
import { Sealing } from './sealing.ts';

const LOCK = 'seqdesk_signing_keys';
const LOCK_SECONDS = 10;
const KID_LENGTH = 16;
const FRESH_MS = 2_000;

type Key = Awaited<ReturnType<typeof importJWK>>;
interface StoredKey {
  kid: string;
  public_jwk: string;
  private_jwk_encrypted: string;
}

/** The cluster's EdDSA keys: the newest signs, all verify. The private parts lie in MySQL, sealed. */
export class SigningKeys {
  readonly #dataSource: DataSource;
  readonly #sealing: Sealing;
  #keys = new Map<string, Key>();
  #jwks: JWK[] = [];
  #signing: { kid: string; key: Key } | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(dataSource: DataSource, sealing: Sealing) {
    this.#dataSource = dataSource;
    this.#sealing = sealing;
  }

  /** Reads the keys, making the first one; replicas that start at once agree by a lock of the database. */
  async load(): Promise<void> {
    await this.#read();
    if (this.#signing) return;
    const runner = this.#dataSource.createQueryRunner();
    try {
      await runner.query(`SELECT GET_LOCK('${LOCK}', ${LOCK_SECONDS})`);
      await this.#read();
      if (!this.#signing) await this.#create();
    } finally {
      await runner.query(`SELECT RELEASE_LOCK('${LOCK}')`);
      await runner.release();
    }
    await this.#read();
  }

  get jwks(): { keys: JWK[] } {
    return { keys: this.#jwks };
  }

  get signing(): { kid: string; key: Key } {
    if (!this.#signing) throw new Error('no signing key was loaded');
    return this.#signing;
  }

  /** The public key of that name; a name that another replica made is read from the database. */
  async find(kid: string): Promise<Key | undefined> {
    // Anybody can name keys that nobody has: the database is asked about them now and then only.
    if (!this.#keys.has(kid) && performance.now() - this.#readAt > FRESH_MS) await this.#read();
    return this.#keys.get(kid);
  }

  async #read(): Promise<void> {
    this.#readAt = performance.now();
    const rows = await this.#dataSource.query<StoredKey[]>(
      'SELECT kid, public_jwk, private_jwk_encrypted FROM signing_keys ORDER BY created_at DESC, kid',
    );
    this.#jwks = rows.map((row) => JSON.parse(row.public_jwk) as JWK);
    this.#keys = new Map(
      await Promise.all(
        this.#jwks.map(async (jwk): Promise<[string, Key]> => [jwk.kid ?? '', await importJWK(jwk, 'EdDSA')]),
      ),
    );
    const [newest] = rows;
    if (!newest) return;
    const secret = JSON.parse(this.#sealing.open(newest.private_jwk_encrypted)) as JWK;
    this.#signing = { kid: newest.kid, key: await importJWK(secret, 'EdDSA') };
  }

  async #create(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const kid = (await calculateJwkThumbprint(jwk)).slice(0, KID_LENGTH);
    const visible = { ...jwk, kid, alg: 'EdDSA', use: 'sig' };
    await this.#dataSource.query(
      'INSERT INTO signing_keys (kid, public_jwk, private_jwk_encrypted, created_at) VALUES (?, ?, ?, NOW(6))',
      [kid, JSON.stringify(visible), this.#sealing.seal(JSON.stringify(await exportJWK(privateKey)))],
    );
  }
}
