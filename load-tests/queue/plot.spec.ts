import { expect, test } from 'vitest';
import { plotQueue, ticksTo } from './plot.ts';

const shift = (strategy: string, waiting: [number, number][]) => ({
  strategy,
  series: { waiting, wait_percentiles: [0, 1, 2] },
});

test('each strategy is one line a panel, drawn inside of it', () => {
  const svg = plotQueue([
    shift('first', [
      [0, 1_000],
      [80, 0],
    ]),
    shift('second', [
      [0, 900],
      [75, 3],
    ]),
  ]);
  expect(svg.match(/class="line line0"/g)).toHaveLength(3);
  expect(svg.match(/class="line line1"/g)).toHaveLength(3);
  // The first panel: from the top left to the bottom right.
  expect(svg).toContain('d="M56.0 64.0L356.0 284.0"');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('is told apart in the dark', () => {
  expect(plotQueue([])).toContain('prefers-color-scheme: dark');
});

test('ticks are round numbers that reach the end', () => {
  expect(ticksTo(1_000)).toEqual([0, 200, 400, 600, 800, 1_000]);
  expect(ticksTo(1_548)).toEqual([0, 500, 1_000, 1_500, 2_000]);
  expect(ticksTo(3)).toEqual([0, 1, 2, 3]);
  expect(ticksTo(0)).toEqual([0, 1]);
});
