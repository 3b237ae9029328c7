/** What lies under kafkajs' wrappers ("retries exceeded" around "not retriable" around the broker's answer). */
function rootCause(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && current.cause !== undefined) current = current.cause;
  return current;
}

/** The broker's name of the error, such as MESSAGE_TOO_LARGE, else kafkajs' class, else UNKNOWN. */
export function errorCode(error: unknown): string {
  const root = rootCause(error);
  if (typeof root !== 'object' || root === null) return 'UNKNOWN';
  if ('type' in root && typeof root.type === 'string') return root.type;
  return root instanceof Error ? root.name : 'UNKNOWN';
}

// CORRUPT_MESSAGE is missing: a damaged request says nothing of the words in it. Nor is anything of the set-up here, such as
// missing rights or an unknown topic: an operator mends that, while a sender who was refused for good has lost the words.
const FAULTS_OF_THE_RECORD = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']);

/** Whether Kafka refuses the data itself: at least one record of the request fails whenever it is sent. */
export function isFaultOfRecord(error: unknown): boolean {
  return FAULTS_OF_THE_RECORD.has(errorCode(error));
}

/**
 * Whether nobody named the group's coordinator. Mostly its broker is stopping or starting; kafkajs says the same where Kafka
 * refuses the group, or is silent.
 */
export function isCoordinatorAway(error: unknown): boolean {
  return errorCode(error) === 'KafkaJSGroupCoordinatorNotFound';
}
