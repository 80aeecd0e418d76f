/**
 * Recognises originals that a person has covered or released before, by the rows of the studies in which they were
 * sent: those hold the digest of the original under the key of its pseudonyms, and no more of it. The first decision
 * stands, so nobody is asked again: before Send the page says so (recognise-decided.ts), and at Send it is done.
 */
import type { Policy } from '#shared/protocol/api.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import type { LeftOutCause } from '#shared/protocol/withheld.ts';
import type { LeftOutInstance } from '../queue/rows/held-study.ts';
import { instancesOf } from '../queue/rows/instance-rows.ts';
import { markOfStudy } from '../queue/mark-of-study.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from '../queue/rows/local-database.ts';
import { markOf, type PatientMarks } from '../queue/rows/patient-marks.ts';
import type { NamedInstance } from '../queue/rows/name-study.ts';
import type { RecognisedFile } from './device-tasks.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import { mixedUnder, partKeyOf, partsIn, partsOf, type PatientPart } from './patients-of-study.ts';

/** The mark of a part of a study (patients-of-study.ts): tells whether an instance is still of that patient. */
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

/** Instances of a study left out before, by SOP Instance UID (`leftOutBefore` of keep-held.ts). */
export type LeftOutBefore = ReadonlyMap<string, LeftOutInstance>;

/** An instance whose patient was corrected since is another decision. */
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

/** Asks which of these SOP Instance UIDs of a study, as sent, the PACS has now; null: it was not reached. */
export type InPacsNow = (
  studyInstanceUID: string,
  sopInstanceUIDs: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlySet<string> | null>;

/** A chosen study: whose it is, its UID as in the files, and its own entry in the queue where it has one. */
interface ChosenAgain {
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

/** Files that the PACS had by the receipts of the entries. An original that is also on its way is not among them. */
export async function decidedBefore(
  database: LocalDatabase,
  entries: readonly StudyRow[],
  files: readonly Asked[],
): Promise<readonly Decided[]> {
  const asked = files.flatMap(({ found, as }) => (as === null ? [] : [{ found, as }]));
  const uids = new Set(asked.map(({ as }) => as.studyInstanceUID));
  if (uids.size === 0) return [];
  const known = entries.filter(({ studyInstanceUID }) => uids.has(studyInstanceUID ?? ''));
  // Sent once more, after the PACS had lost it: the later version stands.
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
 * The PACS is asked, for it can lose an instance, and somebody may have deleted one there: then another version may
 * stand, and a person decides again. Where it is not reached, the receipts count; at the announcement the gateway asks.
 * Throws the signal's reason.
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

/** No copy of it is kept: the PACS has it. */
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
