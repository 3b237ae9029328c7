/** Two panels, a line for each strategy: who waits over time, and how many have waited how long at most. */
import type { ShiftResult } from './result.ts';

type Point = readonly [x: number, y: number];
interface Panel {
  readonly title: string;
  readonly x_label: string;
  readonly lines: readonly (readonly Point[])[];
  readonly x_unit: string;
  readonly y_unit: string;
}

const WIDTH = 760;
const PANEL = { width: 300, height: 220, top: 64, gap: 76, left: 56 } as const;
const HEIGHT = PANEL.top + PANEL.height + 52;
const MOST_TICKS = 5;
interface Palette {
  readonly ground: string;
  readonly ink: string;
  readonly rule: string;
  readonly lines: readonly [string, string];
}
const LIGHT: Palette = { ground: '#ffffff', ink: '#24292f', rule: '#d0d7de', lines: ['#0550ae', '#bc4c00'] };
const DARK: Palette = { ground: '#0d1117', ink: '#e6edf3', rule: '#30363d', lines: ['#79c0ff', '#ffa657'] };
/** No variables: not every viewer knows them. */
const colours = ({ ground, ink, rule, lines }: Palette) =>
  `text { fill: ${ink}; } .ground { fill: ${ground}; } .rule { stroke: ${rule}; } ` +
  `.line0 { stroke: ${lines[0]}; } .line1 { stroke: ${lines[1]}; }`;
/** The second line is dashed: two strategies may lie on each other, and not everybody tells the colours apart. */
const STYLE = `
    text { font: 12px system-ui, sans-serif; }
    .title { font-weight: 600; }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
    .line1 { stroke-dasharray: 6 4; }
    ${colours(LIGHT)}
    @media (prefers-color-scheme: dark) { ${colours(DARK)} }
  `;

type Shown = Pick<ShiftResult, 'strategy' | 'series'>;

export function plotQueue(shifts: readonly Shown[]): string {
  const panels: Panel[] = [
    {
      title: 'Sessions waiting',
      x_label: 'time since the agents came',
      x_unit: ' s',
      y_unit: '',
      lines: shifts.map(({ series }) => series.waiting),
    },
    {
      title: 'Sessions that waited no longer',
      x_label: 'wait',
      x_unit: ' s',
      y_unit: ' %',
      lines: shifts.map(({ series }) => series.wait_percentiles.map((wait, share): Point => [wait, share])),
    },
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `  <title>The queue: who waits over time, and for how long</title>`,
    `  <style>${STYLE}</style>`,
    `  <rect class="ground" width="100%" height="100%" rx="6"/>`,
    ...shifts.map(({ strategy }, index) => legend(strategy, index)),
    ...panels.map((panel, index) => drawPanel(panel, PANEL.left + index * (PANEL.width + PANEL.gap))),
    '</svg>',
    '',
  ].join('\n');
}

function legend(strategy: string, index: number): string {
  const x = PANEL.left + index * 140;
  return `  <path class="line line${index}" d="M${x} 18h28"/><text x="${x + 34}" y="22">${strategy}</text>`;
}

function drawPanel({ title, x_label, x_unit, y_unit, lines }: Panel, left: number): string {
  const points = lines.flat();
  const x_ticks = ticksTo(Math.max(...points.map(([x]) => x), 0));
  const y_ticks = ticksTo(Math.max(...points.map(([, y]) => y), 0));
  const [x_end = 1, y_end = 1] = [x_ticks.at(-1), y_ticks.at(-1)];
  const { width, height, top } = PANEL;
  const x_of = (x: number) => (left + (x / x_end) * width).toFixed(1);
  const y_of = (y: number) => (top + height - (y / y_end) * height).toFixed(1);
  return [
    `  <text class="title" x="${left}" y="${top - 12}">${title}</text>`,
    ...y_ticks.map((tick) => {
      const y = y_of(tick);
      const label = `<text x="${left - 6}" y="${Number(y) + 4}" text-anchor="end">${show(tick)}${y_unit}</text>`;
      return `  <path class="rule" d="M${left} ${y}h${width}"/>${label}`;
    }),
    ...x_ticks.map((tick) => {
      const place = `x="${x_of(tick)}" y="${top + height + 18}"`;
      return `  <text ${place} text-anchor="middle">${show(tick)}${x_unit}</text>`;
    }),
    `  <text x="${left + width / 2}" y="${top + height + 38}" text-anchor="middle">${x_label}</text>`,
    ...lines.map((line, index) => {
      const path = line.map(([x, y]) => `${x_of(x)} ${y_of(y)}`).join('L');
      return `  <path class="line line${index}" d="M${path}"/>`;
    }),
  ].join('\n');
}

/** From 0 to the end or a bit beyond, in at most five steps of 1, 2, 2.5 or 5 times a power of ten. */
export function ticksTo(end: number): number[] {
  if (end <= 0) return [0, 1];
  const least = end / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 2.5, 5].find((one) => one * power >= least) ?? 10;
  const step = factor * power;
  return Array.from({ length: Math.ceil(end / step) + 1 }, (_, index) => index * step);
}

function show(value: number): string {
  return String(Number(value.toPrecision(6)));
}
