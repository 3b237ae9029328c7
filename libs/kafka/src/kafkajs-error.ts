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

const FAULTS_OF_THE_RECORD = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'CORRUPT_MESSAGE',
]);
const FAULTS_OF_THE_SETUP = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_TOPIC_EXCEPTION',
]);

/** Whether sending the same again can succeed. */
export function canRetrySend(error: unknown): boolean {
  const code = errorCode(error);
  return !FAULTS_OF_THE_RECORD.has(code) && !FAULTS_OF_THE_SETUP.has(code);
}
