/** Carries out a person's answer to a decision. Each answer either changes what waits or returns the page to open. */
import { isHeldForPixels } from '#shared/protocol/reason-kinds.ts';
import { sendUnder } from '../pipeline/ingest/found/held-acts.ts';
import { reasonsUnder, staysHere } from '../pipeline/ingest/found/held-back.ts';
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import { sendableOf } from '../pipeline/ingest/found/sendable.ts';
import type { QueueStore } from '../pipeline/queue/queued-study.ts';
import type { PatientChoice } from '../pipeline/queue/list-needs.ts';
import type { Answer, Decision } from './list-decisions.ts';

export type Place =
  | { readonly kind: 'upload' }
  | { readonly kind: 'before-after'; readonly id: string; readonly covers?: true };

export interface Stores {
  readonly ingest: Pick<
    IngestStore,
    | 'reopen'
    | 'toggle'
    | 'choosePolicy'
    | 'studies'
    | 'settlePatients'
    | 'leaveOutPatients'
    | 'leaveOut'
    | 'inspection'
    | 'policy'
    | 'released'
    | 'heldBack'
    | 'leftOut'
    | 'mixed'
    | 'disc'
  >;
  readonly queue: Pick<
    QueueStore,
    | 'retry'
    | 'tryNow'
    | 'leaveOut'
    | 'leaveOutHeld'
    | 'instancesOf'
    | 'takeBack'
    | 'cancel'
    | 'dismiss'
    | 'forgetLost'
    | 'deleteForeign'
  >;
}

/** A single picture that may show a name, so that there is nothing else to look at. */
export const isOnePicture = ({ instances, reason }: Pick<Decision, 'instances' | 'reason'>): boolean =>
  instances === 1 && isHeldForPixels(reason);

const UPLOAD: Place = { kind: 'upload' };

/** Null: done, with no page to open. Throws like the API client; nothing has changed then. */
export async function carryOut(
  stores: Stores,
  decision: Decision,
  answer: Answer,
): Promise<Place | 'too-late' | null> {
  const { ingest, queue } = stores;
  const { study, found, lost } = decision;
  const id = study?.id ?? '';
  switch (answer) {
    case 'apart': {
      const keys = decision.patients.flatMap((patient) => patient.keys);
      if (found) await ingest.settlePatients(found.studyInstanceUID, keys);
      return afterwards(ingest);
    }
    case 'look': {
      const shown = found?.id ?? (await ingest.reopen(id));
      return shown === null
        ? UPLOAD
        : { kind: 'before-after', id: shown, ...(isOnePicture(decision) && { covers: true }) };
    }
    case 'other-policy':
      await sendUnderItsPolicy(ingest, decision);
      return UPLOAD;
    case 'choose-again':
    case 'choose-export':
    case 'choose-fewer':
      return UPLOAD;
    case 'retry':
    case 'ask-pacs':
      return queue.retry(id).then(() => null);
    case 'try-now':
      return queue.tryNow(id).then(() => null);
    case 'leave-out':
      return (found ? leaveOutFound(ingest, decision) : leaveOut(queue, decision, id)).then(() => null);
    case 'set-aside':
      if (found) ingest.toggle(found.studyInstanceUID);
      return null;
    case 'take-back':
      return (await queue.takeBack(id)) ? null : 'too-late';
    case 'cancel':
      return queue.cancel(id).then(() => null);
    case 'remove':
      if (lost) queue.forgetLost(lost.id);
      else await queue.dismiss(id);
      return null;
    case 'delete':
      return queue.deleteForeign().then(() => null);
    default:
      return answer satisfies never;
  }
}

/** The Upload page, if Send would take something of every selected study; null: another study needs a decision here. */
const afterwards = (ingest: Stores['ingest']): Place | null =>
  sendableOf(ingest).held.length > 0 ? null : UPLOAD;

/** The Upload page, once the remaining files name one patient; null: there is more to decide. */
export async function leaveOutPatient(
  { ingest }: Pick<Stores, 'ingest'>,
  { found, patients }: Decision,
  patient: PatientChoice,
): Promise<Place | null> {
  if (found) await ingest.leaveOutPatients(found.studyInstanceUID, patient.keys);
  return patients.length > 2 ? null : afterwards(ingest);
}

async function sendUnderItsPolicy(
  ingest: Stores['ingest'],
  { study, found, policy }: Decision,
): Promise<void> {
  const shown = found?.id ?? (await ingest.reopen(study?.id ?? ''));
  if (shown !== null && policy !== null && policy !== 'none') sendUnder(ingest, shown, policy);
}

/** Leaves out the files that wait for a decision about this reason. */
function leaveOutFound(ingest: Stores['ingest'], { found, reason }: Decision): Promise<void> {
  const policy = ingest.policy.peek();
  const files = ingest.inspection
    .seriesOf(found?.studyInstanceUID ?? '')
    .flatMap((series) => series.files)
    .filter((file) => staysHere(policy, ingest.released.peek(), file))
    .filter((file) => reasonsUnder(policy, file)[0] === reason);
  return ingest.leaveOut(files, true);
}

async function leaveOut(
  queue: Stores['queue'],
  { cause, reason, destination }: Decision,
  id: string,
): Promise<void> {
  if (reason === null) return;
  if (cause === 'held') return queue.leaveOutHeld(id, reason);
  const all = await queue.instancesOf(id);
  await queue.leaveOut(
    id,
    all.filter(
      (each) =>
        each.state === cause &&
        (each.reason ?? 'pacs-refused') === reason &&
        (each.destination ?? undefined) === destination,
    ),
  );
}
