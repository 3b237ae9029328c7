/**
 * How to go on with a range of records that was refused for a data error in it: the ranges to try next, in order.
 * With the offender's index the rest is cut around it; without, the range is halved. A single record can't be cut: it is the
 * offender.
 */
export function cutAround<T>(range: readonly T[], index: number | undefined): T[][] {
  if (range.length <= 1) return [];
  if (index !== undefined && Number.isInteger(index) && index >= 0 && index < range.length) {
    return [range.slice(0, index), range.slice(index, index + 1), range.slice(index + 1)].filter(
      ({ length }) => length > 0,
    );
  }
  const middle = Math.ceil(range.length / 2);
  return [range.slice(0, middle), range.slice(middle)];
}
