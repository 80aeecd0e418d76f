/**
 * Recognises originals that a person has covered or released before, from the rows of the studies in which they were
 * sent. Those rows hold only a digest of the original, under the key of its pseudonyms. The first decision stands and
 * nobody is asked again: the page says so before Send (recognise-decided.ts), and Send applies it.
 */
import type { Policy } from '#shared/protocol/api.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import type { LeftOutCause } from '#shared/protocol/withheld.ts';
import type { LeftOutInstance } from '../../queue/rows/held-study.ts';
import { instancesOf } from '../../queue/rows/instance-rows.ts';
import { markOfStudy } from '../../queue/mark-of-study.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from '../../queue/rows/local-database.ts';
import { markOf, type PatientMarks } from '../../queue/rows/patient-marks.ts';
import type { NamedInstance } from '../../queue/rows/name-study.ts';
import type { RecognisedFile } from '../workers/device-tasks.ts';
import type { FoundFile, StudyGroup } from '../found/group-studies.ts';
import { mixedUnder, partKeyOf, partsIn, partsOf, type PatientPart } from '../found/patients-of-study.ts';

/**
 * The mark of a part of a study (patients-of-study.ts). It tells whether an instance still belongs to the same
 * patient.
 */
export const markOfPart = (studyInstanceUID: string, partKey: string): string =>
  markOf(`${studyInstanceUID}\n${partKey}`);

/**
 * The patients of a study in the form in which rows mark them, so that a person who chooses the study again is not
 * asked twice.
 */
export function marksOfPatients(policy: Policy, study: StudyGroup): PatientMarks {
  const { studyInstanceUID, series, leftOut, unticked } = study;
  const keys = [series, leftOut, unticked].flatMap((some) => partsIn(some).flatMap((part) => part.keys));
  const mixed = mixedUnder(policy, partsOf(study), study.settled);
  return {
    parts: [...new Set(keys.map((key) => markOfPart(studyInstanceUID, key)))],
    ...(mixed?.isSettled && { settled: marksOfSettled(studyInstanceUID, mixed.parts) }),
  };
}

/**
 * Marks of patients together with their instances. Another instance of a patient, or one whose patient was corrected,
 * needs a new decision.
 */
export const marksOfSettled = (studyInstanceUID: string, parts: readonly PatientPart[]): string[] =>
  parts.map(({ keys, files }) => {
    const uids = new Set(files.map(({ sopInstanceUID }) => sopInstanceUID));
    return markOfPart(studyInstanceUID, [...keys.toSorted(), ...[...uids].sort()].join('\n'));
  });

/** Instances of a study that were left out before, by SOP Instance UID (`leftOutBefore` in keep-held.ts). */
export type LeftOutBefore = ReadonlyMap<string, LeftOutInstance>;

/** An instance whose patient was corrected since needs a new decision. */
export function leftOutAs(
  before: LeftOutBefore,
  studyInstanceUID: string,
  found: FoundFile,
): LeftOutCause | null {
  const out = before.get(found.sopInstanceUID);
  return out?.patient === markOfPart(studyInstanceUID, partKeyOf(found)) ? out.cause : null;
}

interface Asked {
  readonly found: FoundFile;
  readonly as: RecognisedFile | null;
}

interface Decided {
  readonly found: FoundFile;
  /** The instance as it was sent. */
  readonly named: NamedInstance;
  /** When a person pressed Send, in milliseconds since 1970. */
  readonly sentAt: number;
}

/** Asks which of these SOP Instance UIDs of a study, as sent, the PACS has now; null: the PACS was not reached. */
export type InPacsNow = (
  studyInstanceUID: string,
  sopInstanceUIDs: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlySet<string> | null>;

/** A chosen study: its account, its UID as in the files, and its own entry in the queue if it has one. */
interface ChosenAgain {
  readonly account: string | null;
  readonly studyInstanceUID: string;
  readonly id?: string;
}

/** The entries in which the study may have been sent before. Its held files are read again only if there are any. */
export function entriesBefore(
  database: LocalDatabase,
  { account, studyInstanceUID, id }: ChosenAgain,
): Promise<readonly StudyRow[]> {
  const mark = markOfStudy(studyInstanceUID);
  return database.studies
    .filter((row) => row.id !== id && row.account === account && row.mark === mark)
    .toArray();
}

/**
 * Files that the PACS had according to the receipts of the entries. An original that is also on its way is not
 * included.
 */
export async function decidedBefore(
  database: LocalDatabase,
  entries: readonly StudyRow[],
  files: readonly Asked[],
): Promise<readonly Decided[]> {
  const asked = files.flatMap(({ found, as }) => (as === null ? [] : [{ found, as }]));
  const uids = new Set(asked.map(({ as }) => as.studyInstanceUID));
  if (uids.size === 0) return [];
  const known = entries.filter(({ studyInstanceUID }) => uids.has(studyInstanceUID ?? ''));
  // If an original was sent again after the PACS had lost it, the later version counts.
  const newestFirst = known.toSorted((a, b) => b.queuedAt - a.queuedAt);
  const rows = await Promise.all(
    newestFirst.map(async ({ id, queuedAt }) =>
      (await instancesOf(database, id)).map((row) => ({ ...row, sentAt: queuedAt })),
    ),
  );
  const sentAs = Map.groupBy(rows.flat(), ({ sopInstanceUID }) => sopInstanceUID);
  return asked.flatMap(({ found, as }) => {
    const sent = sentAs.get(as.sopInstanceUID) ?? [];
    const row = sent.find(({ state }) => isInPacs(state as InstanceState));
    const isThere = row?.originalDigest !== undefined && row.originalDigest === as.originalDigest;
    if (!isThere || !sent.every(isSettled)) return [];
    return [{ found, named: namedAs(row, found, as), sentAt: row.sentAt }];
  });
}

/**
 * Divides the decided files into those that are still in the PACS and those that are gone. The PACS is asked, because
 * it can lose an instance, and somebody may have deleted one: then another version may be sent, and a person decides
 * again. If it is not reached, the receipts count, and the gateway asks at the announcement. Throws the signal's
 * reason.
 */
export async function stillInPacs(
  { inPacsNow }: { readonly inPacsNow: InPacsNow },
  decided: readonly Decided[],
  signal: AbortSignal,
): Promise<Record<'there' | 'gone', readonly Decided[]>> {
  const gone = new Set<Decided>();
  for (const [uid, some] of Map.groupBy(decided, ({ named }) => named.studyInstanceUID)) {
    const uids = some.map(({ named }) => named.sopInstanceUID);
    const there = await inPacsNow(uid, uids, signal);
    for (const each of some) if (there?.has(each.named.sopInstanceUID) === false) gone.add(each);
  }
  return { there: decided.filter((each) => !gone.has(each)), gone: [...gone] };
}

const isSettled = ({ state }: InstanceRow): boolean =>
  isInPacs(state as InstanceState) || state === 'left-out';

/** No copy of the instance is kept, because the PACS has it. */
function namedAs(
  row: InstanceRow,
  { ordinal, naming }: FoundFile,
  { studyInstanceUID }: RecognisedFile,
): NamedInstance {
  const textsSeen = [...new Set([...(row.textsSeen ?? []), ...naming.map(({ path }) => path)])];
  const { sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, bytes, digest } = row;
  return {
    ...{ studyInstanceUID, seriesInstanceUID, sopInstanceUID, sopClassUID, transferSyntaxUID, bytes, digest },
    ...(row.originalDigest !== undefined && { originalDigest: row.originalDigest }),
    ...(textsSeen.length > 0 && { textsSeen }),
    position: ordinal,
    inPacs: true,
  };
}
