/**
 * A Data Set from the PACS on its way to a caller: the facts that decide how it is treated, and how it is written with
 * the gateway's own addresses. Large Data Sets are parsed and written in a thread, because those of whole slides have
 * some megabytes.
 */
import { burnedInTextBy } from '#shared/deid/undeclared-text.ts';
import { isObject, jsonIn, type Json } from '../../ports/pacs/dicom-json.ts';
import { isSmall, parseApart, parserIn, type ToParse } from '../../threads/parse-apart.ts';
import type { DataSetForm } from './accepted.ts';
import { withoutImpossibleSpacing } from './impossible-spacing.ts';
import { loadToXml, type ToXml } from './native-model.ts';
import { namesPatient, relatedInstances, uidsIn, withOwnAddresses, type Uids } from './own-addresses.ts';

export type Facts = {
  readonly uids: Uids;
  readonly namesPatient: boolean;
  /** Number of Study Related Instances; null if not stated. */
  readonly relatedInstances: number | null;
  readonly mayHoldName: boolean;
};

/** `of`: its UIDs, including those that the request named. */
type Writing = {
  readonly form: DataSetForm;
  readonly of: Uids;
  readonly address: string;
  readonly isViewer: boolean;
};

export type RemoteDataSet = {
  readonly facts: Facts;
  write(writing: Writing): Promise<Uint8Array>;
};

/** Null: the text is not a Data Set. */
export async function readDataSet(
  bytes: Uint8Array,
  given: Pick<ToParse, 'from' | 'signal'>,
): Promise<RemoteDataSet | null> {
  if (isSmall(bytes)) {
    const dataSet = jsonIn(bytes);
    return isObject(dataSet) ? { facts: factsOf(dataSet), write: (as) => written(dataSet, as) } : null;
  }
  // The bytes are copied, because the thread takes ownership of them, and slice() of a Buffer copies nothing.
  const apart = () => ({ ...given, bytes: new Uint8Array(bytes) });
  const facts = await parseApart(FACTS, apart());
  return facts && { facts, write: (as) => parseApart(WRITTEN, apart(), as) };
}

const SOP_CLASS_UID = 0x00080016;
/** Rows, and the three kinds of Pixel Data, which a PACS may leave out of metadata. */
const OF_PICTURES = ['00280010', '7FE00008', '7FE00009', '7FE00010'];

/** Whether a picture may hold a name. This is assumed for an instance without a SOP Class. */
function mayHoldName(dataSet: Json): boolean {
  const textOf = (tag: number): string => {
    const attribute = dataSet[tag.toString(16).toUpperCase().padStart(8, '0')];
    const values = isObject(attribute) ? attribute['Value'] : undefined;
    return Array.isArray(values) ? values.map(String).join('\\') : '';
  };
  const sopClassUID = textOf(SOP_CLASS_UID);
  const hasPixels = OF_PICTURES.some((tag) => tag in dataSet);
  return sopClassUID === '' || burnedInTextBy({ sopClassUID, textOf, hasPixels }) !== 'no';
}

const factsOf = (dataSet: Json): Facts => ({
  uids: uidsIn(dataSet),
  namesPatient: namesPatient(dataSet),
  relatedInstances: relatedInstances(dataSet),
  mayHoldName: mayHoldName(dataSet),
});

let toXml: Promise<ToXml> | null = null;
/** Loads the XML writer, whose table of keywords is created only once. */
function xmlWriter(): Promise<ToXml> {
  toXml ??= loadToXml();
  return toXml;
}

async function written(dataSet: Json, { form, of, address, isViewer }: Writing): Promise<Uint8Array> {
  const own = withOwnAddresses(dataSet, of, address);
  const shown = isViewer ? withoutImpossibleSpacing(own) : own;
  return Buffer.from(form === 'xml' ? (await xmlWriter())(shown) : JSON.stringify(shown));
}

/** Null: the text is not a Data Set. */
export function parseFacts(bytes: Uint8Array): Facts | null {
  const dataSet = jsonIn(bytes);
  return isObject(dataSet) ? factsOf(dataSet) : null;
}
const FACTS = parserIn(import.meta.url, parseFacts);

export const parseWritten = (bytes: Uint8Array, as: Writing): Promise<Uint8Array> =>
  written(jsonIn(bytes) as Json, as);
const WRITTEN = parserIn(import.meta.url, parseWritten);
