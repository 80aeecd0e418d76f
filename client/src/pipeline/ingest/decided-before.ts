/**
 * Recognises originals that a person has covered or released before, by the rows of the studies in which they were
 * sent: those hold the digest of the original under the key of its pseudonyms, and no more of it. The first decision
 * stands, so nobody is asked again: before Send the page says so (recognise-decided.ts), and at Send it is done.
 */
import type { Policy } from '#shared/protocol/api.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { instancesOf } from '../queue/rows/instance-rows.ts';
import { markOfStudy } from '../queue/mark-of-study.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from '../queue/rows/local-database.ts';
import { markOf, type PatientMarks } from '../queue/rows/patient-marks.ts';
import type { NamedInstance } from '../queue/rows/name-study.ts';
import type { RecognisedFile } from './device-tasks.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import { mixedUnder, partsIn, partsOf, type PatientPart } from './patients-of-study.ts';

/** Of a part of a study (patients-of-study.ts): whether an instance is still of that patient. */
export const markOfPart = (studyInstanceUID: string, partKey: string): string =>
  markOf(`${studyInstanceUID}\n${partKey}`);

/** The patients of a study as its rows mark them: a person who chooses it again is not asked twice. */
export function marksOfPatients(policy: Policy, study: StudyGroup): PatientMarks {
  const { studyInstanceUID, series, leftOut } = study;
  const keys = [...partsIn(series), ...partsIn(leftOut)].flatMap((part) => part.keys);
  const mixed = mixedUnder(policy, partsOf(study), study.settled);
  return {
    parts: [...new Set(keys.map((key) => markOfPart(studyInstanceUID, key)))],
    ...(mixed?.isSettled && { settled: marksOfSettled(studyInstanceUID, mixed.parts) }),
  };
}

/** With its instances: another one of a patient, or one whose patient was corrected, is another decision. */
export const marksOfSettled = (studyInstanceUID: string, parts: readonly PatientPart[]): string[] =>
  parts.map(({ keys, files }) => {
    const uids = new Set(files.map(({ sopInstanceUID }) => sopInstanceUID));
    return markOfPart(studyInstanceUID, [...keys.toSorted(), ...[...uids].sort()].join('\n'));
  });

interface Asked {
  readonly found: FoundFile;
  readonly as: RecognisedFile | null;
}

interface Decided {
  readonly found: FoundFile;
  /** As it was sent. */
  readonly named: NamedInstance;
}

/** A chosen study: whose it is, its UID as in the files, and its own entry in the queue where it has one. */
export interface ChosenAgain {
  readonly account: string | null;
  readonly studyInstanceUID: string;
  readonly id?: string;
}

/** The entries in which it may have been sent before: only where there are some its held files are read once more. */
export function entriesBefore(
  database: LocalDatabase,
  { account, studyInstanceUID, id }: ChosenAgain,
): Promise<readonly StudyRow[]> {
  const mark = markOfStudy(studyInstanceUID);
  return database.studies
    .filter((row) => row.id !== id && row.account === account && row.mark === mark)
    .toArray();
}

/** Those of the files that the PACS has, as receipts say. An original that is also on its way is not among them. */
export async function decidedBefore(
  database: LocalDatabase,
  entries: readonly StudyRow[],
  files: readonly Asked[],
): Promise<readonly Decided[]> {
  const asked = files.flatMap(({ found, as }) => (as === null ? [] : [{ found, as }]));
  const uids = new Set(asked.map(({ as }) => as.studyInstanceUID));
  if (uids.size === 0) return [];
  const known = entries.filter(({ studyInstanceUID }) => uids.has(studyInstanceUID ?? ''));
  const rows = (await Promise.all(known.map(({ id }) => instancesOf(database, id)))).flat();
  const sentAs = Map.groupBy(rows, ({ sopInstanceUID }) => sopInstanceUID);
  return asked.flatMap(({ found, as }) => {
    const sent = sentAs.get(as.sopInstanceUID) ?? [];
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
