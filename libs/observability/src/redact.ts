/**
 * Keeps secrets and people's words out of the log, wherever a caller puts them: by the name of the field, and by the look
 * of a token inside any text.
 */
const SECRET_FIELDS = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'password_hash',
  'totp',
  'token',
  'access_token',
  'refresh_token',
  'visitor_token',
  'service_token',
  'secret',
  'identity_secret',
  'secrets_key',
  'private_key',
  'api_key',
  'user_hash',
  'jwt',
  // What people write, and what is written in their name.
  'content',
  'text',
  'preview',
  'value',
  'json',
  // Drivers put a statement and its values on their errors: message text would come in with them.
  'sql',
  'query',
  'parameters',
]);
const CENSORED = '[redacted]';
const TOKEN_TEXT = /eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|\b(?:sk|whsec)_[\w+/=-]{8,}|\bBearer\s+\S+|:\/\/[^\s/@:]*:[^\s/@]+@/g;
const MAX_DEPTH = 6;
const MAX_TEXT = 8_192;

/** A copy of a log entry's fields that is safe to write. */
export function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  return redactObject(fields, 0);
}

/** The text with every token, key and URL password replaced, and not longer than 8 KiB. */
export function redactText(text: string): string {
  const safe = text.replace(TOKEN_TEXT, CENSORED);
  return safe.length > MAX_TEXT ? `${safe.slice(0, MAX_TEXT)}…` : safe;
}

function redactObject(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      SECRET_FIELDS.has(name.toLowerCase()) ? CENSORED : redactValue(value, depth + 1),
    ]),
  );
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return redactObject(value, depth);
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: redactText(error.message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...redactObject(
      Object.fromEntries(Object.entries(error).filter(([name]) => name !== 'name' && name !== 'cause')),
      depth,
    ),
    ...(error.cause === undefined
      ? {}
      : { cause: depth >= MAX_DEPTH ? '[deeper]' : redactValue(error.cause, depth + 1) }),
  };
}
