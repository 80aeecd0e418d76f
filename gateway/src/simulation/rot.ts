/**
 * Rot at rest: a disk that rots, or a person who writes into the spool or the database, at some moment of a
 * study's road. The PACS is never given other bytes than were sent, no receipt says `stored` of other bytes, and
 * every study ends. A round depends on its seed and its number alone.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { isInPacs } from '#shared/protocol/study-state.ts';
import { sha256 } from '#testing/sha256.ts';
import { seededRandom, syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { runExpiry } from '../pipeline/eviction/run-expiry.ts';
import { PROOFS, type WantedProof } from '#shared/protocol/destination.ts';
import { createReceiptSigner } from '../pipeline/receipt/sign-receipt.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestGround, type TestPipeline } from '../testing/open-pipeline.ts';
import { studyIdOf } from '../testing/open-study.ts';
import { packed, toManifest } from '../testing/pack-parcel.ts';
import { DAY_MINUTES, passMinutes } from '../testing/pass-minutes.ts';
import { oneOf, type Random } from './liar.ts';
import { count, type Counts } from './judge-receipts.ts';

/** How far the study has come. */
const MOMENTS = ['received', 'verified', 'posted', 'reconciled'] as const;
type Moment = (typeof MOMENTS)[number];

/** A device gives up on nothing before its own promises do. */
const PROMISES_END_DAYS = 40;
const DEVICE_ROUNDS = 4;

export type RotTally = {
  rounds: number;
  /** By moment and kind. */
  readonly spoiled: Counts;
  readonly outcomes: Counts;
  readonly wrong: string[];
};

export const emptyRotTally = (): RotTally => ({
  rounds: 0,
  spoiled: {},
  outcomes: {},
  wrong: [],
});

export type RotOptions = {
  /** No other round uses the ground at the time: the minutes that a gateway runs are counted in its database. */
  readonly ground: TestGround;
  readonly seed: number;
  readonly nth: number;
};

type Round = {
  readonly pipeline: TestPipeline;
  readonly pacs: TestPacs;
  readonly instances: readonly SyntheticInstance[];
  readonly uploadId: string;
  readonly studyId: string;
  readonly random: Random;
  readonly proof: WantedProof;
  readonly clock: { at: number };
};

/** Adds what it finds to the tally. */
export async function runRot({ ground, seed, nth }: RotOptions, tally: RotTally): Promise<void> {
  const random = seededRandom(seed * 100_003 + nth);
  const moment = MOMENTS[nth % MOMENTS.length]!;
  const proof = PROOFS[Math.floor(nth / MOMENTS.length) % PROOFS.length]!;
  let what = 'nothing yet';
  const wrong = (that: string): void =>
    void tally.wrong.push(`round ${nth} (${proof}), ${what} when ${moment}: ${that}`);
  const pacs = openRotPacs();
  const judge = (receipt: Receipt): void => {
    for (const { sopInstanceUID, state, digest, proof: by } of receipt.instances) {
      const bytes = pacs.held.get(sopInstanceUID)?.bytes;
      if (!isInPacs(state) || (bytes && sha256(bytes) === digest)) continue;
      wrong(`${state} by ${by ?? 'none'}, and the PACS has ${bytes ? 'other bytes' : 'none'}`);
    }
  };
  const round = await openRound({ ground, seed, nth }, { pacs, proof, random, judge });
  try {
    await bringTo(moment, round);
    what = await spoil(round);
    count(tally.spoiled, `${moment}: ${what}`);
    const comesBack = random() < 0.6;
    await end(round, comesBack);
    const sent = new Set(round.instances.map(({ bytes }) => sha256(bytes)));
    for (const { bytes } of pacs.held.values()) if (!sent.has(sha256(bytes))) wrong('other bytes were given');
    const { state, instances = [] } = await round.pipeline.status(round.uploadId);
    if (state !== 'closed' && state !== 'held') wrong(`it is still ${state}`);
    const ended = instances.map((one) => `${one.state} ${one.reason ?? ''}`.trim());
    for (const one of ended) count(tally.outcomes, one);
    if (comesBack && what.includes('file') && ended.some((one) => one !== 'stored'))
      wrong(`its device sent it again, and it ended as ${ended.join(', ')}`);
  } finally {
    await round.pipeline.close();
  }
  tally.rounds += 1;
}

/** Opens a PACS that tells digests as Orthanc does. */
function openRotPacs(): TestPacs {
  const pacs = openTestPacs();
  const digestsOf: TestPacs['digestsOf'] = async (_study, uids) =>
    new Map(
      [...pacs.held]
        .filter(([uid]) => uids.has(uid))
        .map(([uid, { bytes }]) => [uid, createHash('md5').update(bytes).digest('hex')]),
    );
  return Object.assign(pacs, { digestsOf });
}

type Setting = Pick<Round, 'pacs' | 'proof' | 'random'> & { readonly judge: (receipt: Receipt) => void };

/** Two parcels, and of each some instances coded. */
async function openRound(
  { ground, seed, nth }: RotOptions,
  { pacs, proof, random, judge }: Setting,
): Promise<Round> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const sign = createReceiptSigner({ kid: 'test', privateKey });
  const signReceipt = async (receipt: Receipt): Promise<string> => {
    judge(receipt);
    return sign(receipt);
  };
  const clock = { at: Date.now() };
  const pipeline = await openTestPipeline({
    ...{ pacs, start: false, ground, now: () => new Date(clock.at) },
    tools: { proof, signReceipt },
  });
  const { instances } = syntheticStudy({
    seed: (seed * 1_000_003 + nth) >>> 0,
    instancesPerSeries: 4,
    rows: 16,
    columns: 16,
  });
  const { uploadId } = await pipeline.init(toManifest(instances));
  for (const part of [instances.slice(0, 2), instances.slice(2)])
    await pipeline.sendBytes(uploadId, await packed(part, (index) => index === 1));
  const studyId = await studyIdOf(pipeline, uploadId);
  return { pipeline, pacs, instances, uploadId, studyId, random, proof, clock };
}

async function bringTo(moment: Moment, { pipeline, studyId }: Round): Promise<void> {
  if (moment === 'received') return;
  await pipeline.runParcels();
  await pipeline.run('assembly', studyId);
  if (moment === 'verified') return;
  await pipeline.run('forward', studyId);
  if (moment === 'reconciled') await pipeline.run('reconcile', studyId);
}

/** Returns what was done. */
async function spoil(round: Round): Promise<string> {
  return round.random() < 0.5 ? spoilFile(round) : spoilRow(round);
}

async function spoilFile({ pipeline, random }: Round): Promise<string> {
  const files = (await readdir(pipeline.spool)).sort().map((name) => join(pipeline.spool, name));
  const file = oneOf(files, random);
  const bytes = await readFile(file);
  const kind = oneOf(['flip', 'flip', 'flip', 'cut', 'grow', 'remove', 'swap', 'zeroes'] as const, random);
  const at = Math.floor(random() * bytes.length);
  switch (kind) {
    case 'flip':
      bytes[at]! ^= 1 << Math.floor(random() * 8);
      await writeFile(file, bytes);
      break;
    case 'zeroes':
      await writeFile(file, bytes.fill(0, at));
      break;
    case 'cut':
      await truncate(file, at);
      break;
    case 'grow':
      await writeFile(file, Buffer.concat([bytes, bytes.subarray(0, at)]));
      break;
    case 'remove':
      await rm(file);
      break;
    case 'swap': {
      const other = oneOf(files, random);
      await writeFile(file, await readFile(other));
      await writeFile(other, bytes);
      break;
    }
    default:
      kind satisfies never;
  }
  return `${kind} of a file${file.endsWith('.tags') ? ' of tags' : ''}`;
}

const COLUMNS = [
  'digest',
  'bytes',
  'body_offset',
  'sop_instance_uid',
  'sent_digests',
  'parcel_id',
  'restored',
  'wrapped_key',
] as const;

/** Somebody who may write into the database changes a column of an instance or of its study. */
async function spoilRow({ pipeline, studyId, random }: Round): Promise<string> {
  const { db } = pipeline.tools;
  const column = oneOf(COLUMNS, random);
  if (column === 'wrapped_key') {
    const wrapped = random() < 0.3 ? null : new Uint8Array(60).fill(Math.floor(random() * 256));
    await db.updateTable('study').set({ wrapped_key: wrapped }).where('id', '=', studyId).execute();
    return 'the study’s key';
  }
  const rows = await db
    .selectFrom('instance')
    .selectAll()
    .where('study_id', '=', studyId)
    .orderBy('id')
    .execute();
  const row = oneOf(rows, random);
  const other = oneOf(rows, random);
  const isSwap = random() < 0.4;
  const by = Math.floor(random() * 900) - 450;
  const values = {
    digest: sha256(Buffer.from(`${random()}`)),
    bytes: Math.max(1, Number(row.bytes) + by),
    body_offset: Math.max(0, Number(row.body_offset) + by),
    sop_instance_uid: `1.2.3.${by + 500}`,
    sent_digests: random() < 0.5 ? null : `1.2.3 ${by} -`,
    parcel_id: null,
    restored: random() < 0.5 ? null : row.parcel_id,
  };
  const set = async (id: number, value: unknown): Promise<void> => {
    await sql`update instance set ${sql.ref(column)} = ${value} where id = ${id}`.execute(db);
  };
  if (isSwap && other.id !== row.id) {
    const mine = row[column];
    const its = other[column];
    // No two instances of a study may have one UID, not even for a moment.
    await set(row.id, values[column]);
    await set(other.id, mine);
    await set(row.id, its);
    return `${column} of two instances`;
  }
  await set(row.id, values[column]);
  if (column !== 'digest' || random() < 0.5) return column;
  await db.updateTable('instance').set({ sent_digests: null }).where('id', '=', row.id).execute();
  return 'digest, and the note of what was sent';
}

/** The device comes back for what it is asked for, or stays away; then promises end. */
async function end(round: Round, comesBack: boolean): Promise<void> {
  const { pipeline, instances, uploadId } = round;
  for (let turn = 0; turn < (comesBack ? DEVICE_ROUNDS : 1); turn += 1) {
    await pipeline.runAll();
    if (!comesBack) break;
    const { need = [] } = await pipeline.init(toManifest(instances));
    if (need.length === 0) break;
    const needed = new Set<string>(need.map(({ sopInstanceUID }) => sopInstanceUID));
    const again = instances.filter(({ identifiers }) => needed.has(identifiers.sopInstanceUID));
    await pipeline.send(uploadId, again);
  }
  round.clock.at += PROMISES_END_DAYS * DAY_MINUTES * 60_000;
  await passMinutes(pipeline.tools.db, PROMISES_END_DAYS * DAY_MINUTES);
  await runExpiry(pipeline.tools);
  await pipeline.runAll();
}
