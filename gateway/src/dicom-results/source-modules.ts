/**
 * The modules that a result instance copies from its source, and those that all results share: patient and study as
 * the PACS has them, a series of its own, and this gateway as equipment. Values are copied as bytes, together with
 * the Specific Character Set in which they are written.
 */
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import { textReader, type DecodedText } from '#shared/dicom/character-sets.ts';
import type { DicomElement, InstanceIdentifiers, ParsedInstance } from '#shared/dicom/data-set.ts';
import { dictionaryVR } from '#shared/dicom/dictionary.ts';
import { numberValue } from '#shared/dicom/encode.ts';
import { HEAT_MAP_SERIES_NUMBER } from '#shared/dicom/order-pictures.ts';
import { SPECIFIC_CHARACTER_SET, STUDY_DATE, STUDY_TIME } from '#shared/dicom/tags.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { findElement, isText, numberOf, numbersOf, textOf } from '#shared/dicom/values.ts';
import type { ModelRef } from '#shared/models/model.ts';
import type { Finding } from '#shared/protocol/inference.ts';
import { isAscii } from './result-text.ts';
import { instanceUidOf, seriesUidOf } from './result-uid.ts';
import type { ResultKind, ResultSubject } from './result-subject.ts';

export const AI_DESCRIPTION = 'AI, not for diagnosis';
export const MANUFACTURER_NAME = 'RelayPACS';
export const MODEL_NAME = 'RelayPACS gateway';

/**
 * Attributes of type 2 in the Patient and General Study Modules (PS3.3 §C.7.1.1, §C.7.2.1): always present, perhaps
 * empty.
 */
const ALWAYS = [
  0x00080020, 0x00080030, 0x00080050, 0x00080090, 0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00200010,
];
/** Attributes of patient, patient study, clinical trial and general study that are copied if the source has them. */
const WHERE_PRESENT = [
  0x00080005, 0x00080201, 0x00081030, 0x00100021, 0x00100032, 0x00101000, 0x00101001, 0x00101010, 0x00101020,
  0x00101030, 0x00102160, 0x00104000, 0x00120010, 0x00120020, 0x00120021, 0x00120030, 0x00120031, 0x00120040,
  0x00120042, 0x00120050, 0x00120051, 0x00120062, 0x00120063, 0x00120064, 0x00280303,
];
const BINARY = /^(US|SS|UL|SL|FL|FD)$/;

/**
 * How the source's text is written in the result: as its own bytes with its Specific Character Set, or converted to
 * UTF-8.
 */
type Letters = 'as-source' | 'utf-8';
const UTF_8 = 'ISO_IR 192';

/** The element as the result has it, in Explicit VR Little Endian. */
function copied(
  element: DicomElement,
  source: ParsedInstance,
  letters: Letters = 'as-source',
): SimpleElement {
  const { tag, bytes, items } = element;
  const vr = element.vr === 'UN' ? dictionaryVR(tag) : element.vr;
  if (items)
    return [
      tag,
      'SQ',
      ...items.map((item) =>
        item.elements.map((inner) => copied(inner, { ...source, encoding: item.encoding }, letters)),
      ),
    ];
  if (BINARY.test(vr)) return [tag, vr, numberValue(vr, numbersOf(element, source), { bigEndian: false })];
  if (letters === 'utf-8' && tag === SPECIFIC_CHARACTER_SET) return [tag, vr, UTF_8];
  if (letters === 'utf-8' && isText(vr) && bytes) return [tag, vr, decoded(source, vr, bytes).text.trimEnd()];
  return [tag, vr, bytes ?? new Uint8Array()];
}

function decoded({ characterSets }: ParsedInstance, vr: string, bytes: Uint8Array): DecodedText {
  return textReader(characterSets).decode(bytes, vr === 'PN');
}

/** Copies patient and study from the source. */
function fromSource(source: ParsedInstance, letters: Letters): SimpleElement[] {
  const find = (tag: number): DicomElement | null => findElement(source.elements, tag);
  const always = ALWAYS.map((tag): SimpleElement => copied(find(tag) ?? emptyElement(tag), source, letters));
  const present = WHERE_PRESENT.map(find)
    .filter((element) => element !== null)
    .map((element) => copied(element, source, letters));
  const saysUtf8: SimpleElement[] =
    letters === 'utf-8' && find(SPECIFIC_CHARACTER_SET) === null
      ? [[SPECIFIC_CHARACTER_SET, 'CS', UTF_8]]
      : [];
  return [...always, ...present, ...saysUtf8];
}

/**
 * The character set of a report that contains this text: that of its source, unless it lacks some of the letters and
 * the source's own text can be converted to UTF-8.
 */
export function lettersFor(source: ParsedInstance, text: string): Letters {
  if (isAscii(text) || characterSetOf(source) === UTF_8) return 'as-source';
  const texts = [...ALWAYS, ...WHERE_PRESENT]
    .flatMap((tag) => findElement(source.elements, tag) ?? [])
    .filter(({ vr, bytes }) => isText(vr) && bytes !== null);
  const isReadable =
    textReader(source.characterSets).known &&
    texts.every(({ vr, bytes }) => !decoded(source, vr, bytes!).damaged);
  return isReadable ? 'utf-8' : 'as-source';
}

/** Whether the report can represent any letter. */
export function hasAllLetters(source: ParsedInstance, letters: Letters): boolean {
  return letters === 'utf-8' || characterSetOf(source) === UTF_8;
}

function emptyElement(tag: number): DicomElement {
  const none = {
    offset: 0,
    valueOffset: 0,
    valueLength: 0,
    endOffset: 0,
    undefinedLength: false,
    items: null,
    fragments: null,
  };
  return { tag, vr: dictionaryVR(tag), bytes: new Uint8Array(), ...none };
}

/** Copies these elements of the source, where it has them. */
export function alsoCopied(source: ParsedInstance, tags: readonly number[]): SimpleElement[] {
  return tags
    .flatMap((tag) => findElement(source.elements, tag) ?? [])
    .map((element) => copied(element, source));
}

/** The element as the source has it; empty where the source does not have it. */
export function saidOrEmpty(source: ParsedInstance, tag: number, vr: string): SimpleElement[] {
  const said = alsoCopied(source, [tag]);
  return said.length > 0 ? said : [[tag, vr]];
}

/** PS3.3 §C.12.1.1.2: the character set of the source's text; '' is the default repertoire. */
function characterSetOf(source: ParsedInstance): string {
  return textOf(findElement(source.elements, SPECIFIC_CHARACTER_SET), source) ?? '';
}

/** PS3.15 §E.1.1: "Patient Identity Removed (0012,0062)" says that the study is under pseudonyms. */
export function isDeidentified(source: ParsedInstance): boolean {
  return textOf(findElement(source.elements, 0x00120062), source) === 'YES';
}

interface Moment {
  /** DA. */
  readonly date: string;
  /** TM, whole seconds. */
  readonly time: string;
  /** DT. */
  readonly dateTime: string;
}

/** DA and TM of a study whose date was removed: the same dummy values as in shared/src/deid. */
const NO_DATE = '19000101';
const NO_TIME = '000000';

/**
 * The moment of an act, as a result states it: in UTC, or at the offset that the source names. The dates of a
 * de-identified study were shifted, and the true moment would reveal by how much, so its result states the study's
 * own date.
 */
export function momentOf(source: ParsedInstance, at: Date): Moment {
  if (isDeidentified(source)) {
    const date =
      /^\d{8}$/.exec(textOf(findElement(source.elements, STUDY_DATE), source) ?? '')?.[0] ?? NO_DATE;
    const time =
      /^\d{6}/.exec(textOf(findElement(source.elements, STUDY_TIME), source) ?? '')?.[0] ?? NO_TIME;
    return { date, time, dateTime: `${date}${time}` };
  }
  const offset = /^([+-])(\d{2})(\d{2})$/.exec(
    textOf(findElement(source.elements, 0x00080201), source) ?? '',
  );
  const minutes =
    offset === null ? 0 : (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1);
  const digits = new Date(at.getTime() + minutes * 60_000)
    .toISOString()
    .replaceAll(/[^0-9]/g, '')
    .slice(0, 14);
  return { date: digits.slice(0, 8), time: digits.slice(8), dateTime: `${digits}${offset?.[0] ?? '+0000'}` };
}

type SeriesKind = ResultKind | 'annotations';
const SERIES: Readonly<Record<SeriesKind, { number: number; modality: string }>> = {
  SR: { number: 9001, modality: 'SR' },
  SEG: { number: 9002, modality: 'SEG' },
  SC: { number: HEAT_MAP_SERIES_NUMBER, modality: 'OT' },
  annotations: { number: 9004, modality: 'SR' },
};

/** Distinguishes the results of several models in the list of any viewer. LO: 64 characters at most (PS3.5 §6.2). */
const seriesDescriptionOf = ({ id, version }: ModelRef): string =>
  `AI ${`${id} ${version.replaceAll(/[^\w.+-]/g, '')}`.slice(0, 42)}, not for diagnosis`;

export function identifiersOf(
  subject: ResultSubject,
  kind: ResultKind,
  sopClassUID: string,
  revision = 1,
): InstanceIdentifiers {
  return {
    studyInstanceUID: subject.source.identifiers.studyInstanceUID,
    seriesInstanceUID: parseUid('SeriesInstanceUID', seriesUidOf(subject, kind)),
    sopInstanceUID: parseUid('SOPInstanceUID', instanceUidOf(subject, kind, revision)),
    sopClassUID: parseUid('SOPClassUID', sopClassUID),
  };
}

/**
 * The modules that every result has: patient, study, series, (enhanced) general equipment, and when it was made. If
 * there is no `finding`, the caller adds the series description.
 */
export function commonModules(
  subject: Pick<ResultSubject, 'source' | 'uid' | 'softwareVersion'> & { readonly finding?: Finding },
  kind: SeriesKind,
  moment: Moment,
  letters: Letters = 'as-source',
): SimpleElement[] {
  const { number, modality } = SERIES[kind];
  const { finding } = subject;
  return [
    ...fromSource(subject.source, letters),
    [0x00080060, 'CS', modality],
    [0x00200011, 'IS', number],
    ...(finding ? [[0x0008103e, 'LO', seriesDescriptionOf(finding.model)] as const] : []),
    [0x00080070, 'LO', MANUFACTURER_NAME],
    [0x00081090, 'LO', MODEL_NAME],
    [0x00181000, 'LO', serialNumberOf(subject)],
    [0x00181020, 'LO', subject.softwareVersion],
    [0x00080023, 'DA', moment.date],
    [0x00080033, 'TM', moment.time],
  ];
}

/** The installation's serial number: the last 12 digits of its Device Observer UID. */
export function serialNumberOf(subject: Pick<ResultSubject, 'uid'>): string {
  return deviceUidOf(subject).slice(-12);
}

export function deviceUidOf({ uid }: Pick<ResultSubject, 'uid'>): string {
  return uid('device');
}

/**
 * PS3.3 Table 10-3 "Image SOP Instance Reference Macro": the source, and the frame number if it has several. Frames
 * are counted from 1.
 */
export function sourceReference({ source, finding }: ResultSubject): SimpleElement[] {
  const frames = numberOf(findElement(source.elements, 0x00280008), source) ?? 1;
  return frameReference(source.identifiers, { frame: finding.input.frame + 1, frames });
}

/**
 * `frame`: counted from 1; `frames`: how many there are. The reference omits the frame number if the image has only
 * one.
 */
export function frameReference(
  instance: { readonly sopClassUID: string; readonly sopInstanceUID: string },
  { frame, frames }: { readonly frame: number; readonly frames: number },
): SimpleElement[] {
  return [...reference(instance), ...(frames > 1 ? ([[0x00081160, 'IS', frame]] as const) : [])];
}

export function reference({
  sopClassUID,
  sopInstanceUID,
}: {
  readonly sopClassUID: string;
  readonly sopInstanceUID: string;
}): SimpleElement[] {
  return [
    [0x00081150, 'UI', sopClassUID],
    [0x00081155, 'UI', sopInstanceUID],
  ];
}
