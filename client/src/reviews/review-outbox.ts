/**
 * The way of answers, marks and signatures to the gateway. Each is kept on the device, encrypted, before its first byte
 * leaves, and forgotten once the gateway has it. Each has an id of its own, so that sending it twice does it once.
 * One that the gateway refuses stays until its author decides.
 */
import { z } from 'zod';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import {
  putAnnotationsSchema,
  reviewAnnotationsSchema,
  type ReviewAnnotations,
} from '#shared/protocol/annotations.ts';
import { answersSchema } from '#shared/protocol/review-forms.ts';
import { DECISIONS, decideSchema, reviewSchema, signSchema, type Review } from '#shared/protocol/reviews.ts';
import type { UnsentReviews } from '../results/outboxes.ts';
import { ApiProblem, problemOf, type ApiClient } from '../net/api-client.ts';
import { forgetUnsent, keepUnsent, keptUnsent } from '../pipeline/queue/rows/unsent.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';

/**
 * `at`: when it was given, by the device's clock: steps are sent in this order. `isRefused`: the gateway did not take
 * it when it was sent last.
 */
const stepShape = { reviewId: z.uuid(), at: z.number(), isRefused: z.boolean().optional() };
const saidOnceSchema = z.object({ decision: z.enum(DECISIONS), answers: answersSchema, reason: z.string() });
const givenSchema = z.discriminatedUnion('step', [
  z.object({ step: z.literal('decide'), ...stepShape, request: decideSchema }),
  // `said`: what was signed, for the reader whose signature is refused.
  z.object({ step: z.literal('sign'), ...stepShape, request: signSchema, said: saidOnceSchema.nullable() }),
  z.object({ step: z.literal('annotate'), ...stepShape, request: putAnnotationsSchema }),
]);
export type Given = z.infer<typeof givenSchema>;

export type Answer = { readonly review: Review } | { readonly annotations: ReviewAnnotations };
/** `waits`: for the link; otherwise the error by which the gateway refused it. */
export type Outcome =
  | { readonly kind: 'sent'; readonly answer: Answer }
  | { readonly kind: 'waits' }
  | { readonly kind: 'refused'; readonly error: ApiProblem };

export interface OutboxTools {
  readonly api: Pick<ApiClient, 'send' | 'json'>;
  readonly database: LocalDatabase;
  /** The user's id: nobody else's right sends a step of theirs. */
  readonly account: string;
  /** Told after each try. */
  readonly waits: (reviews: UnsentReviews) => void;
}

/** Where the device keeps nothing (a private window), sending is all that can be done. */
export const keepGiven = async ({ database, account }: OutboxTools, given: Given): Promise<void> =>
  void (await ignoreFailure(
    keepUnsent(database, { kind: 'step', account, id: given.request.id }, given),
    'it is sent all the same',
  ));

export async function sendStep(tools: OutboxTools, given: Given): Promise<Outcome> {
  const outcome = await tryStep(tools, given);
  await tellWaiting(tools);
  return outcome;
}

async function tellWaiting(tools: OutboxTools): Promise<void> {
  const steps = await unsentSteps(tools);
  const refused = new Set(steps.filter(({ isRefused }) => isRefused).map(({ reviewId }) => reviewId));
  const others = steps.map(({ reviewId }) => reviewId).filter((id) => !refused.has(id));
  tools.waits({ waiting: [...new Set(others)], refused: [...refused] });
}

async function tryStep(tools: OutboxTools, given: Given): Promise<Outcome> {
  try {
    const answer = await sendOnce(tools, given);
    await forgetStep(tools, given.request.id);
    return { kind: 'sent', answer };
  } catch (error) {
    const isRefused = error instanceof ApiProblem && error.status < 500 && ![401, 429].includes(error.status);
    if (!isRefused) return { kind: 'waits' };
    await keepGiven(tools, { ...given, isRefused });
    return { kind: 'refused', error };
  }
}

const ROUTES = {
  decide: { method: 'POST', path: 'decision' },
  sign: { method: 'POST', path: 'sign' },
  annotate: { method: 'PUT', path: 'annotations' },
} as const satisfies Record<Given['step'], object>;

async function sendOnce({ api, account }: OutboxTools, { step, reviewId, request }: Given): Promise<Answer> {
  const { method, path } = ROUTES[step];
  const response = await api.send(`/reviews/${reviewId}/${path}`, {
    method,
    // Another person may have signed in, in another tab.
    as: account,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw await problemOf(response);
  const answer: unknown = await response.json();
  return step === 'annotate'
    ? { annotations: reviewAnnotationsSchema.parse(answer) }
    : { review: reviewSchema.parse(answer) };
}

export async function discardStep(tools: OutboxTools, stepId: string): Promise<void> {
  await forgetStep(tools, stepId);
  await tellWaiting(tools);
}

const forgetStep = async ({ database, account }: OutboxTools, stepId: string): Promise<void> =>
  void (await ignoreFailure(
    forgetUnsent(database, { kind: 'step', account, id: stepId }),
    'without a database nothing is kept',
  ));

/** Steps that the gateway does not have, the oldest first; of one review, or of all. */
export async function unsentSteps({ database, account }: OutboxTools, reviewId?: string): Promise<Given[]> {
  const rows =
    (await ignoreFailure(keptUnsent(database, { kind: 'step', account }), 'nothing is kept')) ?? [];
  return rows
    .flatMap((row) => givenSchema.safeParse(row).data ?? [])
    .filter((given) => reviewId === undefined || given.reviewId === reviewId)
    .toSorted((a, b) => a.at - b.at);
}

/** Sends all that wait, in their order; of a review nothing after a step that was not taken. */
export async function sendUnsent(tools: OutboxTools): Promise<void> {
  const stopped = new Set<string>();
  for (const given of await unsentSteps(tools)) {
    if (stopped.has(given.reviewId)) continue;
    const { kind } = await sendStep(tools, given);
    if (kind === 'waits') return;
    if (kind === 'refused') stopped.add(given.reviewId);
  }
}
