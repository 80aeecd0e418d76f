/**
 * Studies before a PACS that lies or is ill in every way that lying-dicomweb.ts knows, one after the other and
 * in any order, on a clock of its own; then the PACS is honest again, and a person tries again what was left to
 * one. The judge compares the receipts with what the PACS holds, whatever it said.
 */
import { decodeJwt } from 'jose';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { isInPacs } from '#shared/protocol/study-state.ts';
import { sha256 } from '#testing/sha256.ts';
import { seededRandom, syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { PAUSES_MS } from '../pipeline/pipeline-tools.ts';
import {
  BODIES,
  HONEST,
  SERVICES,
  startLyingPacs,
  type Conduct,
  type LyingPacs,
} from '../testing/lying-dicomweb.ts';
import { openTestPipeline, type TestGround, type TestPipeline } from '../testing/open-pipeline.ts';
import { createMinutes } from '../testing/pass-minutes.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const MINUTE_MS = 60_000;
const LAG_MINUTES = 10;
const STATUSES = [
  200, 202, 204, 400, 401, 403, 404, 405, 406, 409, 410, 411, 413, 415, 429, 500, 501, 502, 503, 504,
] as const;

export type Tally = {
  studies: number;
  /** Answers that were not the PACS's own, connections that it broke off, stores that it did not carry out. */
  faults: number;
  /** Receipts that say what is not so, by what they say and why. */
  readonly wrong: string[];
  /** `stored` by QIDO alone, of bytes that the PACS changed: nobody can know it. */
  unknowable: number;
  refused: number;
  failsOnIt: number;
  /** Of them posted again although the PACS had said that it took it. */
  doubled: number;
};

type Random = () => number;
const oneOf = <T>(all: readonly T[], random: Random): T => all[Math.floor(random() * all.length)]!;

/** Every status × body × service in its turn, and between them whatever the seed draws. */
export function* drawConducts(seed: number): Generator<(uids: readonly string[]) => Conduct> {
  const random = seededRandom(seed);
  const matrix = SERVICES.flatMap((service) =>
    STATUSES.flatMap((status) => BODIES.map((body) => ({ service, answer: { status, body } }))),
  ).sort(() => random() - 0.5);
  for (;;) {
    const told = random() < 0.5 ? matrix.pop() : undefined;
    yield (uids) => (told === undefined ? drawn(uids, random) : { ...base(random), ...answering(told) });
  }
}

type Told = { readonly service: (typeof SERVICES)[number]; readonly answer: Conduct['answers']['store'] };
const answering = ({ service, answer }: Told): Pick<Conduct, 'answers'> => ({
  answers: { ...HONEST.answers, [service]: answer },
});
const base = (random: Random): Conduct => ({
  ...HONEST,
  keeps: oneOf(['all', 'half', 'none'] as const, random),
});

function drawn(uids: readonly string[], random: Random): Conduct {
  const answer = () => ({ status: oneOf(STATUSES, random), body: oneOf(BODIES, random) });
  const some = () => new Set(uids.filter(() => random() < 0.4));
  const illnesses: readonly (() => Partial<Conduct>)[] = [
    () => ({ answers: { store: answer(), search: answer(), retrieve: answer() } }),
    () => ({
      answers: { ...HONEST.answers, store: answer() },
      keeps: oneOf(['all', 'half', 'none'], random),
    }),
    () => ({ lagMs: oneOf([5_000, 20_000, MINUTE_MS, 9 * MINUTE_MS], random) }),
    () => ({ takesLists: false, rowsAtMost: 100 }),
    () => ({ rowsAtMost: oneOf([1, 7, 100], random) }),
    () => ({ answers: { ...HONEST.answers, search: { status: 501, body: 'html' } } }),
    () => ({ answers: { ...HONEST.answers, retrieve: { status: 501, body: 'html' } } }),
    () => ({ keeps: 'none', claims: true }),
    () => ({ keeps: 'half', claims: true }),
    () => ({ breaksOn: some() }),
    () => ({ declines: some() }),
    () => ({ turnsBits: true }),
  ];
  return { ...HONEST, ...oneOf(illnesses, random)() };
}

export type LiesOptions = {
  readonly ground: TestGround;
  readonly seed: number;
  readonly studies: number;
  readonly openPacs: (url: string) => Pacs;
  readonly progress?: (tally: Tally) => void;
};

export async function runLies({ ground, seed, studies, openPacs, progress }: LiesOptions): Promise<Tally> {
  const random = seededRandom(seed + 1);
  const conducts = drawConducts(seed);
  const tally: Tally = {
    studies: 0,
    faults: 0,
    wrong: [],
    unknowable: 0,
    refused: 0,
    failsOnIt: 0,
    doubled: 0,
  };
  for (let nth = 0; nth < studies; nth += 1) {
    const size = random() < 0.05 ? 60 : 2 + Math.floor(random() * 4);
    const { instances } = syntheticStudy({
      seed: seed * 100_000 + nth,
      instancesPerSeries: size,
      rows: 4,
      columns: 4,
    });
    const proof = oneOf(['found', 'read-back'] as const, random);
    const world = await openWorld(ground, instances, { openPacs, proof });
    try {
      await suffer(world, conducts, random);
      judge(world, await receiptOf(world), tally);
    } finally {
      await world.pipeline.close();
      await world.liar.close();
    }
    progress?.(tally);
  }
  return tally;
}

type World = {
  readonly pipeline: TestPipeline;
  readonly liar: LyingPacs;
  readonly instances: readonly SyntheticInstance[];
  readonly uploadId: string;
  /** The conduct that the PACS was told, for the report of a fault. */
  readonly told: Conduct[];
  readonly proof: 'found' | 'read-back';
  pass(minutes: number): Promise<void>;
};

async function openWorld(
  ground: TestGround,
  instances: readonly SyntheticInstance[],
  { openPacs, proof }: Pick<LiesOptions, 'openPacs'> & Pick<World, 'proof'>,
): Promise<World> {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const liar = await startLyingPacs({ instances, now: () => now });
  const pipeline = await openTestPipeline({
    pacs: openPacs(liar.url),
    start: false,
    ground,
    now: () => new Date(now),
    tools: { patience: { lagMinutes: LAG_MINUTES, pausesMs: PAUSES_MS }, proof },
  });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  const count = createMinutes(pipeline.tools.db);
  const pass = async (minutes: number): Promise<void> => {
    now += minutes * MINUTE_MS;
    await count(minutes);
    await pipeline.runAll();
  };
  return { pipeline, liar, instances, uploadId, told: [], proof, pass };
}

/** Trying again cannot help while the PACS keeps them. */
const OF_OTHER_BYTES: readonly string[] = ['conflicting-instance', 'pacs-changed-it'];

/** Some illnesses one after the other, then an honest PACS, and a person who tries again. */
async function suffer(
  world: World,
  conducts: ReturnType<typeof drawConducts>,
  random: Random,
): Promise<void> {
  const { pipeline, liar, instances, uploadId, told, pass } = world;
  const uids = instances.map(({ identifiers }) => identifiers.sopInstanceUID);
  for (let phase = 1 + Math.floor(random() * 3); phase > 0; phase -= 1) {
    liar.conduct = conducts.next().value!(uids);
    told.push(liar.conduct);
    for (let step = 1 + Math.floor(random() * 4); step > 0; step -= 1)
      await pass(oneOf([0, 0.05, 0.2, 1, 3, 11, 61], random));
  }
  // Bytes that it changed stay as they are.
  liar.conduct = HONEST;
  for (let round = 0; round < 8; round += 1) {
    await pass(61);
    const { state, instances: ended = [] } = await pipeline.status(uploadId);
    if (state === 'closed') return;
    if (state !== 'held') continue;
    const held = ended.filter(
      (one) => one.state === 'quarantined' && !OF_OTHER_BYTES.includes(one.reason ?? ''),
    );
    if (held.length === 0) return;
    await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
      decision: 'retry',
      instances: held.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest })),
    });
  }
}

async function receiptOf({ pipeline, uploadId }: World): Promise<Receipt | null> {
  const { state } = await pipeline.status(uploadId);
  if (state !== 'closed' && state !== 'held') return null;
  return decodeJwt(
    await (await pipeline.request('GET', `/upload/${uploadId}/receipt`)).text(),
  ) as unknown as Receipt;
}

function judge({ liar, told }: World, receipt: Receipt | null, tally: Tally): void {
  const wrong = (what: string): void => void tally.wrong.push(`${what} after ${JSON.stringify(told)}`);
  tally.studies += 1;
  tally.faults += liar.faults;
  tally.doubled += liar.doubled.length;
  if (liar.foreign.length > 0) wrong('other bytes were given');
  if (liar.doubled.length > 0) wrong('posted again');
  if (receipt === null) {
    wrong('no end');
    return;
  }
  const turnsBits = told.some((conduct) => conduct.turnsBits);
  const mayRefuse = told.some(
    ({ answers: { store }, declines }) =>
      declines.size > 0 || ['dicom', 'named', 'named-xml'].includes(store?.body ?? ''),
  );
  for (const { sopInstanceUID, digest, state, reason, proof } of receipt.instances) {
    const held = liar.held.get(sopInstanceUID);
    const isThere = held !== undefined && sha256(held.bytes) === digest;
    if (isInPacs(state) && !isThere) {
      if (turnsBits && held !== undefined && proof === 'found') tally.unknowable += 1;
      else wrong(`${state} (${proof})`);
    }
    if (state === 'refused') {
      tally.refused += 1;
      if (isThere || !mayRefuse) wrong(`refused (${reason})`);
    }
    if (reason === 'pacs-lost' && isThere) wrong('lost');
    if (reason === 'pacs-fails-on-it') tally.failsOnIt += 1;
  }
}
