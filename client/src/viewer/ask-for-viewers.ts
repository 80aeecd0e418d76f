/** Asks the gateway where the site's viewers show a study. */
import type { ViewerLink } from '#shared/protocol/viewer.ts';
import { ApiProblem, type ApiClient } from '../net/api-client.ts';
import { refusalSentence } from '../net/refusal-sentence.ts';
import { viewerWords as words } from './viewer-words.ts';

/** Or the sentence why there is none. */
export type Answer = readonly ViewerLink[] | string;

/** Null: the page was left meanwhile. */
export async function askForViewers(
  api: ApiClient,
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<Answer | null> {
  try {
    const { viewerLinksSchema } = await import('#shared/protocol/viewer.ts');
    const path = `/studies/${studyInstanceUID}/viewer-link`;
    const { links } = await api.json(path, viewerLinksSchema, { method: 'POST', signal });
    return links.length === 0 ? words.none : links;
  } catch (error) {
    if (signal.aborted) return null;
    const isMissing = error instanceof ApiProblem && error.code === 'not-found';
    return isMissing ? words.notThere : refusalSentence(error, words.failed);
  }
}
