/** A time in milliseconds since 1970 as a `send_time`: nanoseconds as a decimal string, true to the microsecond. */
export function toSendTime(time_ms: number): string {
  return `${BigInt(Math.round(time_ms * 1_000))}000`;
}
