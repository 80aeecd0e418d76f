/**
 * `npm run lab -- lying-pacs`, as far as it runs in this process: many worlds (lies.ts) at once, with what was
 * found so far, and what an earlier run has found already.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startOrthanc } from '../../../scripts/system/orthanc.ts';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { openOrthancBehind, type OrthancBehind } from '../testing/orthanc-behind.ts';
import { addTally, emptyTally, sum, type Tally } from './judge-receipts.ts';
import { KINDS, variantsOf, type Kind } from './liar.ts';
import { openJournal } from './lies-journal.ts';
import { runWorld } from './lies.ts';
import { countCells } from './open-liar.ts';

/** Enough for every cell once, before each kind. */
const WORLDS: Readonly<Record<Kind, number>> = { orthanc: 1400, dicomweb: 1200, dimse: 300, folder: 100 };
const WORLDS_BEFORE_ORTHANC = 350;
/** While one asks the database or the PACS, another one works. */
const WORLDS_AT_ONCE = 4;
const TOLD_EVERY = 50;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

type Settings = {
  readonly seed: number;
  readonly worlds: readonly number[];
  readonly kinds: readonly Kind[];
  readonly isBeforeOrthanc: boolean;
  /** No world begins after this long. */
  readonly minutes: number;
};

async function runWorlds(
  { seed, worlds, kinds, isBeforeOrthanc, minutes }: Settings,
  grounds: readonly TestGround[],
  behind: OrthancBehind | undefined,
): Promise<Tally> {
  const journal = await openJournal(`${isBeforeOrthanc ? 'real' : kinds.join('-')}-${seed}`);
  const tally = emptyTally();
  for (const nth of worlds) addTally(tally, journal.known.get(nth) ?? emptyTally());
  if (tally.worlds > 0) say(`resumes after ${tally.worlds} worlds`);
  const left = worlds.filter((nth) => !journal.known.has(nth));
  const ends = performance.now() + minutes * 60_000;
  const lane = async (ground: TestGround): Promise<void> => {
    for (let nth = left.shift(); nth !== undefined && performance.now() < ends; nth = left.shift()) {
      const one = await runWorld({ ground, seed, nth, kinds, behind });
      await journal.append(nth, one);
      addTally(tally, one);
      for (const wrong of one.wrong) say(wrong);
      if (tally.worlds % TOLD_EVERY === 0) say(describe(tally));
    }
  };
  await Promise.all(grounds.map(lane));
  return tally;
}

function describe({ worlds, studies, receipts, faults, cells, wrong }: Tally): string {
  const told = Object.keys(cells).length;
  return `${worlds} worlds, ${studies} studies, ${receipts} receipts, ${sum(faults)} faults, ${told} cells, ${wrong.length} wrong`;
}

async function openOrthanc(): Promise<{ behind: OrthancBehind; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-lying-orthanc-'));
  const orthanc = await startOrthanc({ folder });
  const stop = async (): Promise<void> => {
    await orthanc.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { behind: openOrthancBehind(orthanc.restUrl, orthanc.authorization), stop };
}

async function run(settings: Settings): Promise<number> {
  const opening = Array.from({ length: WORLDS_AT_ONCE }, () => openTestGround());
  const grounds = await Promise.all(opening);
  const orthanc = settings.isBeforeOrthanc ? await openOrthanc() : null;
  try {
    const tally = await runWorlds(settings, grounds, orthanc?.behind);
    const { faults, cells, wrong, ...rest } = tally;
    say(JSON.stringify({ seed: settings.seed, ...rest, faults: sum(faults) }, null, 2));
    const possible = settings.isBeforeOrthanc
      ? countCells('orthanc')
      : variantsOf(settings.kinds).reduce((count, { kind }) => count + countCells(kind), 0);
    say(`${describe(tally)}; ${Object.keys(cells).length} of ${possible} cells were met`);
    return wrong.length === 0 && sum(faults) > 0 ? 0 : 1;
  } finally {
    await orthanc?.stop();
    for (const ground of grounds) await ground.close();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      worlds: { type: 'string' },
      only: { type: 'string' },
      minutes: { type: 'string', default: 'Infinity' },
      adapter: { type: 'string', multiple: true, default: [...KINDS] },
      orthanc: { type: 'boolean', default: false },
    },
  });
  const { seed, only, adapter, orthanc: isBeforeOrthanc } = values;
  const kinds = KINDS.filter((kind) => adapter.includes(kind));
  if (kinds.length === 0 || kinds.length < new Set(adapter).size) {
    say(`--adapter one of: ${KINDS.join(', ')}`);
    return 2;
  }
  const enough = kinds.reduce((sum, kind) => sum + WORLDS[kind], 0);
  const count = Number(values.worlds ?? (isBeforeOrthanc ? WORLDS_BEFORE_ORTHANC : enough));
  const worlds = only === undefined ? Array.from({ length: count }, (_, nth) => nth) : [Number(only)];
  say(`seed ${seed}, ${worlds.length} worlds`);
  return run({ seed: Number(seed), worlds, kinds, isBeforeOrthanc, minutes: Number(values.minutes) });
}

process.exitCode = await main(process.argv.slice(2));
