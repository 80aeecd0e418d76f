/** Follows a delivered study until it has a valid receipt. Only a checked receipt reaches the queue. */
import { z } from 'zod';
import { ApiProblem } from '../../net/api-client.ts';
import { isPacsAway } from '../../net/link.ts';
import type { QueuedUpload } from '../queue/upload-queue.ts';
import { acceptReceipt, type JSONWebKeySet, type ReceiptFault } from './accept-receipt.ts';
import { StudyRefused, type AskingTools } from './ask-until-answered.ts';
import {
  complete,
  nullIfGone,
  type CarriedStudy,
  type Delivered,
  type DeliveryTools,
} from './deliver-study.ts';
import { eventsOf, type Follower, type StudyEvent } from './follow-events.ts';

export interface ReceiptTools
  extends Pick<DeliveryTools, 'queue' | 'api' | 'clock' | 'untilAnswered'>,
    Pick<AskingTools, 'onLink'> {
  readonly follower: Follower;
  /** The gateway's published keys, fetched once and shared by all studies. */
  readonly receiptKeys: { known: z.infer<typeof keySetSchema> | null };
}

/** Thrown when the gateway's receipts are not valid. The device keeps its copy. */
export class ReceiptFaulty extends Error {
  readonly fault: ReceiptFault;
  constructor(fault: ReceiptFault) {
    super(`the receipt is not valid: ${fault}`);
    this.name = 'ReceiptFaulty';
    this.fault = fault;
  }
}

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** The minimum delay before asking again, because the gateway may find a damaged instance after completion. */
const COMPLETE_AGAIN_MS = 5_000;
const FAULTS_LIMIT = 3;

/**
 * `settled`: a new receipt is valid. `missing`: the gateway lost or refused bytes after completion, so they have to
 * be sent again. Throws ReceiptFaulty or the signal's reason.
 */
export async function awaitReceipt(
  tools: ReceiptTools,
  carried: CarriedStudy,
  delivered: Delivered,
): Promise<'settled' | 'missing'> {
  const { study, signal } = carried;
  if (delivered.isKnown && study.receiptId === null && (await takeKnownReceipt(tools, carried, delivered)))
    return 'settled';
  const { clock } = tools;
  let completedAt = delivered.isKnown ? Number.NEGATIVE_INFINITY : clock.now();
  let faults = 0;
  for await (const event of eventsOf(tools.follower, delivered.uploadId, signal)) {
    if (event === 'gone') return 'missing';
    await report(tools, study.id, event);
    if (event.receipt !== null && isAnswer(study, event, event.receipt.id)) {
      const fault = await takeReceipt(tools, carried, delivered, event.receipt.id);
      if (fault === null) return 'settled';
      if (fault === 'gone') return 'missing';
      if (fault === 'other') continue;
      if (countsAgainst(fault, event)) faults += 1;
      if (faults >= FAULTS_LIMIT) throw new ReceiptFaulty(fault);
    } else if (event.state === 'receiving' && clock.now() - completedAt > COMPLETE_AGAIN_MS) {
      completedAt = clock.now();
      const missing = await complete(tools, study.id, delivered.uploadId, signal);
      if (missing === 'upload-gone' || missing.length > 0) return 'missing';
    }
  }
  throw signal.reason;
}

/**
 * Whether the study was waiting for this receipt: a new one answers it. If a study was announced again in vain, the
 * gateway issues no new receipt, and the known one still holds once the gateway has finished the study. A study that
 * waits for a person needs a new receipt.
 */
function isAnswer(study: QueuedUpload, { state }: StudyEvent, receiptId: string): boolean {
  if (receiptId !== study.receiptId) return true;
  return study.state !== 'attention' && (state === 'closed' || state === 'held');
}

async function report({ queue, onLink }: ReceiptTools, id: string, event: StudyEvent): Promise<void> {
  await queue.report(id, event);
  const because = event.waiting?.because;
  onLink(isPacsAway(because) ? because : 'online');
}

/**
 * Whether the fault counts. A receipt of an earlier revision lacks instances that arrived later; the next one has
 * them, unless the gateway has finished the study.
 */
function countsAgainst(fault: ReceiptFault, { state }: StudyEvent): boolean {
  return fault !== 'instance-missing' || state === 'closed' || state === 'held';
}

/**
 * `wanted`: the receipt id in an event; null: any receipt. `other`: the gateway returned an older or newer receipt,
 * and the next event names the newest. `gone`: the gateway does not know the upload, so it has to be announced again.
 */
async function takeReceipt(
  { queue, api, untilAnswered, receiptKeys }: ReceiptTools,
  { study: { id }, manifest, signal }: CarriedStudy,
  { uploadId, named }: Delivered,
  wanted: string | null,
): Promise<ReceiptFault | 'other' | 'gone' | null> {
  const askReceipt = () =>
    api.text(`/upload/${uploadId}/receipt`, { signal }).then((text) => text.trim(), nullIfGone);
  const jws = await untilAnswered(id, askReceipt, signal);
  if (jws === null) return 'gone';
  const askKeys = () => api.json('/.well-known/jwks.json', keySetSchema, { signal });
  receiptKeys.known ??= await untilAnswered(id, askKeys, signal);
  const check = await acceptReceipt(jws, receiptKeys.known as JSONWebKeySet, {
    studyInstanceUID: manifest.studyInstanceUID,
    instances: named,
  });
  if (check.kind === 'fault') {
    // The gateway may have a new key by now, so the next attempt fetches the keys again.
    receiptKeys.known = null;
    return check.fault;
  }
  if (wanted !== null && check.checked.receipt.jti !== wanted) return 'other';
  await queue.settle(id, check.checked);
  return null;
}

/**
 * Takes the receipt of a study that the PACS already has, which usually exists. If anything is wrong with it,
 * following the study will show that.
 */
async function takeKnownReceipt(
  tools: ReceiptTools,
  carried: CarriedStudy,
  delivered: Delivered,
): Promise<boolean> {
  const { study, signal } = carried;
  const look = async () => (await takeReceipt(tools, carried, delivered, null)) === null;
  return tools.untilAnswered(study.id, look, signal, true).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof ApiProblem || error instanceof StudyRefused) return false;
    throw error;
  });
}
