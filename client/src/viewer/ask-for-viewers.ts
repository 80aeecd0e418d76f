/** Asks the gateway whether the site's viewers show a study, and where. */
import type { ViewerLink } from '#shared/protocol/viewer.ts';
import { ApiProblem, type ApiClient } from '../net/api-client.ts';
import { refusalSentence } from '../net/refusal-sentence.ts';
import { viewerWords as words } from './viewer-words.ts';

/** The links, or a sentence that says why there are none. */
export type Answer = readonly ViewerLink[] | string;

/** Null: the page was left in the meantime. */
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

/**
 * Whether there is a viewer to offer. True also where the gateway did not answer, as it may when the button is pressed.
 * Null: the account may see nothing of the study.
 */
export async function hasViewers(
  api: Pick<ApiClient, 'json'>,
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<boolean | null> {
  try {
    const { studyViewersSchema } = await import('#shared/protocol/viewer.ts');
    return (
      (await api.json(`/studies/${studyInstanceUID}/viewers`, studyViewersSchema, { signal })).titles.length >
      0
    );
  } catch (error) {
    return error instanceof ApiProblem && error.code === 'not-found' ? null : true;
  }
}
