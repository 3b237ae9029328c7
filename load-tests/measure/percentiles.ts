/** Mean and raw percentiles of a list of milliseconds; the list is sorted in place. */
export interface Percentiles {
  count: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
}

export function percentilesOf(milliseconds: number[]): Percentiles {
  milliseconds.sort((one, other) => one - other);
  const count = milliseconds.length;
  const at = (share: number) => milliseconds[Math.min(count - 1, Math.floor(share * count))] ?? 0;
  const sum = milliseconds.reduce((total, value) => total + value, 0);
  return { count, mean: count ? sum / count : 0, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** `8.4 / 6.4 / 35.1` for mean, P50 and P99 in milliseconds. */
export function shortForm({ mean, p50, p99 }: Percentiles): string {
  return [mean, p50, p99].map((value) => value.toFixed(1)).join(' / ');
}
