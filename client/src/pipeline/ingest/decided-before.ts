/**
 * Recognises originals that a person has covered or released before, by the rows of the studies in which they were
 * sent: those hold the digest of the original under the key of its pseudonyms, and no more of it. The first decision
 * stands, so nobody is asked again.
 */
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { instancesOf } from '../queue/rows/instance-rows.ts';
import type { InstanceRow, LocalDatabase } from '../queue/rows/local-database.ts';
import type { NamedInstance } from '../queue/rows/name-study.ts';
import type { RecognisedFile } from './device-tasks.ts';
import type { FoundFile } from './group-studies.ts';

interface Asked {
  readonly found: FoundFile;
  readonly as: RecognisedFile | null;
}

interface Decided {
  readonly found: FoundFile;
  /** As it was sent. */
  readonly named: NamedInstance;
}

/** Whether the study may have been sent before: only then its held files are read once more. */
export async function mayBeKnown(database: LocalDatabase, studyId: string): Promise<boolean> {
  const own = await database.studies.get(studyId);
  const uid = own?.studyInstanceUID ?? null;
  const others = database.studies.filter(
    (row) =>
      row.id !== studyId &&
      row.account === own?.account &&
      row.studyInstanceUID !== null &&
      (uid === null || row.studyInstanceUID === uid),
  );
  return (await others.count()) > 0;
}

/** Those of the files that the PACS has, as receipts say. An original that is also on its way is not among them. */
export async function decidedBefore(
  database: LocalDatabase,
  studyId: string,
  files: readonly Asked[],
): Promise<readonly Decided[]> {
  const asked = files.flatMap(({ found, as }) => (as === null ? [] : [{ found, as }]));
  const uids = new Set(asked.map(({ as }) => as.studyInstanceUID));
  if (uids.size === 0) return [];
  const account = (await database.studies.get(studyId))?.account;
  const entries = await database.studies
    .filter((row) => row.id !== studyId && row.account === account && uids.has(row.studyInstanceUID ?? ''))
    .toArray();
  const rows = (await Promise.all(entries.map(({ id }) => instancesOf(database, id)))).flat();
  const known = Map.groupBy(rows, ({ sopInstanceUID }) => sopInstanceUID);
  return asked.flatMap(({ found, as }) => {
    const sent = known.get(as.sopInstanceUID) ?? [];
    const row = sent.find(({ state }) => isInPacs(state as InstanceState));
    const isThere = row?.originalDigest !== undefined && row.originalDigest === as.originalDigest;
    return isThere && sent.every(isSettled) ? [{ found, named: namedAs(row, found, as) }] : [];
  });
}

const isSettled = ({ state }: InstanceRow): boolean =>
  isInPacs(state as InstanceState) || state === 'left-out';

/** No copy of it is kept: the PACS has it. */
function namedAs(
  row: InstanceRow,
  { ordinal }: FoundFile,
  { studyInstanceUID }: RecognisedFile,
): NamedInstance {
  const { sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, bytes, digest } = row;
  return {
    ...{ studyInstanceUID, seriesInstanceUID, sopInstanceUID, sopClassUID, transferSyntaxUID, bytes, digest },
    ...(row.originalDigest !== undefined && { originalDigest: row.originalDigest }),
    position: ordinal,
    inPacs: true,
  };
}
