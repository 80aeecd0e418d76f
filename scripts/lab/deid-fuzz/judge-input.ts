/**
 * Takes one input through the reader and the de-identifier and judges the result. Promise: every outcome has a
 * type; no planted identity is in any byte of the result, in its report or in a message; the result can be
 * read, has no residue, and does not change when it is de-identified again.
 *
 * Values that the standard's own table keeps are counted, not faults: words of an attribute without a row (a
 * mutation moved the identity there), bulk data and numbers (a mutation made them swallow their neighbours),
 * attributes retained by an option, and cleaned prose in which the header as read names nobody.
 */
import { deidentifyInstance } from '#shared/deid/deidentify-instance.ts';
import type { DeidRules } from '#shared/deid/deidentify-instance.ts';
import { CODE_ATTRIBUTES, TERMS } from '#shared/deid/attribute-lists.ts';
import { decidingRows, OPTIONS } from '#shared/deid/profile.ts';
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import { createReport } from '#shared/deid/report.ts';
import { checkResidue } from '#shared/deid/residue.ts';
import { PROSE } from '#shared/deid/rules.ts';
import { fold } from '#shared/deid/text/fold.ts';
import { knownIn } from '#shared/deid/text/hold-known-values.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { DicomElement, ParsedInstance } from '#shared/dicom/data-set.ts';
import { dictionaryEntry, dictionaryVR, isPrivate, tagName } from '#shared/dicom/dictionary.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { REASONS } from '#shared/protocol/reasons.ts';
import { bytesOf } from '#testing/deidentified-file.ts';
import type { Place } from '#testing/find-identities.ts';
import { BIRTH_DATE, findPlants } from '#testing/planted-identities.ts';

/** The outcome of an input: `ready`, or a word and its reason; and the values kept by the table. */
export type Verdict = {
  readonly outcome: string;
  readonly kept: readonly Kept[];
  readonly fault: string | null;
};
type Kept =
  | 'kept: words of an attribute without a row'
  | 'kept: bulk data or numbers'
  | 'kept: retained by an option'
  | 'kept: prose of whom the header does not name';

const rows = decidingRows();
const WORDS = new Set(['AE', 'AS', 'CS', 'LO', 'SH', 'UC']);
const RETAINED_WORDS = new Set([...WORDS, 'LT', 'ST', 'UT']);
const BINARY = new Set([
  'AT',
  'FD',
  'FL',
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'SL',
  'SS',
  'SV',
  'UL',
  'US',
  'UV',
]);

/** Never throws: an exception is a fault. */
export async function judgeInput(
  input: Uint8Array,
  rules: DeidRules,
  pseudonyms: Pseudonyms,
): Promise<Verdict> {
  try {
    return await judge(input, rules, pseudonyms);
  } catch (error) {
    const { name, message, stack } =
      error instanceof Error ? error : { name: 'thrown', message: String(error), stack: '' };
    const where = /\/((?:shared|scripts)\/[^)\s]+)/.exec(stack ?? '')?.[1] ?? '';
    const told = findPlants(Buffer.from(`${message}${stack}`)).length > 0 ? ', and tells an identity' : '';
    return { outcome: 'crash', kept: [], fault: `${name} at ${where}: ${told === '' ? message : ''}${told}` };
  }
}

async function judge(input: Uint8Array, rules: DeidRules, pseudonyms: Pseudonyms): Promise<Verdict> {
  const read = await readInstance(bytesSource(input), undefined, 'replaced');
  if (read.kind === 'refused') return refusal('refused', read.because, read);
  // A person may release what is odd, and most mutants are.
  const outcome = await deidentifyInstance(read.instance, rules, pseudonyms, { looked: ['form'] });
  if (outcome.kind !== 'ready') return refusal(outcome.kind, outcome.because, outcome);
  const bytes = await bytesOf(outcome.segments, read.instance.dataSet);
  const said = Buffer.from(
    JSON.stringify([
      outcome.identifiers,
      outcome.transferSyntaxUID,
      createReport(rules.options, outcome.report),
      read.instance.warnings,
    ]),
  );
  if (findPlants(said).length > 0) return faulty('an identity in the report');
  const result = await readInstance(bytesSource(bytes), undefined, 'checked');
  if (result.kind === 'refused')
    return faulty(`the result cannot be read: ${result.because} ${result.where?.tag ?? ''}`);
  const kept = await remaining(bytes, result.instance, rules, knownWords(read.instance, rules));
  if (typeof kept === 'string') return faulty(kept);
  const residue = await checkResidue(result.instance, rules, pseudonyms);
  if (residue.length > 0) return faulty(`residue: ${residue.map(({ tag }) => tag).join(' ')}`);
  const again = await deidentifyInstance(result.instance, rules, pseudonyms);
  if (again.kind !== 'ready') return faulty(`the result is ${again.kind}: ${again.because}`);
  if (Buffer.compare(await bytesOf(again.segments, result.instance.dataSet), bytes) !== 0)
    return faulty('de-identified again it changes');
  return { outcome: 'ready', kept, fault: null };
}

function faulty(fault: string): Verdict {
  return { outcome: 'fault', kept: [], fault };
}

/** Searches the refusal and the sentences that a person is shown. */
function refusal(outcome: string, because: keyof typeof REASONS, said: unknown): Verdict {
  const sentences = JSON.stringify([said, REASONS[because]]);
  if (REASONS[because] === undefined) return faulty(`a reason without a sentence: ${because}`);
  if (findPlants(Buffer.from(sentences)).length > 0)
    return faulty(`an identity in what is said of it: ${because}`);
  return { outcome: `${outcome}: ${because}`, kept: [], fault: null };
}

/** The values kept by the table; a sentence if another identity is left. */
async function remaining(
  bytes: Uint8Array,
  { encoding, dataSet, elements }: ParsedInstance,
  rules: DeidRules,
  known: ReadonlySet<string>,
): Promise<readonly Kept[] | string> {
  const outside = encoding.deflated ? findPlants(bytes) : [];
  if (outside.length > 0) return `an identity in the deflated bytes, ${outside[0]!.form}`;
  const searched = encoding.deflated ? await dataSet.read(0, dataSet.size) : bytes;
  const hits = findPlants(searched);
  const kept = new Set<Kept>();
  for (const hit of hits) {
    const path = pathTo(elements, hit);
    if (hit.identity === BIRTH_DATE && path.at(-1)?.vr === 'UI') continue;
    const why =
      isCleanedProse(path, rules) && !isNamed(searched.subarray(hit.at, hit.at + hit.length), hit.form, known)
        ? 'kept: prose of whom the header does not name'
        : whyKept(path, rules);
    if (why === null)
      return `an identity ${hit.form} in ${path.map(({ tag, vr }) => `${tagName(tag)} ${vr}`).join(' > ') || 'no element'}`;
    kept.add(why);
  }
  return [...kept];
}

/**
 * The elements that hold these bytes, from the outermost to the innermost. A byte at either end may belong to a
 * neighbour, as half of a UTF-16 letter.
 */
function pathTo(elements: readonly DicomElement[], hit: Place): DicomElement[] {
  const holder = elements.find(
    ({ valueOffset, endOffset }) => valueOffset <= hit.at + 1 && hit.at + hit.length - 1 <= endOffset,
  );
  if (holder === undefined) return [];
  return [holder, ...(holder.items ?? []).flatMap((item) => pathTo(item.elements, hit))];
}

/** Forms in which people write a name, and how it is read. */
const WRITTEN: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  latin1: 'latin1',
  capitals: 'utf-8',
  'small letters': 'utf-8',
};

/** The words that the header, as read, gives to the cleaner. */
function knownWords(instance: ParsedInstance, rules: DeidRules): ReadonlySet<string> {
  return (rules.cleansText ? knownIn(instance, rules, false)?.values.words : undefined) ?? new Set();
}

function isNamed(found: Uint8Array, form: string, known: ReadonlySet<string>): boolean {
  const charset = WRITTEN[form];
  return charset !== undefined && known.has(fold(new TextDecoder(charset).decode(found)).text);
}

/** Text that an option keeps after cleaning, alone or inside a sequence. */
function isCleanedProse(path: readonly DicomElement[], rules: DeidRules): boolean {
  const leaf = path.at(-1);
  if (leaf === undefined || !rules.cleansText || !PROSE.has(dictionaryVR(leaf.tag))) return false;
  const decided = path.map(({ tag }) => rules.decide(tag, dictionaryVR(tag)));
  return (
    decided.at(-1)!.how === 'clean-text' ||
    decided
      .slice(0, -1)
      .some(({ mode }) => mode === 'cleaned' || mode === 'descriptors' || mode === 'graphics')
  );
}

function whyKept(path: readonly DicomElement[], rules: DeidRules): Kept | null {
  const leaf = path.at(-1);
  if (leaf === undefined || path.some(({ tag }) => tag >>> 24 === 0x50 || tag >>> 24 === 0x60)) return null;
  const letters = rules.options.map((name) => OPTIONS[name].letter ?? '').join('');
  // Safe private attributes hold numbers and terms of closed lists.
  if (path.some(({ tag }) => isPrivate(tag))) return null;
  const isRetained = ({ tag }: DicomElement): boolean =>
    [...letters].some((letter) => rows.get(tag)?.options.includes(letter) ?? false);
  // A retained date, number or UID still is one.
  if (rows.has(leaf.tag))
    return isRetained(leaf) && RETAINED_WORDS.has(dictionaryVR(leaf.tag))
      ? 'kept: retained by an option'
      : null;
  if (dictionaryEntry(leaf.tag) === null) return null;
  const vr = dictionaryVR(leaf.tag);
  if (BINARY.has(vr)) return 'kept: bulk data or numbers';
  // "The action is applicable to the Sequence and all of its contents" (PS3.15 E.1.1), but for codes.
  const isInside = path.slice(0, -1).some((sequence) => rows.has(sequence.tag) && !isRetained(sequence));
  if (isInside && vr !== 'CS' && !CODE_ATTRIBUTES.has(leaf.tag)) return null;
  const isWord =
    leaf.bytes !== null &&
    !/[\0-\x08\x0e-\x1a]/.test(Buffer.from(leaf.bytes).toString('latin1').replace(/\0+$/, ''));
  return isWord && (WORDS.has(vr) || TERMS.has(leaf.tag))
    ? 'kept: words of an attribute without a row'
    : null;
}
