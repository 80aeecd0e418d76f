/**
 * Finds out which chosen studies this person has sent before, from this device's queue and the gateway's list of
 * their studies. No identifier of a chosen study leaves the device: the whole list is requested and compared here
 * with the Study Instance UID under which the study would be sent.
 */
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { ApiClient } from '../../../net/api-client.ts';
import type { QueuedStudy } from '../../queue/queued-study.ts';
import { lookedAt } from '../found/hold-companions.ts';
import type { InspectedFile, Inspection } from '../found/inspection.ts';
import { partKeyOf } from '../found/patients-of-study.ts';

export interface SentBefore {
  /** The number of the study's instances in the PACS; 0: none yet. */
  readonly inPacs: number;
  /** When it was last sent or cancelled, in milliseconds since 1970. */
  readonly at: number;
  /**
   * Set if a person cancelled the study on this device and none of it is in the PACS. `by-then`: the gateway was not
   * asked since.
   */
  readonly isCancelled?: 'still' | 'by-then';
  /** The study's page, with its receipt. */
  readonly page: SentPage;
}

/** The page of a study: `study` with its id on this device, or `sent` with an upload of it from another device. */
type SentPage = { readonly page: 'study' | 'sent'; readonly id: string };

/** The key is the Study Instance UID as sent. */
export type SentBeforeByUid = ReadonlyMap<string, SentBefore>;

/** The most that the gateway returns at once, which covers the work of some weeks. */
const LIMIT = 200;

/** Empty while the gateway does not answer. The device still knows its own studies. */
export async function askSent(
  api: Pick<ApiClient, 'json'>,
  signal: AbortSignal,
): Promise<readonly SentStudy[]> {
  const { sentStudiesSchema } = await import('#shared/protocol/studies.ts');
  const asked = api.json(`/studies?limit=${LIMIT}`, sentStudiesSchema, { signal });
  return asked.then(
    ({ studies }) => studies,
    () => [],
  );
}

type Known = Pick<
  QueuedStudy,
  | 'id'
  | 'studyInstanceUID'
  | 'state'
  | 'track'
  | 'queuedAt'
  | 'completedAt'
  | 'toldSince'
  | 'needs'
  | 'waiting'
>;

const isOver = ({ state }: Known): boolean => state === 'done' || state === 'taken-back';
/** Whether somebody has to choose the study again, or to decide about it. */
const needsPerson = ({ needs, waiting }: Known): boolean => needs.length > 0 || waiting === 'interrupted';

/**
 * 1 if a send of this device put instances into the PACS. A cancelled send does not count, because its receipt is not
 * here.
 */
const hasSome = ({ state, track }: Known): number => (state !== 'taken-back' && track.inPacs > 0 ? 1 : 0);

/**
 * If both the device and the gateway know a study, the higher number of instances in the PACS is used. Of several
 * sends from this device, the newest one with instances in the PACS is used, because its receipt covers all of them.
 */
export function sentBefore(queued: readonly Known[], sent: readonly SentStudy[]): SentBeforeByUid {
  const known = new Map<string, SentBefore>();
  const note = (uid: string, { inPacs, at, page }: SentBefore) => {
    const before = known.get(uid);
    known.set(uid, {
      inPacs: Math.max(inPacs, before?.inPacs ?? 0),
      at: Math.max(at, before?.at ?? 0),
      page: before?.page ?? page,
    });
  };
  const newestFirst = queued.toSorted((a, b) => hasSome(b) - hasSome(a) || b.queuedAt - a.queuedAt);
  for (const study of newestFirst) {
    const { id, studyInstanceUID, track, queuedAt } = study;
    const { inPacs } = track;
    const sentId = study.toldSince?.uploadId;
    const isOnItsWay = !isOver(study) && !needsPerson(study);
    if (studyInstanceUID !== null && (inPacs > 0 || isOnItsWay))
      note(studyInstanceUID, {
        ...{ inPacs, at: queuedAt },
        page: sentId ? { page: 'sent', id: sentId } : { page: 'study', id },
      });
  }
  // The gateway still waits for studies that this device can no longer send, or whose cancellation it has not
  // received. They are not on their way.
  const stuck = new Set(
    queued
      .filter((study) => study.state === 'taken-back' || (!isOver(study) && needsPerson(study)))
      .map((study) => study.studyInstanceUID),
  );
  for (const { studyInstanceUID, uploads, lastSentAt, standing } of sent) {
    const inPacs = Math.max(0, ...uploads.map(({ counts }) => counts.inPacs));
    const id = uploads.find(({ receipt }) => receipt !== null)?.uploadId ?? uploads[0]?.uploadId;
    const isOnItsWay = standing === 'under-way' && !stuck.has(studyInstanceUID);
    if (id !== undefined && (inPacs > 0 || isOnItsWay))
      note(studyInstanceUID, { inPacs, at: Date.parse(lastSentAt), page: { page: 'sent', id } });
  }
  const ofSends = new Set(known.keys());
  for (const { state, id, studyInstanceUID: uid, completedAt, queuedAt, toldSince } of queued)
    if (state === 'taken-back' && uid !== null && !ofSends.has(uid))
      known.set(uid, {
        ...{ inPacs: 0, at: completedAt ?? queuedAt, isCancelled: toldSince ? 'still' : 'by-then' },
        page: { page: 'study', id },
      });
  return known;
}

const STUDY_INSTANCE_UID = '0020,000d';

/** What was sent before of a study with these identifiers as sent; undefined: nothing. */
export function sentUnder(known: SentBeforeByUid, uids: ReadonlySet<string>): SentBefore | undefined {
  const all = [...uids].flatMap((uid) => known.get(uid) ?? []);
  const newest = all.toSorted((a, b) => b.at - a.at)[0];
  if (newest === undefined) return undefined;
  return { ...newest, inPacs: all.reduce((sum, { inPacs }) => sum + inPacs, 0) };
}

/** The maximum number of patients of one study to ask about, because a file is read for each. */
const PATIENTS_ASKED = 16;

/**
 * The Study Instance UIDs under which Send would send the study, one for each patient that its instances name. Empty
 * if the policy is not known, or if it sends nothing of the study. Throws NotPrepared, TaskFault, or the signal's
 * reason.
 */
export async function uidsAsSent(
  inspection: Pick<Inspection, 'seriesOf' | 'tools'>,
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const files = inspection.seriesOf(studyInstanceUID).flatMap((series) => series.files);
  const firsts = new Map(files.toReversed().map((found) => [partKeyOf(found), found]));
  const uids = new Set<string>();
  for (const found of [...firsts.values()].slice(-PATIENTS_ASKED)) {
    const uid = await uidOfInstance(inspection, { studyInstanceUID, found }, signal);
    if (uid !== null) uids.add(uid);
  }
  return uids;
}

async function uidOfInstance(
  { tools }: Pick<Inspection, 'tools'>,
  shown: InspectedFile,
  signal: AbortSignal,
): Promise<string | null> {
  const { found } = shown;
  const policy = await tools.policy(shown, signal);
  if (!policy) return null;
  // A held file may have been covered or released before. Its study has the same UID whatever a person decided about
  // the file.
  const task = { looked: lookedAt(found), boxes: [], companions: [] };
  const compared = await tools.pool.run({ kind: 'compare', ref: found.file.ref, policy, ...task }, signal);
  if (compared.kind !== 'compared') return null;
  const after = compared.rows.find(({ path }) => path === STUDY_INSTANCE_UID)?.after;
  return after?.kind === 'text' ? after.text.trim() : null;
}
