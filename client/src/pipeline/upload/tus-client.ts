/**
 * Sends one parcel over tus 1.0: creation with the first piece, HEAD, PATCH. tus-requests.ts makes the requests,
 * tus-answers.ts interprets the answers, and pace.ts sets the size of a piece. An interruption costs only the bytes
 * in transit, because the gateway keeps those of an unfinished request.
 *  tus-js-client is not used, because its pieces have one fixed size and it has no checksum for each PATCH.
 */
import { Unreachable, type ApiProblem } from '../../net/api-client.ts';
import { CopyUnreadable, type ParcelToSend } from '../queue/upload-queue.ts';
import { createBackOff, type BackOff } from '../../net/clock.ts';
import {
  askOffset,
  createParcel,
  patchParcel,
  PROBE_BYTES,
  type Answer,
  type Shipment,
  type TusTools,
} from './tus-requests.ts';

/**
 * `upload-gone`: the gateway no longer knows the parcel or its upload, so the study has to be announced again to
 * learn what it still needs.
 */
export type ParcelOutcome =
  | { readonly kind: 'sent' | 'upload-gone' | 'signed-out' }
  | { readonly kind: 'refused'; readonly problem: ApiProblem };

/** Damage in transit does not hit the same record three times, so after that the seal made here must be damaged. */
const DAMAGED_LIMIT = 3;

/** The progress of a parcel. */
interface Progress {
  readonly shipment: Shipment;
  readonly backOff: BackOff;
  /** null: only the gateway knows it. */
  offset: number | null;
  furthest: number;
  damaged: number;
}

/**
 * Sends the parcel from where an earlier attempt stopped. Throws CopyUnreadable, Unreachable when patience
 * has run out, or the signal's reason.
 */
export async function sendParcel(
  parcel: ParcelToSend,
  uploadId: string,
  tools: TusTools,
  signal: AbortSignal,
): Promise<ParcelOutcome> {
  const progress: Progress = {
    shipment: {
      parcel,
      uploadId,
      tools,
      signal,
      location: parcel.location,
      isUnsure: tools.isBegun,
      died: null,
    },
    backOff: createBackOff(tools.random),
    offset: null,
    furthest: -1,
    damaged: 0,
  };
  for (;;) {
    const answer = await askNext(progress);
    if (answer.kind === 'answer') {
      if (await noteOffset(progress, answer.offset)) return { kind: 'sent' };
      continue;
    }
    const outcome = await takeSetback(progress, answer);
    if (outcome !== null) return outcome;
  }
}

async function askNext({ shipment, offset }: Progress): Promise<Answer> {
  if (shipment.location === null) return createParcel(shipment);
  if (offset === null) return askOffset(shipment);
  await shipment.tools.giveWay();
  return patchParcel(shipment, offset);
}

/** True if the gateway has the whole parcel. */
async function noteOffset(progress: Progress, offset: number): Promise<boolean> {
  const { tools, parcel } = progress.shipment;
  // Only new bytes reset the time limit; otherwise a PATCH that always fails between two successful HEADs would be
  // repeated for ever.
  if (offset > progress.furthest) {
    progress.furthest = offset;
    progress.damaged = 0;
    progress.backOff.reset();
  }
  const isStuck = offset === progress.offset;
  progress.offset = offset;
  tools.onWaiting(null);
  tools.onProgress(offset, offset);
  if (offset === parcel.bytes) return true;
  // A proxy that answers "stored" and stores nothing must not be asked in a tight loop.
  if (isStuck) await pause(progress, null);
  return false;
}

/** null: the parcel is retried after a pause. */
async function takeSetback(
  progress: Progress,
  { step, problem }: Extract<Answer, { kind: 'step' }>,
): Promise<ParcelOutcome | null> {
  const { tools, parcel } = progress.shipment;
  // The bytes in transit may be lost, so they count as safe here again.
  if (progress.offset !== null) tools.onProgress(progress.offset, progress.offset);
  if (problem?.status === 460) progress.damaged += 1;
  if (step === 'copy-unreadable' || (progress.damaged >= DAMAGED_LIMIT && parcel.seal !== null))
    throw new CopyUnreadable(problem);
  if (step === 'refused' && problem !== null) return { kind: 'refused', problem };
  if (step === 'renew-right') return { kind: 'signed-out' };
  if (step === 'create-again') {
    await tools.onForgotten();
    return { kind: 'upload-gone' };
  }
  const isSilent = problem === null || step === 'not-believed';
  if (step === 'wait-for-room') tools.way.probeBytes = PROBE_BYTES;
  tools.onWaiting(step === 'wait-for-room' ? 'storage-full' : isSilent ? 'no-answer' : null);
  await pause(progress, problem);
  progress.offset = null;
  return null;
}

async function pause({ shipment, backOff }: Progress, problem: ApiProblem | null): Promise<void> {
  const { tools, signal } = shipment;
  if (backOff.waited() > tools.patienceMs) throw new Unreachable(problem);
  await tools.clock.sleep(backOff.next(problem?.retryAfterMs), signal);
}
