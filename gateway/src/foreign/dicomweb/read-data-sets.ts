/**
 * Reads the Data Sets in the PACS's answer to a search or a request for metadata (PS3.18 Annex F: the DICOM JSON
 * Model).
 */
import { PacsUnreachable } from '../../ports/pacs/pacs.ts';
import { ThreadEnded } from '../../threads/thread.ts';
import { DICOM_JSON } from './accepted.ts';
import { readItems } from './read-items.ts';
import { readDataSet, type RemoteDataSet } from './remote-data-set.ts';
import type { Visit } from './web-visit.ts';

/** Yields Data Sets one by one as they arrive. @throws Problem; PacsUnreachable. */
export async function* readDataSets(
  visit: Visit,
  path: string,
  notThere: 'not-found' | 'pacs-without-dicomweb' = 'not-found',
): AsyncGenerator<RemoteDataSet> {
  const { status, contentType, body } = await visit.get(path, DICOM_JSON, notThere);
  const isJson = /^application\/(dicom\+)?json\s*(;|$)/i.test(contentType);
  if (status === 204 || !isJson) await body.cancel();
  if (status === 204) return;
  if (!isJson) throw new PacsUnreachable('the PACS answered a search without JSON', status);
  const given = { from: visit.from, signal: visit.signal };
  for await (const bytes of readItems(body, visit.enterLarge)) {
    const dataSet = await readDataSet(bytes, given).catch((error: unknown) => {
      throw error instanceof ThreadEnded
        ? new PacsUnreachable('the PACS answered with too much', status)
        : error;
    });
    if (dataSet === null) throw new PacsUnreachable('the PACS answered with no JSON', status);
    yield dataSet;
  }
}
