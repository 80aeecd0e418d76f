/**
 * Proves instances that the PACS says it stored, and lists, in the way that the setting asks for: by the digest that
 * the PACS computed, by reading all or some of them back, or not at all.
 */
import { inTurns } from '../../threads/in-turns.ts';
import { handedOver, type InstanceRow } from '../stores/instance.store.ts';
import type { WantedProof } from '#shared/protocol/destination.ts';
import type { StudyTools } from '../plan/pipeline-tools.ts';
import type { StudyRow } from '../stores/study.store.ts';
import { wasHeard } from './count-offers.ts';
import type { Shown } from './judge-posted.ts';
import { compare, type ComparingTools } from './look-before.ts';

type Proven = {
  readonly shown: Exclude<Shown, 'absent'>;
  readonly proof: NonNullable<InstanceRow['proof']>;
};

type Tools = ComparingTools & Pick<StudyTools, 'proof'>;

export const wantedProof = ({ pacs, proof }: Pick<StudyTools, 'pacs' | 'proof'>): WantedProof =>
  proof ?? pacs.usualProof ?? (pacs.digestsOf === null ? 'found' : 'digest');

const READ_AT_ONCE = 4;
/** The sample is one instance in this many. It is chosen by the digest, so that a second look takes the same ones. */
const ONE_IN = 20;
const isSampled = ({ digest }: InstanceRow): boolean =>
  Number.parseInt(digest.slice(0, 8), 16) % ONE_IN === 0;

/**
 * Keyed by the rows' ids. Throws PacsUnreachable. After a silence no further instance is read back, and the remaining
 * ones are missing from the result.
 */
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
      const has = (wanted: Shown): boolean => [...read.values()].some(({ shown }) => shown === wanted);
      // If one sampled instance is wrong, others may be, so all are read back. If none is right, the sample proves
      // nothing about the others.
      if (has('other')) return readBackAll(study, rows, tools, signal);
      if (!has('same')) return read;
      for (const { id } of sample) found.delete(id);
      return new Map([...found, ...read]);
    }
    default:
      return wanted satisfies never;
  }
}

async function readBackAll(
  study: StudyRow,
  rows: readonly InstanceRow[],
  tools: Tools,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Proven>> {
  const proven = new Map<number, Proven>();
  // Instances that the PACS failed to return before go last.
  const left = rows.toSorted((a, b) => a.offers - b.offers);
  let isSilent = false;
  const next = async (): Promise<void> => {
    for (let row = left.shift(); row && !isSilent; row = left.shift()) {
      const place = {
        studyInstanceUID: study.study_instance_uid,
        seriesInstanceUID: row.series_instance_uid,
        sopInstanceUID: row.sop_instance_uid,
      };
      const shown = await compare([place], row, tools, signal);
      isSilent ||= shown === 'silent';
      proven.set(row.id, { shown, proof: 'read-back' });
    }
  };
  await Promise.all(Array.from({ length: READ_AT_ONCE }, next));
  return proven;
}

/**
 * An instance is read back if the PACS gives no digest of it, or if a crash lost its answer together with the digest
 * that was made as it was sent.
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
  const theirs = await digestsOf(study.study_instance_uid, uids, signal).catch(withoutDigests);
  const proven = new Map<number, Proven>();
  const others: InstanceRow[] = [];
  await inTurns(rows, (row) => {
    if (row.sent_digests === handedOver(row, theirs.get(row.sop_instance_uid) ?? 'none'))
      proven.set(row.id, { shown: 'same', proof: 'digest' });
    else others.push(row);
  });
  for (const [id, one] of await readBackAll(study, others, tools, signal)) proven.set(id, one);
  return proven;
}

function withoutDigests(error: unknown): ReadonlyMap<string, string> {
  if (wasHeard(error)) return new Map();
  throw error;
}
