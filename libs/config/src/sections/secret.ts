import { z } from 'zod';

const MIN_LENGTH = 32;
const MIN_DISTINCT_CHARACTERS = 10;
const MIN_PASSWORD_LENGTH = 12;
const MAX_PASSWORD_LENGTH = 200;

const required = {
  error: (issue: { input?: unknown }) => (issue.input === undefined ? 'is required and has no default' : undefined),
};

/** Words that stand in placeholders and in other people's documentation, and never in a random secret of any length. */
const KNOWN =
  /change.?me|password|example|placeholder|seqdesk|replace.?(me|this)|0123456789|123456789|abcdefgh|qwerty/i;

/**
 * Says why a secret may not be used, or undefined when it may: too short, too uniform, or known.
 * The answer never holds the secret itself.
 */
function findSecretWeakness(secret: string): string | undefined {
  if (secret.length < MIN_LENGTH) return `is weak: it needs at least ${MIN_LENGTH} characters`;
  if (new Set(secret).size < MIN_DISTINCT_CHARACTERS) return 'is weak: it repeats a few characters';
  if (KNOWN.test(secret)) return 'is known: it looks like a placeholder';
  return undefined;
}

/** A secret without a default: missing, weak and known ones stop the start. Make one with `openssl rand -base64 48`. */
export function secret(description: string) {
  return z
    .string(required)
    .superRefine((value, context) => {
      const weakness = findSecretWeakness(value);
      if (weakness) context.addIssue({ code: 'custom', message: weakness });
    })
    .meta({ description, secret: true });
}

/** A person's password without a default, which people type: shorter than a secret, and as little known. */
export function password(description: string) {
  return z
    .string(required)
    .min(MIN_PASSWORD_LENGTH, `is weak: it needs at least ${MIN_PASSWORD_LENGTH} characters`)
    .max(MAX_PASSWORD_LENGTH)
    .refine((value) => !KNOWN.test(value), 'is known: it looks like a placeholder')
    .meta({ description, secret: true });
}
