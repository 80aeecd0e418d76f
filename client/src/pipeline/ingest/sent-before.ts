/**
 * Tells which chosen studies this person has sent before, by the queue of this device and the gateway's list of their
 * studies. No identifier of a chosen study leaves the device for it: the list is asked for as a whole, and compared
 * here with the Study Instance UID that the study would be sent under.
 */
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { ApiClient } from '../../net/api-client.ts';
import type { QueuedStudy } from '../queue/queued-study.ts';
import type { Inspection } from './inspection.ts';

export interface SentBefore {
  /** Of the study, in the PACS; 0: none yet. */
  readonly inPacs: number;
  /** When it was last sent, in milliseconds since 1970. */
  readonly at: number;
}

/** By Study Instance UID as sent. */
export type SentBeforeByUid = ReadonlyMap<string, SentBefore>;

/** The most that the gateway gives at once: the work of some weeks. */
const LIMIT = 200;

/** Empty while the gateway does not answer: the device still knows its own. */
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

type Known = Pick<QueuedStudy, 'studyInstanceUID' | 'state' | 'track' | 'queuedAt' | 'needs' | 'waiting'>;

/** Nobody needs to choose it again, or to decide about it. */
const isOnItsWay = ({ state, needs, waiting }: Known): boolean =>
  state !== 'done' && state !== 'taken-back' && needs.length === 0 && waiting !== 'interrupted';

/** Where both know of a study, the one that says more of it is in the PACS. */
export function sentBefore(queued: readonly Known[], sent: readonly SentStudy[]): SentBeforeByUid {
  const known = new Map<string, SentBefore>();
  const note = (uid: string, { inPacs, at }: SentBefore) => {
    const before = known.get(uid);
    known.set(uid, {
      inPacs: Math.max(inPacs, before?.inPacs ?? 0),
      at: Math.max(at, before?.at ?? 0),
    });
  };
  for (const study of queued) {
    const { studyInstanceUID, track, queuedAt } = study;
    if (studyInstanceUID !== null && (track.inPacs > 0 || isOnItsWay(study)))
      note(studyInstanceUID, { inPacs: track.inPacs, at: queuedAt });
  }
  for (const { studyInstanceUID, uploads, lastSentAt, standing } of sent) {
    const inPacs = Math.max(0, ...uploads.map(({ counts }) => counts.inPacs));
    if (inPacs > 0 || standing === 'under-way')
      note(studyInstanceUID, { inPacs, at: Date.parse(lastSentAt) });
  }
  return known;
}

const STUDY_INSTANCE_UID = '0020,000d';

/**
 * The Study Instance UID under which Send would send it; null where the policy is not known, or sends nothing of its
 * first instance. Throws NotPrepared, TaskFault, or the signal's reason.
 */
export async function uidAsSent(
  { seriesOf, tools }: Pick<Inspection, 'seriesOf' | 'tools'>,
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<string | null> {
  const found = seriesOf(studyInstanceUID)[0]?.files[0];
  const policy = found && (await tools.policy({ studyInstanceUID, found }, signal));
  if (!policy) return null;
  const task = { looked: [], boxes: [], companions: [] };
  const compared = await tools.pool.run({ kind: 'compare', ref: found.file.ref, policy, ...task }, signal);
  if (compared.kind !== 'compared') return null;
  const after = compared.rows.find(({ path }) => path === STUDY_INSTANCE_UID)?.after;
  return after?.kind === 'text' ? after.text.trim() : null;
}
