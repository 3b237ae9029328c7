import { type ErrorCode, type Locale, Refusal, type SocketError, toSocketError } from '#libs/contracts';
import { KafkaError, Overloaded } from '#libs/kafka';

/** The code under which a client learns of an error; undefined for one that nobody expected. */
export function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof Refusal) return error.code;
  if (error instanceof Overloaded) return 'OVERLOADED';
  if (error instanceof KafkaError) return error.retryable ? 'UNAVAILABLE' : 'PAYLOAD_TOO_LARGE';
  return undefined;
}

/** What an acknowledgement says of an error; the unexpected is told without its inside and may be tried again. */
export function toAckError(error: unknown, locale: Locale): SocketError {
  const answer = toSocketError(codeOf(error) ?? 'UNAVAILABLE', locale);
  const paths = error instanceof Refusal ? error.errors?.map(({ path }) => path).join(', ') : undefined;
  return paths ? { ...answer, message: `${answer.message} (${paths})` } : answer;
}
