/**
 * Worlds of one gateway and one PACS that lies or is ill in every way that its kind knows (liar.ts), on a clock
 * that is told the time: studies come one after the other while the PACS changes what it does; then it is
 * honest again, and a person tries again what was left to one. Each receipt is judged when it is signed, by
 * what the PACS holds. A world depends on its seed and its number alone, so that each can be run again.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { isInPacs } from '#shared/protocol/study-state.ts';
import { seededRandom, syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { PAUSES } from '../pipeline/plan/pipeline-tools.ts';
import { createReceiptSigner } from '../pipeline/receipt/sign-receipt.ts';
import { openTestPipeline, type TestGround, type TestPipeline } from '../testing/open-pipeline.ts';
import type { OrthancBehind } from '../testing/orthanc-behind.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { createMinutes } from '../testing/pass-minutes.ts';
import { count, emptyTally, judgeReceipt, OF_OTHER_BYTES, type Tally } from './judge-receipts.ts';
import { CELLS_A_WORLD, oneOf, variantsOf, type Kind, type Liar, type Random, type Variant } from './liar.ts';
import { openLiar } from './open-liar.ts';

const MINUTE_MS = 60_000;
const LAG_MINUTES = 10;
/** Conducts besides the cells. */
const ILLNESSES_A_WORLD = 2;
/** Longer than all pauses of an instance that was offered in vain. */
const ROUNDS_TO_END = 10;

export type WorldOptions = {
  /** No other world uses the ground at the time: the minutes that a gateway runs are counted in its database. */
  readonly ground: TestGround;
  readonly seed: number;
  readonly nth: number;
  /** Kinds of PACS that take turns. */
  readonly kinds: readonly Kind[];
  /** A real Orthanc behind the one that lies; then the proof is its digest. */
  readonly behind?: OrthancBehind | undefined;
};

const BEFORE_ORTHANC: Variant = { proof: 'digest', kind: 'orthanc' };

type World = WorldOptions & {
  readonly variant: Variant;
  readonly random: Random;
  readonly liar: Liar;
  readonly pipeline: TestPipeline;
  readonly uploads: Sent[];
  readonly forgotten: Set<string>;
  /** All that the PACS was told, for the report of what is wrong. */
  readonly told: object[];
  readonly tally: Tally;
  readonly wrong: (what: string) => void;
  pass(minutes: number): Promise<void>;
};

type Sent = { readonly uploadId: string; readonly instances: readonly SyntheticInstance[] };
const uidsOf = ({ instances }: Sent): readonly string[] =>
  instances.map(({ identifiers }) => identifiers.sopInstanceUID);

export async function runWorld(options: WorldOptions): Promise<Tally> {
  const world = await openWorld(options);
  const { liar, pipeline, tally, variant } = world;
  try {
    await suffer(world);
    await recover(world);
    await judgeEnds(world);
    if (liar.foreign.length > 0) world.wrong('other bytes were given');
    if (liar.doubled.length > 0) world.wrong(`${liar.doubled.length} posted again`);
  } finally {
    await pipeline.close();
    await liar.close();
  }
  tally.worlds = 1;
  for (const [kind, times] of liar.faults) count(tally.faults, kind, times);
  for (const [kind, times] of liar.cellsMet())
    count(tally.cells, `${variant.proof} ${variant.kind} ${kind}`, times);
  return tally;
}

async function openWorld(options: WorldOptions): Promise<World> {
  const { ground, seed, nth, kinds, behind } = options;
  const variants = behind ? [BEFORE_ORTHANC] : variantsOf(kinds);
  const variant = variants[nth % variants.length]!;
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clock = () => now;
  const ofVariant = Math.floor(nth / variants.length);
  const patienceMs = LAG_MINUTES * MINUTE_MS;
  const liar = await openLiar(variant.kind, { seed, nth: ofVariant, now: clock, patienceMs, behind });
  const { privateKey } = generateKeyPairSync('ed25519');
  const sign = createReceiptSigner({ kid: 'test', privateKey });
  const told: object[] = [];
  const tally = emptyTally();
  const wrong = (what: string): void =>
    void tally.wrong.push(
      `world ${nth} (${variant.kind} ${variant.proof}): ${what}; told ${JSON.stringify(told)}`,
    );
  const forgotten = new Set<string>();
  const signReceipt = async (receipt: Receipt): Promise<string> => {
    await judgeReceipt(receipt, { liar, forgotten, tally, wrong });
    return sign(receipt);
  };
  const pipeline = await openTestPipeline({
    ...{ pacs: liar.openPacs(), start: false, ground, now: () => new Date(now) },
    tools: { patience: { lagMinutes: LAG_MINUTES, pauses: PAUSES }, proof: variant.proof, signReceipt },
  });
  const random = seededRandom(seed * 100_003 + nth);
  const countMinutes = createMinutes(pipeline.tools.db);
  const pass = async (minutes: number): Promise<void> => {
    now += minutes * MINUTE_MS;
    await countMinutes(minutes);
    await pipeline.runAll();
  };
  const state = { uploads: [], forgotten, told, tally, wrong, random, variant };
  return { ...options, ...state, liar, pipeline, pass };
}

/** A study more with each conduct: those before it are on their way, or over. */
async function suffer(world: World): Promise<void> {
  const { random, liar, told } = world;
  const turns = [
    ...Array.from({ length: CELLS_A_WORLD }, () => 'cell' as const),
    ...Array.from({ length: ILLNESSES_A_WORLD }, () => 'illness' as const),
  ].sort(() => random() - 0.5);
  for (const turn of turns) {
    if (random() < 0.15) await forgetOne(world);
    const instances = drawStudy(world);
    const uids = [...world.uploads, { uploadId: '', instances }].flatMap(uidsOf);
    const { told: odd, restarts } = await liar.lie(turn, uids, random);
    told.push(odd);
    if (restarts) Object.assign(world.pipeline.tools, { pacs: liar.openPacs() });
    await send(world, instances);
    for (let step = 1 + Math.floor(random() * 3); step > 0; step -= 1) {
      await world.pass(oneOf([0, 0.05, 0.2, 1, 3, 11, 61], random));
      if (random() < 0.1) await retryAll(world);
    }
  }
  await liar.beHonest();
}

function drawStudy({ seed, nth, random, uploads, behind }: World): readonly SyntheticInstance[] {
  const size =
    behind === undefined && random() < 0.02 ? 60 + Math.floor(random() * 80) : 1 + Math.floor(random() * 4);
  return syntheticStudy({
    seed: ((seed * 1_000_003 + nth) * 32 + uploads.length) >>> 0,
    instancesPerSeries: size,
    rows: 4,
    columns: 4,
  }).instances;
}

async function send(world: World, instances: readonly SyntheticInstance[]): Promise<void> {
  const { pipeline, liar, tally, uploads } = world;
  liar.expect(instances);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  uploads.push({ uploadId, instances });
  tally.studies += 1;
  tally.instances += instances.length;
}

/** Hours after its receipt the PACS loses a study, and its device sends it again. */
async function forgetOne(world: World): Promise<void> {
  const { pipeline, liar, random, uploads, forgotten, told, wrong } = world;
  await liar.beHonest();
  told.push({});
  await world.pass(61);
  const { status } = pipeline;
  const stored: Sent[] = [];
  for (const sent of uploads) {
    const { state, instances = [] } = await status(sent.uploadId);
    if (state === 'closed' && instances.every((one) => isInPacs(one.state))) stored.push(sent);
  }
  if (stored.length === 0) return;
  const sent = oneOf(stored, random);
  const lost = uidsOf(sent);
  await liar.forget(lost);
  for (const uid of lost) forgotten.add(uid);
  if (random() < 0.3) return;
  const { need } = await pipeline.init(toManifest(sent.instances));
  if (need.length < lost.length) wrong(`${need.length} of ${lost.length} forgotten were asked for`);
  for (const { sopInstanceUID } of need) forgotten.delete(sopInstanceUID);
  await pipeline.send(sent.uploadId, sent.instances);
}

/** A person tries again whatever is left to one; true if there was anything. */
async function retryAll({ pipeline, uploads }: World): Promise<boolean> {
  let isAnything = false;
  for (const { uploadId } of uploads) {
    const { state, instances = [] } = await pipeline.status(uploadId);
    const held = instances.filter(
      (one) => one.state === 'quarantined' && !OF_OTHER_BYTES.includes(one.reason ?? ''),
    );
    if (state !== 'held' || held.length === 0) continue;
    isAnything = true;
    await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
      decision: 'retry',
      instances: held.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest })),
    });
  }
  return isAnything;
}

const isOver = (state: string): boolean => state === 'closed' || state === 'held';

/** An honest PACS from now on; bytes that it changed stay as they are. */
async function recover(world: World): Promise<void> {
  const { pipeline, uploads, liar } = world;
  await liar.beHonest();
  for (let round = 0; round < ROUNDS_TO_END; round += 1) {
    await world.pass(61);
    const states = await Promise.all(uploads.map(async ({ uploadId }) => pipeline.status(uploadId)));
    if (states.every(({ state }) => isOver(state)) && !(await retryAll(world))) return;
  }
}

async function judgeEnds({ pipeline, uploads, tally, wrong }: World): Promise<void> {
  for (const { uploadId } of uploads) {
    const { state: ofStudy, instances = [] } = await pipeline.status(uploadId);
    if (!isOver(ofStudy)) wrong(`a study is still ${ofStudy}`);
    for (const { state, reason } of instances) {
      count(tally.outcomes, reason ? `${state} ${reason}` : state);
      if (!isInPacs(state) && state !== 'refused' && !OF_OTHER_BYTES.includes(reason ?? ''))
        wrong(`left as ${state} ${reason ?? ''}`);
    }
  }
}
