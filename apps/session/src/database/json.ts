/** A JSON column's value: MySQL's driver gives it parsed, MariaDB's column is a text. */
export function fromJson<T>(value: unknown): T {
  return (typeof value === 'string' ? JSON.parse(value) : value) as T;
}
