import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts what the database keeps secret (AES-256-GCM, a fresh nonce each); the key is derived from SECRETS_KEY. */
export class Sealing {
  readonly #key: Buffer;
  readonly #fingerprintKey: Buffer;

  constructor(secrets_key: string) {
    this.#key = createHash('sha256').update(`seqdesk/sealing\n${secrets_key}`).digest();
    this.#fingerprintKey = createHash('sha256').update(`seqdesk/fingerprint\n${secrets_key}`).digest();
  }

  seal(text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** The same for the same text (HMAC-SHA256); without the key nobody can try which text it was. */
  fingerprint(text: string): string {
    return createHmac('sha256', this.#fingerprintKey).update(text, 'utf8').digest('base64url');
  }

  /** @throws when the text was sealed under another key or was changed. */
  open(sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  }
}
