/**
 * Reads a finished set as its recipient will, and searches it: nothing that the policy removes may be left (the same
 * check as for every upload), and no text of a header may identify the patient. Pixels are not read; the policy keeps
 * images that may show a name out of the set.
 */
import {
  createRequests,
  createTagCheck,
  isIdentifierPseudonym,
  type Pseudonyms,
} from '#shared/deid/pseudonyms.ts';
import { checkResidue } from '#shared/deid/residue.ts';
import { contextOf } from '#shared/dicom/content-tree.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { DicomElement, ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { textsOf, type ValueContext } from '#shared/dicom/values.ts';
import { createArchiveReader, listArchive } from '#shared/ingest/archive.ts';
import { toDevicePolicy } from '../../foreign/files/device-policy.ts';
import type { OpeningPolicy } from '../../foreign/files/open-talk.ts';
import { HARMLESS_WORDS } from '../anonymous/clean-typed-text.ts';
import { createIdentityTexts, type Identity } from '../anonymous/identity-texts.ts';
import { LABEL_WORDS } from '../anonymous/quasi-identifiers.ts';
import { createTextSearch } from '../anonymous/search-file.ts';
import { patientOf } from './make-set.ts';

type Set = {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  identities(patient: number): Promise<readonly Identity[]>;
};
type Terms = { readonly opening: OpeningPolicy; readonly retainsUids: boolean };

/**
 * The number of the patient in whose folder something was found; 0: outside all folders; null: nothing was found.
 * Throws TypeError.
 */
export async function searchSet(
  { opening, retainsUids }: Terms,
  set: Set,
  signal: AbortSignal,
): Promise<number | null> {
  const policy = await toDevicePolicy(opening, async () => {});
  if (policy.kind !== 'deidentified' || opening.kind !== 'deidentified')
    throw new TypeError('a set under a policy that keeps names');
  const archives = createArchiveReader();
  // This only recognises pseudonyms and makes none.
  const tags = await createTagCheck(opening.tagKey);
  const identitiesOf = async (patient: number): Promise<readonly Identity[]> => {
    const identities = await set.identities(patient);
    return Promise.all(identities.map((identity) => withoutPseudonyms(identity, tags)));
  };
  const finders = createFinders(identitiesOf, retainsUids);
  for (const entry of await listArchive(set, signal)) {
    signal.throwIfAborted();
    if (entry.kind === 'refused') throw new TypeError('a set that cannot be read');
    const patient = patientOf(entry.path);
    // The table of the cases has already been released like any other table.
    if (patient === null) continue;
    const bytes = await archives.readEntry('the only one', set, entry.index, signal);
    const read = await readInstance(bytesSource(bytes), signal);
    if (read.kind !== 'ready') throw new TypeError('an instance that cannot be read');
    const residue = await checkResidue(read.instance, policy.rules, policy.pseudonyms, signal);
    const tells = await finders(patient);
    if (residue.length > 0 || tells(read.instance)) return patient;
  }
  return null;
}

const NOBODY = '';

/**
 * If a study arrived under this policy, the PACS holds its pseudonyms, which the set keeps because they name nobody.
 * Pseudonyms of another policy are replaced, so the set is searched for them.
 */
async function withoutPseudonyms(
  { names, numbers, birthDates, uids }: Identity,
  pseudonyms: Pseudonyms,
): Promise<Identity> {
  const requests = createRequests(NOBODY);
  for (const text of [...names, ...numbers].filter(isIdentifierPseudonym)) requests.identifiers.add(text);
  for (const uid of uids) requests.uids.add(uid);
  const made = await pseudonyms.resolve(requests);
  const isOurs = (text: string): boolean => isIdentifierPseudonym(text) && made.identifier(text) === text;
  return {
    names: names.filter((name) => !isOurs(name)),
    numbers: numbers.filter((number) => !isOurs(number)),
    birthDates,
    uids: uids.filter((uid) => made.uid(uid) !== uid),
  };
}

type Finder = (instance: ParsedInstance) => boolean;

/** Caches the finder of the current patient, because the instances of a patient follow one another. */
function createFinders(
  identities: Set['identities'],
  retainsUids: boolean,
): (patient: number) => Promise<Finder> {
  let last: { readonly patient: number; readonly finder: Finder } | null = null;
  return async (patient) => {
    if (last?.patient !== patient) {
      const texts = createIdentityTexts([...LABEL_WORDS, ...HARMLESS_WORDS]);
      for (const identity of await identities(patient))
        texts.add(retainsUids ? { ...identity, uids: [] } : identity);
      last = { patient, finder: (instance) => isFound(instance, texts) };
    }
    return last.finder;
  };
}

function isFound(instance: ParsedInstance, texts: ReturnType<typeof createIdentityTexts>): boolean {
  const search = createTextSearch(texts, { row: 0, field: 0, pass() {} });
  for (const text of textsIn(instance.elements, instance)) search.pass(`${text}\n`);
  return search.end() !== null;
}

/** Figures, times and bytes contain no names, and compressed pictures are not text. */
const NOT_TEXT: ReadonlySet<string> = new Set(['DS', 'IS', 'TM', 'OB', 'OW', 'OD', 'OF', 'OL', 'OV', 'AT']);
const BINARY: ReadonlySet<string> = new Set(['US', 'SS', 'UL', 'SL', 'FL', 'FD', 'UV', 'SV', 'SQ']);
/** Manufacturer, Manufacturer’s Model Name: a patient may have the same name as the maker of a device. */
const OF_DEVICES: ReadonlySet<number> = new Set([0x00080070, 0x00081090]);

function* textsIn(elements: readonly DicomElement[], context: ValueContext): Generator<string> {
  for (const element of elements) {
    for (const item of element.items ?? []) yield* textsIn(item.elements, contextOf(item, context));
    const isText = !NOT_TEXT.has(element.vr) && !BINARY.has(element.vr) && !OF_DEVICES.has(element.tag);
    if (isText) yield* textsOf(element, context);
  }
}
