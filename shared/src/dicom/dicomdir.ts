/**
 * Reads a DICOMDIR: the index of a disc (PS3.3 Annex F, PS3.10 §8.6). It names every patient, study and file of
 * the disc, so that studies can be shown before one instance is read, and missing files can be named.
 *
 * Nothing in it is believed but as a hint. It is no instance and is never sent. Its File IDs are compared and
 * shown, never opened. Offsets may lead in a circle, outside, or endlessly down: each record is visited once, and
 * what cannot be followed is said (`faults`), so that nobody takes a part for the whole.
 */
import type { ReasonCode } from '../protocol/reasons.ts';
import type { ByteSource, DicomElement, DicomItem } from './data-set.ts';
import { describeElements, type InstanceDescription } from './describe-instance.ts';
import { RECORD_LIMIT } from './limits.ts';
import { openPart10, readDataSet } from './part10.ts';
import { MEDIA_STORAGE_DIRECTORY } from './registry.ts';
import {
  DIRECTORY_RECORD_SEQUENCE,
  DIRECTORY_RECORD_TYPE,
  FIRST_ROOT_RECORD_OFFSET,
  LOWER_LEVEL_OFFSET,
  MEDIA_STORAGE_SOP_CLASS_UID,
  NEXT_RECORD_OFFSET,
  RECORD_IN_USE_FLAG,
  REFERENCED_FILE_ID,
  REFERENCED_SOP_INSTANCE_UID_IN_FILE,
  STUDY_INSTANCE_UID,
} from './tags.ts';
import { UID_LENGTH_LIMIT } from './uid.ts';
import { characterSetsOf, findElement, numberOf, textOf, textsOf, uidText } from './values.ts';
import type { ValueContext } from './values.ts';

/** Bytes of one index in memory, and in the message from the worker that read it. */
export const INDEX_BYTES_LIMIT = 32 * 1024 * 1024;
/** A study, or a file, without its texts; two bytes a character come in addition. */
const STUDY_BYTES = 1024;
const FILE_BYTES = 64;
/** More of a value is not decoded. The longest File ID needs less, so that a longer one stays a fault. */
const VALUE_BYTES_LIMIT = 8192;
/** Characters of the texts that are shown, by their VR (PS3.5 §6.2); of PN three groups. */
const TEXT_LIMITS = {
  patientName: 3 * 64 + 2,
  patientId: 64,
  patientSex: 16,
  accessionNumber: 16,
  studyDescription: 64,
  modality: 16,
  manufacturer: 64,
  seriesDescription: 64,
  bodyPart: 16,
} as const;
/** Patient, study, series, instance; PS3.3 §F.4 lets private records stand between them. */
export const LEVEL_LIMIT = 16;
/** PS3.10 §8.2: a File ID has at most 8 components of 8 characters. Real discs have longer names. */
const COMPONENT_LIMIT = 16;
const COMPONENT_LENGTH_LIMIT = 64;

/** Why the index may not name everything. */
type IndexFault =
  /** An offset leads to a record that was visited before. */
  | 'circle'
  /** An offset leads to no record. */
  | 'outside'
  | 'too-deep'
  /** Or too large ones. */
  | 'too-many-records'
  /** Records that no offset leads to. */
  | 'unreached'
  /** A File ID that names no file below the index, or a record of an instance without one. */
  | 'file-id'
  /** There are no records at all. */
  | 'no-records';

export interface IndexedFile {
  /** The File ID's components joined by '/', as written: relative to the folder of the DICOMDIR. */
  readonly fileId: string;
  /** '' where the index does not say. */
  readonly sopInstanceUID: string;
}

export interface IndexedStudy {
  /** '' where the index does not say. */
  readonly studyInstanceUID: string;
  /** Description of the patient and of the study. Values identify: the same rules hold as for an instance's. */
  readonly description: InstanceDescription;
  readonly modalities: readonly string[];
  readonly files: readonly IndexedFile[];
}

export type DiscIndex =
  | {
      readonly kind: 'index';
      readonly studies: readonly IndexedStudy[];
      /** Files that belong to no study. */
      readonly others: readonly IndexedFile[];
      readonly faults: readonly IndexFault[];
    }
  /** The file is an index, and cannot be read. */
  | { readonly kind: 'damaged'; readonly because: ReasonCode };

/** Null where the file is no index of a disc. Rejects only when reading does, or with the signal's reason. */
export async function readDiscIndex(source: ByteSource, signal?: AbortSignal): Promise<DiscIndex | null> {
  const opened = await openPart10(source, signal, 'replaced');
  if (opened.kind === 'refused') return null;
  const said = uidText(findElement(opened.beginning.meta ?? [], MEDIA_STORAGE_SOP_CLASS_UID));
  if (said !== MEDIA_STORAGE_DIRECTORY) return null;
  const read = await readDataSet(opened, signal);
  const { elements } = read.kind === 'refused' ? read : read.unexamined;
  // An instance whose File Meta Information is wrong.
  if (findElement(elements, STUDY_INSTANCE_UID) !== null) return null;
  if (read.kind === 'refused') return { kind: 'damaged', because: read.refused.because };
  return indexOf(elements, {
    characterSets: characterSetsOf(elements, []),
    encoding: opened.beginning.encoding,
  });
}

/** The records above a record. */
interface Above {
  /** Described once, however many studies are below. */
  readonly patient: InstanceDescription | null;
  readonly study: MutableStudy | null;
  /** PS3.3 §F.3.2.2: a record with the flag 0000H, and everything below it, counts as deleted. */
  readonly isInUse: boolean;
}

type MutableStudy = Omit<IndexedStudy, 'modalities' | 'files'> & {
  readonly modalities: Set<string>;
  readonly files: IndexedFile[];
};

interface Reading {
  readonly context: ValueContext;
  readonly records: ReadonlyMap<number, DicomItem>;
  readonly visited: Set<number>;
  readonly studies: MutableStudy[];
  readonly others: IndexedFile[];
  readonly faults: Set<IndexFault>;
  /** Bytes that may still be noted. */
  room: number;
}

/** A record still to be visited, by its offset. */
type Next = { readonly offset: number; readonly level: number; readonly above: Above };

function indexOf(elements: readonly DicomElement[], context: ValueContext): DiscIndex {
  const items = findElement(elements, DIRECTORY_RECORD_SEQUENCE)?.items ?? [];
  const reading: Reading = {
    context,
    records: new Map(items.slice(0, RECORD_LIMIT).map((item) => [item.offset, item])),
    visited: new Set(),
    studies: [],
    others: [],
    faults: new Set(),
    room: INDEX_BYTES_LIMIT,
  };
  const { records, visited, studies, others, faults } = reading;
  if (items.length === 0) faults.add('no-records');
  if (items.length > RECORD_LIMIT) faults.add('too-many-records');
  const root = offsetIn(elements, FIRST_ROOT_RECORD_OFFSET, context);
  const open: Next[] = [{ offset: root, level: 0, above: { patient: null, study: null, isInUse: true } }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) open.push(...visit(reading, next));
  if (visited.size < records.size) faults.add('unreached');
  return {
    kind: 'index',
    studies: studies.map((study) => ({ ...study, modalities: [...study.modalities] })),
    others,
    faults: [...faults],
  };
}

/** Answers the records that follow, the one to be visited first at the end. */
function visit(reading: Reading, { offset, level, above }: Next): readonly Next[] {
  const { records, visited, faults } = reading;
  if (offset === 0 || reading.room < 0) return [];
  const record = records.get(offset);
  if (record === undefined || visited.has(offset) || level >= LEVEL_LIMIT) {
    if (record === undefined) faults.add('outside');
    else faults.add(visited.has(offset) ? 'circle' : 'too-deep');
    return [];
  }
  visited.add(offset);
  const { encoding } = record;
  const elements = record.elements.map(shortened);
  const context = { characterSets: characterSetsOf(elements, reading.context.characterSets), encoding };
  const below = enter(reading, elements, context, above);
  return [
    { offset: offsetIn(elements, NEXT_RECORD_OFFSET, context), level, above },
    { offset: offsetIn(elements, LOWER_LEVEL_OFFSET, context), level: level + 1, above: below },
  ];
}

/** Notes what the record names, and answers what is above the records below it. */
function enter(
  reading: Reading,
  elements: readonly DicomElement[],
  context: ValueContext,
  above: Above,
): Above {
  const isInUse = above.isInUse && numberOf(findElement(elements, RECORD_IN_USE_FLAG), context) !== 0;
  if (!isInUse) return { ...above, isInUse };
  const type = textOf(findElement(elements, DIRECTORY_RECORD_TYPE), context);
  if (type === 'PATIENT') return { patient: describe(elements, context), study: null, isInUse };
  if (type === 'STUDY') {
    const study = newStudy(above.patient, elements, context);
    if (hasRoom(reading, STUDY_BYTES, [study.studyInstanceUID, ...Object.values(study.description)]))
      reading.studies.push(study);
    return { ...above, study };
  }
  const modality = type === 'SERIES' ? describe(elements, context).modality : null;
  const { modalities } = above.study ?? {};
  if (modality !== null && modalities?.has(modality) === false && hasRoom(reading, FILE_BYTES, [modality]))
    modalities.add(modality);
  noteFile(reading, { type, elements, context }, above.study);
  return above;
}

/** False, and said, where no more can be noted. */
function hasRoom(reading: Reading, bytes: number, values: readonly unknown[]): boolean {
  for (const value of values) reading.room -= typeof value === 'string' ? 2 * value.length : 0;
  reading.room -= bytes;
  if (reading.room < 0) reading.faults.add('too-many-records');
  return reading.room >= 0;
}

/** Without what nobody could read on the page anyway. */
function shortened(element: DicomElement): DicomElement {
  if (!element.bytes || element.bytes.length <= VALUE_BYTES_LIMIT) return element;
  return { ...element, bytes: element.bytes.subarray(0, VALUE_BYTES_LIMIT) };
}

function describe(elements: readonly DicomElement[], context: ValueContext): InstanceDescription {
  const described = describeElements(elements, context);
  const cut = Object.entries(TEXT_LIMITS).map(([name, limit]) => [
    name,
    described[name as keyof typeof TEXT_LIMITS]?.slice(0, limit) ?? null,
  ]);
  return { ...described, ...(Object.fromEntries(cut) as Partial<InstanceDescription>) };
}

/** A UID that is too long counts as none: cut, it would be another one. */
function uidIn(elements: readonly DicomElement[], tag: number): string {
  const uid = uidText(findElement(elements, tag));
  return uid.length > UID_LENGTH_LIMIT ? '' : uid;
}

/** The patient is in the record above it; some writers leave that out and name the patient in the study's own. */
function newStudy(
  patient: InstanceDescription | null,
  own: readonly DicomElement[],
  context: ValueContext,
): MutableStudy {
  const described = describe(own, context);
  const { studyDate, studyTime, studyDescription, accessionNumber } = described;
  return {
    studyInstanceUID: uidIn(own, STUDY_INSTANCE_UID),
    description: {
      ...(patient ?? described),
      studyDate,
      studyTime,
      studyDescription,
      accessionNumber,
    },
    modalities: new Set(),
    files: [],
  };
}

function noteFile(
  reading: Reading,
  {
    type,
    elements,
    context,
  }: { type: string | null; elements: readonly DicomElement[]; context: ValueContext },
  study: MutableStudy | null,
): void {
  const components = textsOf(findElement(elements, REFERENCED_FILE_ID), context);
  const namesInstance =
    type === 'IMAGE' || findElement(elements, REFERENCED_SOP_INSTANCE_UID_IN_FILE) !== null;
  if (components.length === 0 && !namesInstance) return;
  const isInside = components.length > 0 && components.length <= COMPONENT_LIMIT;
  if (!isInside || !components.every(isComponent)) {
    reading.faults.add('file-id');
    return;
  }
  const fileId = components.join('/');
  const sopInstanceUID = uidIn(elements, REFERENCED_SOP_INSTANCE_UID_IN_FILE);
  if (hasRoom(reading, FILE_BYTES, [fileId, sopInstanceUID]))
    (study?.files ?? reading.others).push({ fileId, sopInstanceUID });
}

/** The name of one file or folder: nothing that leads elsewhere or cannot be shown. */
function isComponent(name: string): boolean {
  return (
    name.length <= COMPONENT_LENGTH_LIMIT &&
    /^[^\p{Cc}\p{Cf}/\\:]+$/u.test(name) &&
    name !== '.' &&
    name !== '..'
  );
}

/** UL and the historical `up` are both read as UL; 0: there is none. */
function offsetIn(elements: readonly DicomElement[], tag: number, context: ValueContext): number {
  return numberOf(findElement(elements, tag), context) ?? 0;
}
