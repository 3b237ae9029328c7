import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import type { Floors } from './floors/floors.ts';
import { type Percentiles, shortForm } from './measure/percentiles.ts';
import type { TalkResult } from './talk.ts';

/** Everything one run found out; written as JSON and as Markdown. */
export interface Report {
  machine: string;
  commit: string;
  engine_data: string;
  replicas: string;
  raised_limits: boolean;
  floors: Floors;
  rows: TalkResult[];
}

export function describeMachine(): string {
  const processors = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} × ${processors[0]?.model ?? 'unknown'}, ${gigabytes} GiB, Node ${process.version}`;
}

export function describeCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  // Its own results don't make the code another one.
  const changes = git('status', '--porcelain', '--', '.', ':!load-tests/results');
  return git('rev-parse', '--short', 'HEAD') + (changes === '' ? '' : ' with changes');
}

export function toMarkdown(report: Report): string {
  return [
    `# Load: visitors and agents talk`,
    '',
    `${report.machine}; commit ${report.commit}; engines' data ${report.engine_data === 'ram' ? 'in RAM' : 'on disk'}; ${report.replicas}; engines, services and load on the same machine${report.raised_limits ? '; rate limits raised by configuration' : ''}. Times in ms: mean / P50 / P99.`,
    '',
    '| floor | 200/s |',
    '|---|---|',
    ...Object.entries(report.floors).map(([name, times]) => `| ${name} | ${shortForm(times as Percentiles)} |`),
    '',
    '| idle | msg/s | send → screen | send → ack | ack → commit | handshake | lost | doubled | holes | out of order | not pushed | repeated |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...report.rows.map(row),
    '',
    ...report.rows.flatMap(processTable),
  ].join('\n');
}

function row({ options, connected, delivery, ack, stored_after_ack, handshake, verdict }: TalkResult): string {
  const cells = [
    connected,
    options.rate,
    shortForm(delivery),
    shortForm(ack),
    shortForm(stored_after_ack),
    shortForm(handshake),
    `${verdict.lost} of ${verdict.acked}`,
    verdict.doubled,
    verdict.holes,
    verdict.pushed_out_of_order,
    verdict.not_pushed,
    verdict.repeated_pushes,
  ];
  return `| ${cells.join(' | ')} |`;
}

function processTable({ options, processes, generator }: TalkResult): string[] {
  const cores = processes.reduce((sum, use) => sum + use.cores, 0);
  return [
    `At ${options.rate} msg/s, our processes together: ${cores.toFixed(2)} cores.`,
    '',
    '| process | RSS MB | peak MB | cores |',
    '|---|---|---|---|',
    ...[...processes, ...generator].map(
      (use) => `| ${use.name} | ${use.rss_mb.toFixed(0)} | ${use.peak_rss_mb.toFixed(0)} | ${use.cores.toFixed(2)} |`,
    ),
    '',
  ];
}
