/**
 * Reads a DICOMDIR: the index of a disc (PS3.3 Annex F, PS3.10 §8.6). It lists every patient, study and file of the
 * disc, so that studies can be shown before any instance is read, and missing files can be reported.
 *
 * Its content is only taken as a hint. It is not an instance and is never sent. Its File IDs are compared and shown,
 * never opened. Offsets may form a cycle, lead outside, or nest endlessly, so each record is visited only once.
 * Anything that cannot be followed is reported (`faults`), so that an incomplete listing is not mistaken for a
 * complete one.
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

/** The most bytes of one index in memory, and in the message from the worker that read it. */
export const INDEX_BYTES_LIMIT = 32 * 1024 * 1024;
/** Memory for a study and for a file, without their texts, which add two bytes per character. */
const STUDY_BYTES = 1024;
const FILE_BYTES = 64;
/**
 * The most bytes of a value that are decoded. The longest valid File ID needs less, so an overlong one is still
 * detected.
 */
const VALUE_BYTES_LIMIT = 8192;
/** The most characters of displayed texts, by their VR (PS3.5 §6.2). PN has three groups. */
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
/** Patient, study, series, instance; PS3.3 §F.4 allows private records between them. */
export const LEVEL_LIMIT = 16;
/** PS3.10 §8.2: a File ID has at most 8 components of 8 characters. Real discs have longer names. */
const COMPONENT_LIMIT = 16;
const COMPONENT_LENGTH_LIMIT = 64;

/** Why the index may be incomplete. */
type IndexFault =
  /** An offset leads to a record that was already visited. */
  | 'circle'
  /** An offset leads to no record. */
  | 'outside'
  | 'too-deep'
  /** There are too many records, or they are too large. */
  | 'too-many-records'
  /** There are records to which no offset leads. */
  | 'unreached'
  /** A File ID names no file below the index, or the record of an instance has no File ID. */
  | 'file-id'
  /** There are no records at all. */
  | 'no-records';

export interface IndexedFile {
  /** The File ID's components joined by '/', as written: relative to the folder of the DICOMDIR. */
  readonly fileId: string;
  /** '' if the index does not state it. */
  readonly sopInstanceUID: string;
}

export interface IndexedStudy {
  /** '' if the index does not state it. */
  readonly studyInstanceUID: string;
  /**
   * Description of the patient and of the study. The values are identifying, so the same rules apply as for an
   * instance's description.
   */
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
  /** The file is an index but cannot be read. */
  | { readonly kind: 'damaged'; readonly because: ReasonCode };

/** Null if the file is not the index of a disc. Rejects only if reading does, or with the signal's reason. */
export async function readDiscIndex(source: ByteSource, signal?: AbortSignal): Promise<DiscIndex | null> {
  const opened = await openPart10(source, signal, 'replaced');
  if (opened.kind === 'refused') return null;
  const said = uidText(findElement(opened.beginning.meta ?? [], MEDIA_STORAGE_SOP_CLASS_UID));
  if (said !== MEDIA_STORAGE_DIRECTORY) return null;
  const read = await readDataSet(opened, signal);
  const { elements } = read.kind === 'refused' ? read : read.unexamined;
  // This is an instance with wrong File Meta Information.
  if (findElement(elements, STUDY_INSTANCE_UID) !== null) return null;
  if (read.kind === 'refused') return { kind: 'damaged', because: read.refused.because };
  return indexOf(elements, {
    characterSets: characterSetsOf(elements, []),
    encoding: opened.beginning.encoding,
  });
}

/** What the records above a record describe. */
interface Above {
  /** Described only once, however many studies are below it. */
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
  /** The number of bytes that may still be recorded. */
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

/** Returns the records to visit next, in reverse order. */
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

/** Records what the record names, and returns the context for the records below it. */
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

/** False if no more can be recorded; also reports that as a fault. */
function hasRoom(reading: Reading, bytes: number, values: readonly unknown[]): boolean {
  for (const value of values) reading.room -= typeof value === 'string' ? 2 * value.length : 0;
  reading.room -= bytes;
  if (reading.room < 0) reading.faults.add('too-many-records');
  return reading.room >= 0;
}

/** Cuts a value that is too long to be displayed. */
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

/** A UID that is too long counts as none: a truncated UID would be a different one. */
function uidIn(elements: readonly DicomElement[], tag: number): string {
  const uid = uidText(findElement(elements, tag));
  return uid.length > UID_LENGTH_LIMIT ? '' : uid;
}

/** The patient is in the record above it; some writers omit that record and name the patient in the study's record. */
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

/** Whether a name is that of one file or folder: it must not lead elsewhere, and must be displayable. */
function isComponent(name: string): boolean {
  return (
    name.length <= COMPONENT_LENGTH_LIMIT &&
    /^[^\p{Cc}\p{Cf}/\\:]+$/u.test(name) &&
    name !== '.' &&
    name !== '..'
  );
}

/** UL and the historical `up` are both read as UL. 0: there is no offset. */
function offsetIn(elements: readonly DicomElement[], tag: number, context: ValueContext): number {
  return numberOf(findElement(elements, tag), context) ?? 0;
}
