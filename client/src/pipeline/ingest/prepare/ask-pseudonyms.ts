/** Asks the gateway for its part in pseudonyms: `POST /upload/pseudonyms`. */
import { pseudonymsAnswerSchema } from '#shared/protocol/api.ts';
import { ApiProblem, type ApiClient } from '../../../net/api-client.ts';
import type { PseudonymsAnswer, PseudonymsAsked } from './prepare-policy.ts';

/** Throws only the signal's reason: a study that cannot be prepared now stays where it is. */
export async function askPseudonyms(
  api: ApiClient,
  asked: PseudonymsAsked,
  signal: AbortSignal,
): Promise<PseudonymsAnswer> {
  try {
    const answer = await api.json('/upload/pseudonyms', pseudonymsAnswerSchema, { body: asked, signal });
    return { kind: 'answered', ...answer };
  } catch (error) {
    signal.throwIfAborted();
    const isLimit = error instanceof ApiProblem && error.code === 'too-many-patients';
    return { kind: 'refused', because: isLimit ? 'too-many-patients' : 'not-prepared' };
  }
}
