/** Writes Data Sets as the body of an answer: an array of the DICOM JSON Model, or parts of XML (PS3.18 §8.7.3). */
import { relatedParts, type PartPiece } from '../../threads/write-parts.ts';
import { DICOM_JSON, DICOM_XML, type DataSetForm } from './accepted.ts';
import type { Uids } from './own-addresses.ts';
import type { RemoteDataSet } from './remote-data-set.ts';
import type { Served, Visit } from './web-visit.ts';

/** `of`: its UIDs, including those that the request named. */
export type ToWrite = { readonly dataSet: RemoteDataSet; readonly of: Uids };

/** Writes Data Sets as they arrive; none is held longer than it takes to write it. */
export function writeDataSets(
  { address, isViewer }: Visit,
  form: DataSetForm,
  dataSets: AsyncIterable<ToWrite>,
): Served {
  const texts = async function* () {
    for await (const { dataSet, of } of dataSets) yield dataSet.write({ form, of, address, isViewer });
  };
  if (form === 'json') return { type: DICOM_JSON, pieces: asArray(texts()) };
  const { contentType, write } = relatedParts(DICOM_XML);
  return { type: contentType, pieces: unlessEmpty(texts(), write) };
}

async function* asArray(dataSets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let before = '[';
  for await (const dataSet of dataSets) {
    yield Buffer.concat([Buffer.from(before), dataSet]);
    before = ',';
  }
  yield Buffer.from(before === '[' ? '[]' : ']');
}

/**
 * Yields nothing at all if there is no Data Set, because a multipart body without parts is malformed (RFC 2046
 * §5.1.1).
 */
async function* unlessEmpty(
  dataSets: AsyncIterable<Uint8Array>,
  write: (pieces: AsyncIterable<PartPiece>) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  const parts = async function* () {
    for await (const dataSet of dataSets) {
      isEmpty = false;
      yield { type: DICOM_XML };
      yield dataSet;
    }
  };
  for await (const piece of write(parts())) if (!isEmpty) yield piece;
}
