/**
 * Sends several store requests at once. When one finds the PACS gone, no further request of its round leaves, but those
 * on their way still end. Instances on which requests failed go last, one after the other, so that the one on which the
 * PACS fails is found and the others do not wait for it.
 */
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import { PacsUnreachable, type StoreRefusal } from '../../ports/pacs/pacs.ts';
import {
  handedOver,
  NO_OFFERS,
  stillClaimed,
  type InstanceChange,
  type InstanceRow,
} from '../stores/instance.store.ts';
import { blobOf } from '../stores/parcel-blobs.ts';
import type { StudyRow } from '../stores/study.store.ts';
import {
  countOffer,
  isSignInRefused,
  isTimeOut,
  OFFERS_IN_COMPANY,
  setApart,
  wasHeard,
} from './count-offers.ts';
import { forwardBatch, type ForwardedInstance, type Posted } from './forward-batch.ts';
import type { ForwardTools } from './forward-tools.ts';
import { BATCHES_AT_ONCE, takeBatch, type Lanes } from './take-batch.ts';
import { wantedProof } from './prove-stored.ts';
import { returnLost } from './return-lost.ts';

/**
 * Answers gathered before they are written. A crash costs as many searches as there were answers; a write costs as much
 * as ten answers.
 */
const ANSWERS_AT_ONCE = 200;

export type ToPost = {
  readonly study: StudyRow;
  readonly rows: readonly InstanceRow[];
  /** When this run marked them `posting`. */
  readonly claimedAt: Date;
  /** By the id of the blob. Each row lies in one of them. */
  readonly bodies: ReadonlyMap<string, OpenBlob | null>;
  /** Called when the last requests leave and no instance has to go alone. */
  readonly onDry: () => void;
  /** Lanes shared with the requests of the study's other rounds. */
  readonly inLane: Lanes;
};

type Batch = readonly Posted[];
/**
 * The state of a run of `postBatches`: the answers that are not yet written, and what ended it early. `sent`: the
 * digests of the instances that were sent completely, by the rows' ids; null where the PACS gives no digests to
 * compare. `refused`: how the PACS last refused a store request.
 */
type Run = {
  answers: ForwardedInstance[];
  failure: unknown;
  isTakenOver: boolean;
  tookAny: boolean;
  refused: StoreRefusal | null;
  readonly sent: Map<number, string> | null;
};

/** False: a request failed, or another gateway has taken the study over. Throws PacsUnreachable. */
export async function postBatches(
  posting: ToPost,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<boolean> {
  const run: Run = {
    answers: [],
    ...{ failure: null, isTakenOver: false, tookAny: false, refused: null },
    sent: wantedProof(tools) === 'digest' ? new Map() : null,
  };
  const { company, alone } = toQueues(posting, run);
  const offering = { posting, tools, signal };
  const aim = (): number => tools.takings.batches.size.bytes;
  const onDry = (): void => void (alone.length === 0 && posting.onDry());
  await Promise.all(
    Array.from({ length: BATCHES_AT_ONCE }, () => offerAll({ queue: company, aim, onDry }, run, offering)),
  );
  await offerAll({ queue: alone, aim: () => 0, onDry: () => undefined }, run, offering);
  const [declined, others] = partition(run.answers, ({ kind }) => kind === 'declined');
  await writeAnswers(posting, { ...run, answers: others }, tools);
  await writeAnswers(posting, { ...run, answers: declined }, tools);
  if (run.tookAny) await tools.noteStores?.(null);
  else if (run.refused !== null) await tools.noteStores?.(run.refused);
  if (run.failure !== null && !(await isInstances(run.failure, tools, signal))) throw run.failure;
  return run.failure === null && !run.isTakenOver;
}

/**
 * Whether the PACS answers although a request failed. If so, the failure was counted for the instances, and is no
 * reason to wait for the PACS.
 */
async function isInstances(
  failure: unknown,
  { pacs }: Pick<ForwardTools, 'pacs'>,
  signal: AbortSignal,
): Promise<boolean> {
  if (!wasHeard(failure)) return false;
  return pacs.probe(signal).then(
    () => true,
    (error: unknown) => {
      if (error instanceof PacsUnreachable) return false;
      throw error;
    },
  );
}

function toQueues({ rows, bodies }: ToPost, { sent }: Run): Readonly<Record<'company' | 'alone', Posted[]>> {
  const toPosted = (row: InstanceRow): Posted => postedOf(row, bodies, sent);
  const isAlone = ({ offers }: InstanceRow): boolean => offers >= OFFERS_IN_COMPANY;
  const company = rows.filter((row) => !isAlone(row)).map(toPosted);
  const alone = rows
    .filter(isAlone)
    .sort((a, b) => a.offers - b.offers)
    .map(toPosted);
  return { company, alone };
}

type Offering = { readonly posting: ToPost; readonly tools: ForwardTools; readonly signal: AbortSignal };

/** `aim`: how many bytes one request should hold. */
type Queue = { readonly queue: Posted[]; readonly aim: () => number; readonly onDry: () => void };

/** Takes batches until none is left, or the PACS is gone. */
async function offerAll(from: Queue, run: Run, offering: Offering): Promise<void> {
  while (from.queue.length > 0 && run.failure === null)
    await offering.posting.inLane(() => offerNext(from, run, offering));
}

/** Sends one request. Never throws: an error that ends the run is kept as the run's `failure`. */
async function offerNext(
  { queue, aim, onDry }: Queue,
  run: Run,
  { posting, tools, signal }: Offering,
): Promise<void> {
  // While it waited for a lane, the last batch may have left, or the PACS may have gone.
  if (queue.length === 0 || run.failure !== null) return;
  let own: Batch = [];
  let refusal: StoreRefusal | null = null;
  try {
    const batch = takeBatch(queue, aim());
    if (queue.length === 0) onDry();
    own = await keepOwn(batch, posting, tools);
    run.isTakenOver ||= own.length < batch.length;
    if (own.length === 0) return;
    const request = tools.takings.begin();
    signal.throwIfAborted();
    const batchTools = { ...tools, onRefused: (refused: StoreRefusal) => (refusal = refused) };
    const all = await forwardBatch(posting.study.study_instance_uid, own, batchTools, signal);
    const { answers, divided } = learnSize(own, all, tools);
    queue.unshift(...divided);
    noteTakings(answers, request, tools);
    noteRefused(answers, refusal, run, tools);
    // Only now, after the await: another worker may have replaced the list meanwhile.
    run.answers.push(...answers);
    tools.metrics.bytes('forward', sumBytes(own));
    if (run.answers.length >= ANSWERS_AT_ONCE) {
      const [declined, others] = partition(run.answers, ({ kind }) => kind === 'declined');
      run.answers = declined;
      await writeAnswers(posting, { ...run, answers: others }, tools);
    }
  } catch (error) {
    if (isTimeOut(error) && own.length > 1) tools.takings.batches.timedOut(sumBytes(own));
    if (wasHeard(error)) {
      const kind = isSignInRefused(error) ? 'barred' : 'later';
      const answers = own.map(({ id }) => ({ id, kind }) as const);
      noteTakings(answers, 0, tools);
      noteRefused(answers, refusal, run, tools);
      run.answers.push(...answers);
    }
    run.failure ??= error;
  }
}

/**
 * `divided`: instances of a request that was refused for its size, to be offered again in smaller requests. They do not
 * count as offered.
 */
function learnSize(
  own: Batch,
  answers: readonly ForwardedInstance[],
  { takings: { batches } }: ForwardTools,
): { readonly answers: readonly ForwardedInstance[]; readonly divided: Batch } {
  const bytes = sumBytes(own);
  const refused = new Set(answers.flatMap(({ id, kind }) => (kind === 'too-large' ? [id] : [])));
  if (refused.size === 0) batches.passed(bytes);
  else batches.refused(bytes);
  if (refused.size < 2 || bytes <= batches.size.bytes) return { answers, divided: [] };
  return {
    answers: answers.filter(({ id }) => !refused.has(id)),
    divided: own.filter(({ id }) => refused.has(id)),
  };
}

const sumBytes = (batch: Batch): number => batch.reduce((sum, { bytes }) => sum + bytes, 0);

export function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}

/** A gateway that was suspended may have lost its job to another gateway, which posts the same instances. */
async function keepOwn(batch: Batch, { claimedAt }: ToPost, { db }: ForwardTools): Promise<Batch> {
  const own = await stillClaimed(
    db,
    batch.map(({ id }) => id),
    claimedAt,
  );
  return batch.filter(({ id }) => own.has(Number(id)));
}

async function writeAnswers(
  { study, rows }: ToPost,
  { answers, sent }: Pick<Run, 'answers' | 'sent'>,
  tools: ForwardTools,
): Promise<void> {
  if (answers.length === 0) return;
  const of = new Map(rows.map((row) => [row.id, row]));
  const damaged = answers.filter(({ kind }) => kind === 'damaged');
  await returnLost(
    study,
    damaged.map(({ id }) => of.get(id)!),
    tools,
  );
  const told = answers.flatMap((answer) =>
    answer.kind === 'damaged' ? [] : [{ answer, row: of.get(answer.id)! }],
  );
  const changes = told.map(({ answer, row }) => ({
    ...toChange(answer, row, tools.takings.tookOthersSince(row.id)),
    sentDigests: sent?.get(row.id) ?? null,
  }));
  await tools.apply(async () => ({
    outcome: 'answered',
    changes: [{ kind: 'change-instances', from: ['posting'], changes }],
  }));
  for (const { id, state } of changes) if (state !== 'received') tools.takings.forget(id);
}

/** What an answer means may depend on whether the PACS takes other instances afterwards. */
function noteTakings(
  answers: readonly ForwardedInstance[],
  request: number,
  { takings }: ForwardTools,
): void {
  for (const { id, kind, wasPassedOver } of answers) {
    if (kind === 'posted') takings.took(request);
    if (kind === 'declined' || kind === 'later' || kind === 'too-large' || kind === 'barred')
      takings.failed(id, wasPassedOver ? request - 1 : undefined);
  }
}

/** If the PACS takes other instances, the refusal is about the instance, and is not kept as the PACS's. */
function noteRefused(
  answers: readonly ForwardedInstance[],
  refusal: StoreRefusal | null,
  run: Run,
  { takings }: ForwardTools,
): void {
  run.tookAny ||= answers.some(({ kind }) => kind === 'posted');
  if (refusal !== null && answers.some(({ id }) => !takings.tookOthersSince(id))) run.refused = refusal;
}

function postedOf(row: InstanceRow, bodies: ToPost['bodies'], sent: Run['sent']): Posted {
  const body = bodies.get(blobOf(row) ?? '');
  return {
    id: row.id,
    seriesInstanceUID: row.series_instance_uid,
    sopInstanceUID: row.sop_instance_uid,
    sopClassUID: row.sop_class_uid,
    transferSyntaxUID: row.transfer_syntax_uid,
    digest: row.digest,
    bytes: row.bytes,
    open: (signal) => body!.stream({ offset: row.body_offset ?? 0, length: row.bytes }, signal),
    sent: sent === null ? undefined : (md5) => sent.set(row.id, handedOver(row, md5)),
  };
}

/** A refusal is not believed yet: reconcile looks once more first. */
function toChange(
  answer: Exclude<ForwardedInstance, { kind: 'damaged' }>,
  row: InstanceRow,
  tookOthers: boolean,
): InstanceChange {
  const { id } = answer;
  switch (answer.kind) {
    case 'posted':
      return { id, state: 'posted', reason: null, pacsCode: answer.pacsCode, offers: NO_OFFERS };
    case 'refused':
      return toRefused(row, answer, answer.pacsCode);
    case 'declined':
      return tookOthers ? toRefused(row, answer, null) : countOffer(row, false);
    case 'too-large':
      return forItsSize(countOffer(row, tookOthers));
    case 'later':
      return countOffer(row, tookOthers);
    case 'barred':
      return tookOthers || row.offers_amid > 0 ? countOffer(row, tookOthers) : setApart(row);
    default:
      return answer satisfies never;
  }
}

const forItsSize = (counted: InstanceChange): InstanceChange =>
  counted.reason === undefined ? counted : { ...counted, reason: 'pacs-refuses-size' };

/**
 * If an earlier offer got no answer, the PACS may have the instance and refuse it for that reason. So the row keeps
 * that there was such an offer.
 */
function toRefused(
  { id, posted_at }: InstanceRow,
  { wasSilent }: ForwardedInstance,
  pacsCode: number | null,
): InstanceChange {
  const offers = posted_at !== null || wasSilent ? { all: 1, amid: 0 } : NO_OFFERS;
  return { id, state: 'posted', reason: 'pacs-refused', pacsCode, offers };
}
