/** `npm run lab -- rot-at-rest`, as far as it runs in this process: many rounds (rot.ts) at once. */
import { parseArgs } from 'node:util';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { emptyRotTally, runRot, type RotTally } from './rot.ts';

const ROUNDS = 1000;
/** While one asks the database, another one works. */
const ROUNDS_AT_ONCE = 4;
const TOLD_EVERY = 100;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function runAll(seed: number, rounds: readonly number[]): Promise<RotTally> {
  const tally = emptyRotTally();
  const left = [...rounds];
  const lane = async (ground: TestGround): Promise<void> => {
    for (let nth = left.shift(); nth !== undefined; nth = left.shift()) {
      await runRot({ ground, seed, nth }, tally);
      if (tally.rounds % TOLD_EVERY === 0) say(`${tally.rounds} rounds, ${tally.wrong.length} wrong`);
    }
  };
  const grounds = await Promise.all(Array.from({ length: ROUNDS_AT_ONCE }, () => openTestGround()));
  await Promise.all(grounds.map(lane)).finally(async () => {
    for (const ground of grounds) await ground.close();
  });
  return tally;
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rounds: { type: 'string', default: String(ROUNDS) },
    only: { type: 'string' },
  },
});
const all = Array.from({ length: Number(values.rounds) }, (_, nth) => nth);
say(`seed ${values.seed}`);
const tally = await runAll(Number(values.seed), values.only === undefined ? all : [Number(values.only)]);
say(JSON.stringify({ seed: Number(values.seed), ...tally }, null, 2));
process.exitCode = tally.wrong.length === 0 && tally.rounds > 0 ? 0 : 1;
