/**
 * Proves instances that the PACS says it stored, and lists, as the setting wants it: by the digest that the PACS
 * made of them, by reading them back, by reading some back, or not at all.
 */
import type { InstanceRow } from '../instance.store.ts';
import type { PipelineTools, WantedProof } from '../pipeline-tools.ts';
import type { StudyRow } from '../study.store.ts';
import type { Shown } from './judge-posted.ts';
import { compare } from './look-before.ts';

export type Proven = {
  readonly shown: Exclude<Shown, 'absent'>;
  readonly proof: NonNullable<InstanceRow['proof']>;
};

type Tools = Pick<PipelineTools, 'pacs' | 'proof'>;

export const wantedProof = ({ pacs, proof }: Tools): WantedProof =>
  proof ?? (pacs.digestsOf === null ? 'found' : 'digest');

const READ_AT_ONCE = 4;
/** Of a sample: by the digest, so that a second look takes the same ones. */
const ONE_IN = 20;
const isSampled = ({ digest }: InstanceRow): boolean =>
  Number.parseInt(digest.slice(0, 8), 16) % ONE_IN === 0;

/** By the rows' ids. Throws PacsUnreachable. */
export async function proveStored(
  study: StudyRow,
  rows: readonly InstanceRow[],
  tools: Tools,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Proven>> {
  const wanted = wantedProof(tools);
  const found = new Map<number, Proven>(rows.map(({ id }) => [id, { shown: 'listed', proof: 'found' }]));
  switch (wanted) {
    case 'found':
      return found;
    case 'digest':
      return proveByDigest(study, rows, tools, signal);
    case 'read-back':
      return readBackAll(study, rows, tools, signal);
    case 'read-back-sample': {
      const sample = rows.filter((row, at) => at === 0 || isSampled(row));
      const read = await readBackAll(study, sample, tools, signal);
      // One that is wrong says that others may be.
      if ([...read.values()].some(({ shown }) => shown === 'other'))
        return readBackAll(study, rows, tools, signal);
      return new Map([...found, ...read]);
    }
    default:
      return wanted satisfies never;
  }
}

async function readBackAll(
  study: StudyRow,
  rows: readonly InstanceRow[],
  { pacs }: Tools,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Proven>> {
  const proven = new Map<number, Proven>();
  const left = [...rows];
  const next = async (): Promise<void> => {
    for (let row = left.shift(); row; row = left.shift()) {
      const place = {
        studyInstanceUID: study.study_instance_uid,
        seriesInstanceUID: row.series_instance_uid,
        sopInstanceUID: row.sop_instance_uid,
      };
      proven.set(row.id, { shown: await compare([place], row.digest, pacs, signal), proof: 'read-back' });
    }
  };
  await Promise.all(Array.from({ length: READ_AT_ONCE }, next));
  return proven;
}

/**
 * One of which the PACS has no digest is read back, and one whose answer a crash took away, with the digest that
 * was made on the way.
 */
async function proveByDigest(
  study: StudyRow,
  rows: readonly InstanceRow[],
  tools: Tools,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Proven>> {
  const { digestsOf } = tools.pacs;
  if (digestsOf === null) return readBackAll(study, rows, tools, signal);
  const uids = new Set(rows.map((row) => row.sop_instance_uid));
  const theirs = await digestsOf(study.study_instance_uid, uids, signal);
  const proven = new Map<number, Proven>();
  const others: InstanceRow[] = [];
  for (const row of rows) {
    if (row.sent_digests === `${row.digest} ${theirs.get(row.sop_instance_uid)}`)
      proven.set(row.id, { shown: 'same', proof: 'digest' });
    else others.push(row);
  }
  return new Map([...proven, ...(await readBackAll(study, others, tools, signal))]);
}
