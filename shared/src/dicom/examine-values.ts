/**
 * Finds values of a Data Set that deserve a warning: text that cannot be decoded, invalid dates and numbers, more
 * values or characters than the standard allows. Values are never refused, changed or repeated.
 */
import type { WarningCode } from '../protocol/reasons.ts';
import { type TextReader, textReader } from './character-sets.ts';
import type { DicomElement } from './data-set.ts';
import { dictionaryEntry, isExpectedVR } from './dictionary.ts';
import { withoutPadding } from './padding.ts';
import { asciiText, characterSetsOf, isText, numbersOf, parseDecimal } from './values.ts';
import type { ValueContext } from './values.ts';

/**
 * PS3.5 §6.2: the most characters of one value, for VRs whose limit matters in practice; for PN, of one component
 * group.
 */
const LENGTHS: Readonly<Record<string, number>> = {
  AE: 16,
  CS: 16,
  SH: 16,
  LO: 64,
  PN: 64,
  ST: 1024,
  LT: 10_240,
  UI: 64,
};
/** The size of one value, for VRs in which the length determines the number of values. */
const VALUE_BYTES: Readonly<Record<string, number>> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, AT: 4 };
/**
 * Control characters that PS3.5 §6.1.3 does not allow in text, and Unicode's direction marks, which reorder text on
 * screen.
 */
const CONTROLS = /[\u0000-\u0008\u000b\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/;
/** Line breaks and tabs are allowed in prose, but not in a name or an identifier. */
const LINE_CONTROLS = /[\t\n\f\r]/;
const RUNNING_TEXT = new Set(['LT', 'ST', 'UT']);
const CODE_VRS = new Set(['AE', 'CS', 'DA', 'DS', 'DT', 'IS', 'TM']);
const IS_LIMIT = 2 ** 31;

type Examination = {
  readonly context: ValueContext;
  readonly reader: TextReader;
  readonly warnings: Set<WarningCode>;
};

/** Adds to `warnings`. Also examines items, each with its own character set and encoding. */
export function examineValues(
  elements: readonly DicomElement[],
  context: ValueContext,
  warnings: Set<WarningCode>,
): void {
  const pending = [{ elements, context }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const reader = textReader(next.context.characterSets);
    if (!reader.known) warnings.add('unknown-character-set');
    for (const element of next.elements) {
      if (!isExpectedVR(element.tag, element.vr)) warnings.add('wrong-vr');
      if (element.bytes && element.bytes.length > 0)
        examineValue(element, element.bytes, { context: next.context, reader, warnings });
      for (const item of element.items ?? []) {
        const characterSets = characterSetsOf(item.elements, next.context.characterSets);
        pending.push({ elements: item.elements, context: { characterSets, encoding: item.encoding } });
      }
    }
  }
}

function examineValue(
  element: DicomElement,
  bytes: Uint8Array,
  { context, reader, warnings }: Examination,
): void {
  const { vr } = element;
  if (isText(vr)) {
    examineText(element, bytes, reader, warnings);
    return;
  }
  if (CODE_VRS.has(vr)) {
    examineCode(element, bytes, warnings);
    return;
  }
  if (vr === 'UI' && bytes.length > LENGTHS['UI']!)
    noteLength(vr, asciiText(bytes).split('\\').map(withoutPadding), warnings);
  const size = VALUE_BYTES[vr];
  if (size === undefined) return;
  noteCount(element, bytes.length / size, warnings);
  const isFloat = vr === 'FL' || vr === 'FD';
  if (isFloat && numbersOf(element, context).some((number) => !Number.isFinite(number)))
    warnings.add('invalid-number');
}

/**
 * The number of values if all bytes are printable ASCII and not too many, as in nearly every instance; otherwise 0.
 */
function plainValues(bytes: Uint8Array, limit: number): number {
  if (bytes.length > limit) return 0;
  let values = 1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 || byte > 0x7e) {
      if (byte === 0 && i === bytes.length - 1) break;
      return 0;
    }
    if (byte === 0x5c) values += 1;
  }
  return values;
}

function examineText(
  element: DicomElement,
  bytes: Uint8Array,
  reader: TextReader,
  warnings: Set<WarningCode>,
): void {
  const plain = element.vr === 'PN' ? 0 : plainValues(bytes, LENGTHS[element.vr] ?? Infinity);
  if (plain > 0) {
    if (!RUNNING_TEXT.has(element.vr)) noteCount(element, plain, warnings);
    return;
  }
  const { text, damaged } = reader.decode(bytes, element.vr === 'PN');
  if (damaged) warnings.add('undecodable-text');
  const unpadded = withoutPadding(text);
  const runningText = RUNNING_TEXT.has(element.vr);
  if (CONTROLS.test(unpadded) || (!runningText && LINE_CONTROLS.test(unpadded)))
    warnings.add('control-characters');
  const values = runningText ? [unpadded] : unpadded.split('\\');
  noteCount(element, values.length, warnings);
  if (element.vr === 'PN') examineNames(values, warnings);
  else noteLength(element.vr, values, warnings);
}

/** PS3.5 §6.2.1.1: up to three component groups, each of up to five components. */
function examineNames(names: readonly string[], warnings: Set<WarningCode>): void {
  for (const name of names) {
    const groups = name.split('=');
    if (groups.length > 3 || groups.some((group) => group.split('^').length > 5)) warnings.add('name-form');
    noteLength('PN', groups, warnings);
  }
}

function examineCode(element: DicomElement, bytes: Uint8Array, warnings: Set<WarningCode>): void {
  const { vr } = element;
  const plain =
    vr === 'CS' || vr === 'AE' || vr === 'TM' || vr === 'DT'
      ? plainValues(bytes, LENGTHS[vr] ?? Infinity)
      : 0;
  if (plain > 0) {
    noteCount(element, plain, warnings);
    return;
  }
  const values = asciiText(bytes)
    .split('\\')
    .map((value) => withoutPadding(value.replace(/^ +/, '')));
  noteCount(element, values.length, warnings);
  noteLength(vr, values, warnings);
  if (vr === 'DA' && values.some((value) => value !== '' && !isDate(value))) warnings.add('invalid-date');
  if (vr === 'DS' && values.some((value) => value !== '' && !Number.isFinite(parseDecimal(value))))
    warnings.add('invalid-number');
  if (vr === 'IS' && values.some((value) => value !== '' && !isInteger(value)))
    warnings.add('invalid-number');
}

/** PS3.5 §6.2: YYYYMMDD; files from before 1993 also have YYYY.MM.DD. */
function isDate(value: string): boolean {
  const digits = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(value);
  if (!digits) return false;
  const month = Number(digits[2]);
  const day = Number(digits[3]);
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000, month, 0)).getUTCDate();
}

/** PS3.5 §6.2: IS lies in -2^31 … 2^31 - 1. */
function isInteger(value: string): boolean {
  const number = Number(value);
  return /^[+-]?\d+$/.test(value) && number >= -IS_LIMIT && number < IS_LIMIT;
}

function noteLength(vr: string, values: readonly string[], warnings: Set<WarningCode>): void {
  const limit = LENGTHS[vr];
  if (limit !== undefined && values.some((value) => value.length > limit)) warnings.add('value-too-long');
}

const MAXIMA = new Map<string, number>();

/** The largest number of values that a value multiplicity ('1', '1-3', '2-2n') allows. */
function maximum(vm: string): number {
  let most = MAXIMA.get(vm);
  if (most === undefined) {
    most = vm.endsWith('n') ? Infinity : Number(vm.slice(vm.indexOf('-') + 1));
    MAXIMA.set(vm, most);
  }
  return most;
}

function noteCount(element: DicomElement, count: number, warnings: Set<WarningCode>): void {
  if (count <= 1) return;
  const entry = dictionaryEntry(element.tag);
  if (entry && count > maximum(entry.vm)) warnings.add('invalid-value-count');
}
