/**
 * A disc as a modality burns it: studies in folders under short names, and the DICOMDIR that is their index
 * (PS3.3 Annex F). `bend` gives the index a fault before it is written.
 */
import { concatBytes, encodeElement, encodeElements, encodeFileMeta } from '#shared/dicom/encode.ts';
import { numberValue, textValue, type NewElement } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, MEDIA_STORAGE_DIRECTORY, encodingOf } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import type { SyntheticStudy } from './synthetic-study.ts';

/** A study, and the patient whom the index names for it. */
export interface DiscStudy {
  readonly study: SyntheticStudy;
  readonly patient: { readonly name: string; readonly id: string };
}

export interface DiscFile {
  /** Below the disc, with '/'. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A record before it has a place. `next` and `lower`: positions in the list of records; null: none. */
export interface DiscRecord {
  readonly type: string;
  readonly elements: readonly NewElement[];
  next: number | null;
  lower: number | null;
  isInUse: boolean;
}

const ENCODING = encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)!;

/** The first file is the DICOMDIR. */
export function syntheticDisc(
  studies: readonly DiscStudy[],
  bend: (records: DiscRecord[]) => void = () => undefined,
): readonly DiscFile[] {
  const records: DiscRecord[] = [];
  const files: DiscFile[] = [];
  let before: DiscRecord | null = null;
  for (const [nth, { study, patient }] of studies.entries()) {
    if (before !== null) before.next = records.length;
    before = record('PATIENT', [text(0x00100010, 'PN', patient.name), text(0x00100020, 'LO', patient.id)]);
    before.lower = records.length + 1;
    records.push(before, ...recordsOf(study, { folder: `ST${nth}`, at: records.length + 1 }));
    for (const { fileName, bytes } of study.instances) files.push({ path: `ST${nth}/${fileName}`, bytes });
  }
  bend(records);
  return [{ path: 'DICOMDIR', bytes: encodeDiscIndex(records) }, ...files];
}

/** STUDY, SERIES, IMAGE…: `at` is the position of the first one. */
function recordsOf(
  study: SyntheticStudy,
  { folder, at }: { readonly folder: string; readonly at: number },
): DiscRecord[] {
  const records = [
    record('STUDY', [
      text(0x00080020, 'DA', '20240229'),
      text(0x00081030, 'LO', 'Chest'),
      text(0x0020000d, 'UI', study.studyInstanceUID),
    ]),
  ];
  let series: DiscRecord = records[0]!;
  const bySeries = Map.groupBy(study.instances, ({ identifiers }) => identifiers.seriesInstanceUID);
  for (const [seriesInstanceUID, instances] of bySeries) {
    if (series === records[0]) series.lower = at + records.length;
    else series.next = at + records.length;
    series = record('SERIES', [text(0x00080060, 'CS', 'CT'), text(0x0020000e, 'UI', seriesInstanceUID)]);
    series.lower = at + records.length + 1;
    records.push(series);
    for (const { fileName, identifiers } of instances) {
      const image = record('IMAGE', [
        text(0x00041500, 'CS', folder, fileName),
        text(0x00041511, 'UI', identifiers.sopInstanceUID),
      ]);
      records.push(image);
      image.next = at + records.length;
    }
    records.at(-1)!.next = null;
  }
  return records;
}

export function record(type: string, elements: readonly NewElement[]): DiscRecord {
  return { type, elements, next: null, lower: null, isInUse: true };
}

export function text(tag: number, vr: string, ...values: readonly string[]): NewElement {
  return { tag, vr, value: textValue(vr, ...values) };
}

const number = (tag: number, vr: 'UL' | 'US', value: number): NewElement => ({
  tag,
  vr,
  value: numberValue(vr, [value], ENCODING),
});

/** Position → offset; a position that no record has leads outside. */
const OUTSIDE = 0xfffffff0;

export function encodeDiscIndex(records: readonly DiscRecord[]): Uint8Array<ArrayBuffer> {
  const meta = encodeFileMeta(
    {
      sopClassUID: MEDIA_STORAGE_DIRECTORY,
      sopInstanceUID: parseUid('SOPInstanceUID', '2.25.4711'),
    },
    EXPLICIT_VR_LITTLE_ENDIAN,
  );
  // Lengths do not depend on the offsets: a first writing finds the places, a second one names them.
  const lengths = records.map(
    (each) =>
      encodeElements(
        elementsOf(each, () => 0),
        ENCODING,
      ).length + 8,
  );
  const before = encodeElements(headOf(0), ENCODING).length;
  const places: number[] = [];
  let place = meta.length + before + 12;
  for (const length of lengths) {
    places.push(place);
    place += length;
  }
  const placeOf = (position: number | null): number =>
    position === null ? 0 : (places[position] ?? OUTSIDE);
  const sequence: NewElement = {
    tag: 0x00041220,
    vr: 'SQ',
    value: records.map((each) => elementsOf(each, placeOf)),
  };
  return concatBytes([
    meta,
    encodeElements(headOf(placeOf(records.length > 0 ? 0 : null)), ENCODING),
    encodeElement(sequence, ENCODING),
  ]) as Uint8Array<ArrayBuffer>;
}

const headOf = (first: number): NewElement[] => [
  text(0x00041130, 'CS', 'DISC'),
  number(0x00041200, 'UL', first),
  number(0x00041202, 'UL', first),
  number(0x00041212, 'US', 0),
];

/** In the order of the tags: the File ID belongs between the type and the keys. */
function elementsOf(
  { type, elements, next, lower, isInUse }: DiscRecord,
  placeOf: (position: number | null) => number,
): NewElement[] {
  return [
    number(0x00041400, 'UL', placeOf(next)),
    number(0x00041410, 'US', isInUse ? 0xffff : 0),
    number(0x00041420, 'UL', placeOf(lower)),
    text(0x00041430, 'CS', type),
    ...elements,
  ];
}
