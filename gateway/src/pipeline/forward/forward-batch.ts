/**
 * Forward: posts one batch of instances, already marked `posting`, and returns the outcome of each. A bad answer is
 * never believed at once. An instance that was refused or not named is looked for, then offered once more alone, then
 * in the other way (Orthanc's REST API). If the spool lost an instance's bytes, the request that carries it is cut off,
 * and the others are still offered.
 *
 * Throws PacsUnreachable. Then the instances stay `posting`, and are looked for before anything is posted again.
 */
import { BlobDamaged } from '../../ports/blobs/blobs.ts';
import {
  DigestMismatch,
  InstanceUnreadable,
  type InstanceToStore,
  PacsUnreachable,
  type Pacs,
  type StoreAnswer,
  type StoreRefusal,
} from '../../ports/pacs/pacs.ts';

export type Posted = InstanceToStore & { readonly id: number };

/**
 * `wasSilent`: this run had offered it before, and the PACS did not answer. `wasPassedOver`: in this run the PACS took
 * an instance that came after it in the same request.
 */
export type ForwardedInstance = Settled & {
  readonly wasSilent?: boolean;
  readonly wasPassedOver?: boolean;
};

type Settled =
  /** The PACS says that it has the instance, or it was found there. */
  | { readonly id: number; readonly kind: 'posted'; readonly pacsCode: number | null }
  /** The PACS named the instance as refused. */
  | { readonly id: number; readonly kind: 'refused'; readonly pacsCode: number | null }
  /** The PACS refused a request that held only this instance, without naming it. */
  | { readonly id: number; readonly kind: 'declined' }
  /** The request was refused for its size. It held only this instance, or is to be divided. */
  | { readonly id: number; readonly kind: 'too-large' }
  /** Not taken now, for whatever reason; it is offered again later. */
  | { readonly id: number; readonly kind: 'later' }
  /** The request was refused like a failed sign-in. That is about the instance only if the PACS takes others. */
  | { readonly id: number; readonly kind: 'barred' }
  /** The spool no longer has its bytes. The PACS was not given them, and the device has to send them again. */
  | { readonly id: number; readonly kind: 'damaged' };

type BatchTools = {
  readonly pacs: Pacs;
  /** Called for each store request that was refused without naming an instance, or for lack of resources. */
  readonly onRefused?: (refusal: StoreRefusal) => void;
};

export async function forwardBatch(
  studyInstanceUID: string,
  batch: readonly Posted[],
  tools: BatchTools,
  signal: AbortSignal,
): Promise<readonly ForwardedInstance[]> {
  const { pacs } = tools;
  const answers = await offer(studyInstanceUID, batch, tools, signal);
  const doubtful = answers.filter(({ outcome }) => DOUBTFUL.includes(outcome));
  const there = new Set<string>();
  if (doubtful.length > 0) {
    // A refused instance may have been stored a moment ago, and a request that failed may have been carried out.
    for (const found of await pacs.findInstances(
      doubtful.map(({ sopInstanceUID }) => sopInstanceUID),
      signal,
      studyInstanceUID,
    ))
      there.add(found.sopInstanceUID);
  }
  const outcomes: ForwardedInstance[] = [];
  const isThere = ({ sopInstanceUID, outcome }: Answer): boolean =>
    there.has(sopInstanceUID) || outcome === 'stored' || outcome === 'coerced';
  const lastThere = answers.findLastIndex(isThere);
  for (const [i, answer] of answers.entries()) {
    const instance = batch[i]!;
    if (there.has(answer.sopInstanceUID)) outcomes.push({ id: instance.id, kind: 'posted', pacsCode: null });
    else if (batch.length > 1 && isUnsaid(answer)) {
      const [alone] = await forwardBatch(studyInstanceUID, [instance], tools, signal);
      outcomes.push({
        ...alone!,
        wasSilent: answer.outcome === 'unanswered',
        wasPassedOver: answer.outcome === 'omitted' && i < lastThere,
      });
    } else outcomes.push(await settle(instance, answer, pacs, signal));
  }
  return outcomes;
}

const isUnsaid = ({ outcome }: Answer): boolean => outcome === 'omitted' || outcome === 'unanswered';

/** `damaged`: the PACS was not given the whole instance, because the spool does not have it. */
type Answer = Omit<StoreAnswer, 'outcome'> & { readonly outcome: StoreAnswer['outcome'] | 'damaged' };
/**
 * Outcomes after which the instance is looked for. `damaged` is not among them: whatever the PACS has there did not
 * come from this offer.
 */
const DOUBTFUL: readonly Answer['outcome'][] = ['refused', 'declined', 'omitted', 'too-large', 'unanswered'];

/** A damaged instance ends the request; the PACS may have stored some of the others. */
async function offer(
  studyInstanceUID: string,
  batch: readonly Posted[],
  { pacs, onRefused }: BatchTools,
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  try {
    const answers = await pacs.storeInstances(studyInstanceUID, batch, signal);
    for (const { status, outcome, pacsCode } of answers)
      if (status !== undefined) onRefused?.({ status, code: null });
      else if (outcome === 'busy') onRefused?.({ status: null, code: pacsCode });
    return answers;
  } catch (error) {
    const status = error instanceof PacsUnreachable ? error.status : null;
    if (status !== null && status >= 400) onRefused?.({ status, code: null });
    if (!isDamaged(error)) throw error;
    return batch.map(({ sopInstanceUID }) => ({
      sopInstanceUID,
      outcome: sopInstanceUID === error.sopInstanceUID ? 'damaged' : 'unanswered',
      pacsCode: null,
    }));
  }
}

/** Other read errors (too many open files, say) are the gateway's own and temporary. */
function isDamaged(error: unknown): error is InstanceUnreadable {
  return (
    error instanceof InstanceUnreadable &&
    (error.cause instanceof BlobDamaged || error.cause instanceof DigestMismatch)
  );
}

/**
 * Offers the instance in the PACS's second way, if it has one. A failure there that says nothing about the instance
 * leaves the first answer as it is.
 */
async function otherWay(
  { id, ...instance }: Posted,
  answer: Answer,
  pacs: Pacs,
  signal: AbortSignal,
): Promise<ForwardedInstance> {
  const { outcome } =
    pacs.storeAnotherWay === null
      ? answer
      : await pacs.storeAnotherWay(instance, signal).catch((error: unknown) => {
          if (isDamaged(error)) return { outcome: 'damaged' as const };
          throw error;
        });
  if (outcome === 'damaged') return { id, kind: 'damaged' };
  if (outcome === 'stored' || outcome === 'coerced') return { id, kind: 'posted', pacsCode: null };
  if (outcome === 'refused' || answer.outcome === 'refused') {
    const wasSilent = answer.outcome === 'unanswered';
    return { id, kind: 'refused', pacsCode: answer.pacsCode, wasSilent };
  }
  // The second way does not confirm the refusal: the disk may be full, for example.
  const isDeclined = pacs.storeAnotherWay === null || outcome === 'declined';
  return answer.outcome === 'declined' && isDeclined ? { id, kind: 'declined' } : { id, kind: 'later' };
}

async function settle(
  instance: Posted,
  answer: Answer,
  pacs: Pacs,
  signal: AbortSignal,
): Promise<ForwardedInstance> {
  const { id } = instance;
  const { outcome, pacsCode } = answer;
  switch (outcome) {
    case 'stored':
    case 'coerced':
      return { id, kind: 'posted', pacsCode };
    case 'busy':
      return { id, kind: 'later' };
    case 'damaged':
    case 'too-large':
      return { id, kind: outcome };
    case 'omitted':
    case 'unanswered':
    case 'refused':
    case 'declined':
      return otherWay(instance, answer, pacs, signal);
    default:
      return outcome satisfies never;
  }
}
