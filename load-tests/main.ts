import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { measureFloors } from './floors/floors.ts';
import { attach, start } from './instance.ts';
import { describeCommit, describeMachine, type Report, toMarkdown } from './report.ts';
import { runTalk } from './talk.ts';

const USAGE = `npm run load -- [options]
  --idle N            idle visitors on the first gateway (default 1000)
  --pairs N           visitors that talk, each with an agent (default 100)
  --rates A,B,…       messages a second, one row each (default 200,1000)
  --seconds N         length of each row (default 20)
  --arrivals N        idle connections a second (default 300)
  --engine-data WHERE ram or disk (default ram)
  --replicas LIST     as for npm start (default gateway=2,router=1,session=1: more of them than cores only wake each other)
  --port N            first gateway's port (default 18080)
  --instance FILE     use a running instance instead of starting one
  --out NAME          results go to load-tests/results/NAME.md and .json (default talk)`;

const { values } = parseArgs({
  options: {
    idle: { type: 'string', default: '1000' },
    pairs: { type: 'string', default: '100' },
    rates: { type: 'string', default: '200,1000' },
    seconds: { type: 'string', default: '20' },
    arrivals: { type: 'string', default: '300' },
    'engine-data': { type: 'string', default: 'ram' },
    replicas: { type: 'string', default: 'gateway=2,router=1,session=1' },
    port: { type: 'string', default: '18080' },
    instance: { type: 'string' },
    out: { type: 'string', default: 'talk' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else await run();

function say(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

async function run(): Promise<void> {
  say('Starting an instance.');
  const engineData = values['engine-data'] === 'disk' ? 'disk' : 'ram';
  const instance = values.instance
    ? await attach(values.instance)
    : await start(values.replicas, engineData, Number(values.port));
  try {
    say('Measuring the floors.');
    const report: Report = {
      machine: describeMachine(),
      commit: describeCommit(),
      engine_data: engineData,
      replicas: values.replicas,
      raised_limits: values.instance === undefined,
      floors: await measureFloors(instance.file.engines),
      rows: [],
    };
    for (const rate of values.rates.split(',').map(Number)) {
      const options = { idle: Number(values.idle), pairs: Number(values.pairs), rate };
      const shape = { seconds: Number(values.seconds), arrivals: Number(values.arrivals) };
      say(`${options.idle} idle connections come in, then ${options.pairs} pairs talk at ${rate} messages a second.`);
      report.rows.push(await runTalk(instance.file, { ...options, ...shape }));
    }
    const folder = new URL('./results/', import.meta.url);
    await mkdir(folder, { recursive: true });
    await writeFile(new URL(`${values.out}.json`, folder), JSON.stringify(report, undefined, 2) + '\n');
    await writeFile(new URL(`${values.out}.md`, folder), toMarkdown(report));
    console.log(toMarkdown(report));
  } finally {
    await instance.stop();
  }
}
