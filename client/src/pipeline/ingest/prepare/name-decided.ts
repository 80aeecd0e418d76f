/**
 * At Send, files that a person covered or released before, and that the PACS has, are named as they were sent then:
 * the earlier decision stands. If such a file has texts that repeat values of its companions, and nobody has seen
 * them, the person is told first: the PACS shows the texts, and they can be removed only there. Files that a person
 * left out before stay out.
 */
import { leftOutFor } from '#shared/protocol/withheld.ts';
import { nameInstances } from '../../queue/rows/name-study.ts';
import type { LocalDatabase } from '../../queue/rows/local-database.ts';
import { leftOutBefore } from '../../queue/rows/keep-held.ts';
import { decidedBefore, entriesBefore, leftOutAs, stillInPacs, type InPacsNow } from './decided-before.ts';
import type { PolicyForTask } from '../workers/device-tasks.ts';
import type { FoundFile, StudyGroup } from '../found/group-studies.ts';
import { lookedAt, type NamingFiles } from '../found/hold-companions.ts';
import { mapInParallel } from '../workers/run-in-parallel.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';

const NAMED = leftOutFor('named-by-companion');

interface Naming {
  readonly tools: {
    readonly database: LocalDatabase;
    readonly key: Promise<CryptoKey>;
    readonly pool: WorkerPool;
    readonly inPacsNow: InPacsNow;
  };
  readonly studyId: string;
  readonly group: Pick<StudyGroup, 'studyInstanceUID'>;
  readonly terms: { readonly forTask: PolicyForTask };
  readonly signal: AbortSignal;
  readonly held: { readonly found: FoundFile }[];
}

/** Removes these files from `held`. `naming`: the texts that were found now. Returns those that nobody has seen. */
export async function nameDecided(
  { tools, studyId, group, terms, signal, held }: Naming,
  naming: NamingFiles,
): Promise<NamingFiles> {
  const { database, pool } = tools;
  if (held.length === 0) return new Map();
  const account = (await database.studies.get(studyId))?.account ?? null;
  const { studyInstanceUID } = group;
  const entries = await entriesBefore(database, { account, studyInstanceUID, id: studyId });
  if (entries.length === 0) return new Map();
  const recognise = async ({ found }: Naming['held'][number]) => {
    const { ordinal } = found;
    const looked = lookedAt({ ...found, naming: naming.get(ordinal) ?? found.naming });
    const file = { ref: found.file.ref, position: ordinal, looked, boxes: [] };
    return { found, as: await pool.run({ kind: 'recognise', file, policy: terms.forTask }, signal) };
  };
  const files = await mapInParallel(held, pool.size, recognise);
  const before = await decidedBefore(database, entries, files);
  const { there: decided } = await stillInPacs(tools, before, signal);
  await nameInstances(
    database,
    studyId,
    decided.map(({ named }) => named),
  );
  const those = new Set(decided.map(({ found }) => found));
  held.splice(0, held.length, ...held.filter(({ found }) => !those.has(found)));
  return new Map(
    decided.flatMap(({ found: { ordinal }, named: { textsSeen = [] } }) => {
      const texts = naming.get(ordinal) ?? [];
      return texts.some(({ path }) => !textsSeen.includes(path)) ? [[ordinal, texts] as const] : [];
    }),
  );
}

/**
 * Whether a person left all of these out before because their texts identify somebody. The queue then counts them
 * under that cause again (keep-held.ts).
 */
export async function areLeftOut(
  {
    tools: { database, key },
    studyId,
    group: { studyInstanceUID },
  }: Pick<Naming, 'tools' | 'studyId' | 'group'>,
  files: readonly FoundFile[],
): Promise<boolean> {
  const account = (await database.studies.get(studyId))?.account ?? null;
  const before = await leftOutBefore(database, await key, { account, studyInstanceUID });
  return files.every((found) => leftOutAs(before, studyInstanceUID, found) === NAMED);
}
