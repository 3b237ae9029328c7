/** Milliseconds since 1970 of a clock that never goes back, whatever happens to the machine's time. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
