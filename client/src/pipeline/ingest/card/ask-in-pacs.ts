/** Asks the gateway what the PACS still has of a study: `POST /upload/in-pacs`. */
import { IN_PACS_AT_ONCE, inPacsAnswerSchema } from '#shared/protocol/in-pacs.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ApiClient } from '../../../net/api-client.ts';

/**
 * Returns those of these SOP Instance UIDs, as sent, that the PACS is not known to have lost; null: the gateway or
 * the PACS does not answer. Throws the signal's reason, and stops asking.
 */
export async function askInPacs(
  api: Pick<ApiClient, 'json'>,
  studyInstanceUID: string,
  sopInstanceUIDs: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string> | null> {
  signal.throwIfAborted();
  const there = new Set(sopInstanceUIDs);
  for (let at = 0; at < sopInstanceUIDs.length; at += IN_PACS_AT_ONCE) {
    const body = { studyInstanceUID, sopInstanceUIDs: sopInstanceUIDs.slice(at, at + IN_PACS_AT_ONCE) };
    const asked = api.json('/upload/in-pacs', inPacsAnswerSchema, { body, signal });
    const answer = await ignoreFailure(asked, 'what was confirmed before counts');
    signal.throwIfAborted();
    if (answer === undefined) return null;
    for (const uid of answer.gone) there.delete(uid);
  }
  return there;
}
