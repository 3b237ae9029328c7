/**
 * What the binary frame saves against socket.io's JSON packet: `node --conditions=source load-tests/codec/main.ts`.
 * Processor time of encoding and decoding a `message:created`, and its bytes on the wire; no network is involved.
 */
import { parseArgs } from 'node:util';
import { describeCommit, describeMachine } from '../report.ts';
import { contest, type Contest } from './contest.ts';
import { median, ratio, type Timing } from './interleave.ts';
import { sampleMessages, texts } from './samples.ts';

const SAMPLES = 64;
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '41' }, 'round-ms': { type: 'string', default: '15' } },
});
const shape = { rounds: Number(values.rounds), round_ms: Number(values['round-ms']) };
const contests = Object.entries(texts).map(([name, text]): [string, Contest] => [
  name,
  contest(sampleMessages(text, SAMPLES), shape),
]);

console.log(
  [
    `${describeMachine()}; commit ${describeCommit()}; medians of ${shape.rounds} interleaved rounds, ns a message.`,
    '',
    '| text | JSON encode | decode | both | and bytes | frame encode | decode | both | header |',
    '|---|---|---|---|---|---|---|---|---|',
    ...contests.map(([name, { timings }]) =>
      row(name, [
        ...[timings['json encode'], timings['json decode'], timings.json, timings['json to bytes']].map(nanoseconds),
        ...[timings['frame encode'], timings['frame decode'], timings.frame, timings.header].map(nanoseconds),
      ]),
    ),
    '',
    '| text | encode + decode | with text to bytes | header only | bytes JSON | frame | saved |',
    '|---|---|---|---|---|---|---|',
    ...contests.map(([name, { timings, bytes }]) =>
      row(name, [
        times(timings.json, timings.frame),
        times(timings['json to bytes'], timings.frame),
        times(timings['json decode'], timings.header),
        String(bytes.json),
        String(bytes.frame),
        `${((1 - bytes.frame / bytes.json) * 100).toFixed(0)} %`,
      ]),
    ),
  ].join('\n'),
);

function nanoseconds({ rounds }: Timing): string {
  return median(rounds).toFixed(0);
}

function times(slow: Timing, fast: Timing): string {
  return `${ratio(slow, fast).toFixed(1)} ×`;
}

function row(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].join(' | ')} |`;
}
