/** Data Sets as the body of an answer: an array of the DICOM JSON Model, or parts of XML (PS3.18 §8.7.3). */
import { randomBytes } from 'node:crypto';
import type { Json } from '../ports/pacs/dicom-json.ts';
import { DICOM_JSON, DICOM_XML, type DataSetForm } from './accepted.ts';
import { loadToXml } from './native-model.ts';
import { writeParts } from './web-parts.ts';
import type { Served } from './web-visit.ts';

/** As they come: none is held longer than it takes to write it. */
export function writeDataSets(form: DataSetForm, dataSets: AsyncIterable<Json>): Served {
  if (form === 'json') return { type: DICOM_JSON, pieces: asArray(dataSets) };
  const boundary = randomBytes(16).toString('hex');
  const type = `multipart/related; type="${DICOM_XML}"; boundary=${boundary}`;
  return { type, pieces: asParts(dataSets, boundary) };
}

async function* asArray(dataSets: AsyncIterable<Json>): AsyncGenerator<Uint8Array> {
  let before = '[';
  for await (const dataSet of dataSets) {
    yield Buffer.from(before + JSON.stringify(dataSet));
    before = ',';
  }
  yield Buffer.from(before === '[' ? '[]' : ']');
}

/** Nothing at all where there is none: a body of no parts is malformed (RFC 2046 §5.1.1). */
async function* asParts(dataSets: AsyncIterable<Json>, boundary: string): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  const toXml = await loadToXml();
  const parts = async function* () {
    for await (const dataSet of dataSets) {
      isEmpty = false;
      yield (async function* () {
        yield { type: DICOM_XML };
        yield Buffer.from(toXml(dataSet));
      })();
    }
  };
  for await (const piece of writeParts(parts(), boundary)) if (!isEmpty) yield piece;
}
