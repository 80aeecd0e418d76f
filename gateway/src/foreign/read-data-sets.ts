/** The Data Sets that the PACS answers with, to a search or for metadata (PS3.18 Annex F: the DICOM JSON Model). */
import { isObject, type Json } from '../ports/pacs/dicom-json.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { DICOM_JSON } from './accepted.ts';
import { readItems } from './read-items.ts';
import type { Visit } from './web-visit.ts';

/** One after the other, as they come. @throws Problem; PacsUnreachable. */
export async function* readDataSets(
  visit: Visit,
  path: string,
  notThere: 'not-found' | 'pacs-without-dicomweb' = 'not-found',
): AsyncGenerator<Json> {
  const { status, contentType, body } = await visit.get(path, DICOM_JSON, notThere);
  const isJson = /^application\/(dicom\+)?json\s*(;|$)/i.test(contentType);
  if (status === 204 || !isJson) await body.cancel();
  if (status === 204) return;
  if (!isJson) throw new PacsUnreachable('the PACS answered a search without JSON', status);
  for await (const text of readItems(body, visit.enterLarge)) {
    const item = parsed(text);
    if (isObject(item)) yield item;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PacsUnreachable('the PACS answered with no JSON', null);
  }
}
