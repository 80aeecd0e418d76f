/**
 * Synthetic studies for tests, end-to-end runs and benches: the same seed gives the same bytes. Identifying
 * values are planted in the header, in sequences, in private elements and in text, each with a token that
 * occurs nowhere else, so that a test can search any output for all of them.
 */
import { type BuiltImage, type SimpleElement, buildInstance } from '#shared/dicom/build-instance.ts';
import type { InstanceIdentifiers } from '#shared/dicom/data-set.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import type { StudyInstanceUID, TransferSyntaxUID } from '#shared/dicom/uid.ts';

export interface SyntheticPatient {
  readonly name: string;
  readonly id: string;
  /** Of the Patient ID. */
  readonly issuer?: string;
  /** YYYYMMDD. */
  readonly birthDate?: string;
}

export interface SyntheticOptions {
  /** Any integer; two studies of different seeds share no identifier. */
  readonly seed: number;
  readonly modality?: 'CT' | 'MR' | 'CR' | 'SC';
  readonly series?: number;
  readonly instancesPerSeries?: number;
  readonly rows?: number;
  readonly columns?: number;
  /** Number of the series whose instances say that text is burned into their pixels. */
  readonly burnedInSeries?: number;
  /** Number of the series whose instances do not say so; other captured screens say that there is none. */
  readonly undeclaredSeries?: number;
  /** More than 1 makes each instance a multi-frame secondary capture. */
  readonly frames?: number;
  /** A native one: implicit or explicit VR little endian, explicit VR big endian. */
  readonly transferSyntaxUID?: TransferSyntaxUID;
  /** Instead of the planted name and ID: for studies of one patient, or of two in one folder. */
  readonly patient?: SyntheticPatient;
}

export interface SyntheticInstance {
  /** A name as modalities write them, without identity in it. */
  readonly fileName: string;
  readonly identifiers: InstanceIdentifiers;
  readonly transferSyntaxUID: TransferSyntaxUID;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface SyntheticStudy {
  readonly studyInstanceUID: StudyInstanceUID;
  readonly instances: readonly SyntheticInstance[];
  /** Identifying values in every instance; none may be found where no one may read it. */
  readonly planted: readonly string[];
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function syntheticStudy(options: SyntheticOptions): SyntheticStudy {
  const {
    seed,
    modality = 'CT',
    series = 1,
    instancesPerSeries = 3,
    transferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN,
  } = options;
  const random = seededRandom(seed);
  const studyInstanceUID = parseUid('StudyInstanceUID', randomUid(random));
  const frameOfReferenceUID = randomUid(random);
  const identity = plantedIdentity(seed, options.patient);
  const instances: SyntheticInstance[] = [];
  for (let s = 1; s <= series; s++) {
    const seriesInstanceUID = parseUid('SeriesInstanceUID', randomUid(random));
    for (let i = 1; i <= instancesPerSeries; i++) {
      const sopClassUID =
        options.frames === undefined ? SOP_CLASSES[modality] : SOP_CLASSES.multiframeGrayscaleWordSC;
      const sopInstanceUID = parseUid('SOPInstanceUID', randomUid(random));
      const identifiers = { studyInstanceUID, seriesInstanceUID, sopInstanceUID, sopClassUID };
      const declared = declaredText(s, sopClassUID, options);
      const elements = [
        ...identity.elements,
        ...acquisition(modality, s, i),
        [0x00200052, 'UI', frameOfReferenceUID] as const,
        ...declared,
      ];
      const parts = buildInstance({
        identifiers,
        transferSyntaxUID,
        elements,
        image: noisyImage(options, random),
      });
      const fileName = `IM${String(s).padStart(3, '0')}${String(i).padStart(4, '0')}`;
      instances.push({
        fileName,
        identifiers,
        transferSyntaxUID,
        bytes: concatBytes(parts) as Uint8Array<ArrayBuffer>,
      });
    }
  }
  return { studyInstanceUID, instances, planted: identity.planted };
}

/** Burned In Annotation: only captured screens, whose kind often has names in the pixels, say NO. */
function declaredText(
  series: number,
  sopClassUID: string,
  { burnedInSeries, undeclaredSeries }: Pick<SyntheticOptions, 'burnedInSeries' | 'undeclaredSeries'>,
): SimpleElement[] {
  if (series === burnedInSeries) return [[0x00280301, 'CS', 'YES']];
  const isCapture = sopClassUID.startsWith('1.2.840.10008.5.1.4.1.1.7');
  return isCapture && series !== undeclaredSeries ? [[0x00280301, 'CS', 'NO']] : [];
}

export interface LargeInstance {
  readonly identifiers: InstanceIdentifiers;
  readonly blob: Blob;
}

const MEBIBYTE = 1024 * 1024;
const LARGE_ROWS = 1024;
const LARGE_COLUMNS = 512;

/**
 * A multi-frame instance of `mebibytes` of pixel data that takes one MiB of memory: its Blob names the same
 * frame again and again. Frames are 1024 × 512 pixels of 16 bits.
 */
export function largeInstance(mebibytes: number, seed: number): LargeInstance {
  const random = seededRandom(seed);
  const identifiers: InstanceIdentifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', randomUid(random)),
    seriesInstanceUID: parseUid('SeriesInstanceUID', randomUid(random)),
    sopInstanceUID: parseUid('SOPInstanceUID', randomUid(random)),
    sopClassUID: SOP_CLASSES.multiframeGrayscaleWordSC,
  };
  const frame = noise(MEBIBYTE, random);
  const image: BuiltImage = {
    rows: LARGE_ROWS,
    columns: LARGE_COLUMNS,
    frames: mebibytes,
    bitsAllocated: 16,
    pixels: frame,
  };
  const elements = [
    ...plantedIdentity(seed).elements,
    ...acquisition('SC', 1, 1),
    ...declaredText(1, identifiers.sopClassUID, {}),
  ];
  const parts = buildInstance({ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, elements, image });
  const at = parts.indexOf(frame);
  const header = concatBytes(parts.slice(0, at));
  // The last four bytes of the header are the length of Pixel Data.
  new DataView(header.buffer).setUint32(header.length - 4, mebibytes * MEBIBYTE, true);
  const repeated = new Blob([frame]);
  return {
    identifiers,
    blob: new Blob([header as Uint8Array<ArrayBuffer>, ...Array.from({ length: mebibytes }, () => repeated)]),
  };
}

function randomUid(random: () => number): string {
  let number = 0n;
  for (let i = 0; i < 4; i++) number = (number << 32n) | BigInt(Math.floor(random() * 2 ** 32));
  // PS3.5 §B.2: a UUID as one decimal component under 2.25.
  return `2.25.${number}`;
}

/** Bytes of noise that does not compress; 16-bit samples stay below 2^12. */
function noise(bytes: number, random: () => number): Uint8Array<ArrayBuffer> {
  const samples = new Uint16Array(bytes / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.floor(random() * 4096);
  return new Uint8Array(samples.buffer);
}

function noisyImage(options: SyntheticOptions, random: () => number): BuiltImage {
  const { rows = 64, columns = 64, frames } = options;
  const pixels = noise(rows * columns * (frames ?? 1) * 2, random);
  return {
    rows,
    columns,
    ...(frames === undefined ? {} : { frames }),
    bitsAllocated: 16,
    bitsStored: 12,
    pixels,
  };
}

function acquisition(modality: string, seriesNumber: number, instanceNumber: number): SimpleElement[] {
  const position = String(instanceNumber * 2.5);
  return [
    [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'],
    [0x00080020, 'DA', '20240229'],
    [0x00080030, 'TM', '101500'],
    [0x00080060, 'CS', modality],
    [0x00080064, 'CS', 'WSD'],
    [0x00080070, 'LO', 'Synthetic'],
    [0x0008103e, 'LO', `Series ${seriesNumber}`],
    [0x00180015, 'CS', 'CHEST'],
    [0x00180050, 'DS', '2.5'],
    [0x00180060, 'DS', '120'],
    [0x00185100, 'CS', 'HFS'],
    [0x00200010, 'SH', '1'],
    [0x00200012, 'IS', 1],
    [0x00200020, 'CS', 'L', 'P'],
    [0x00201040, 'LO', ''],
    [0x00281052, 'DS', '-1024'],
    [0x00281053, 'DS', '1'],
    [0x00200011, 'IS', seriesNumber],
    [0x00200013, 'IS', instanceNumber],
    [0x00200032, 'DS', '-100', '-100', position],
    [0x00200037, 'DS', '1', '0', '0', '0', '1', '0'],
    [0x00280030, 'DS', '0.78', '0.78'],
    [0x00281050, 'DS', '2048'],
    [0x00281051, 'DS', '4096'],
  ];
}

/** A token that stands for what identifies somebody at one place. */
type Plant = (where: string) => string;

/** Elements that hold identity in every way in which a Data Set can, and the values to look for. */
function plantedIdentity(
  seed: number,
  patient?: SyntheticPatient,
): { elements: SimpleElement[]; planted: string[] } {
  const planted: string[] = [];
  // Letters only from a rare corner of the alphabet: no keyword, UID or pixel value looks like this.
  const plant: Plant = (where) => {
    const token = `Qz${where}${(seed >>> 0).toString(36)}Xq`;
    planted.push(token);
    return token;
  };
  const name = patient?.name ?? `${plant('Family')}^${plant('Given')}`;
  const id = patient?.id ?? plant('Id');
  if (patient) planted.push(patient.name, patient.id);
  const elements = [
    ...hospitalElements(plant),
    ...patientElements(plant, { ...patient, name, id }),
    requestAttributes(plant),
    ...privateElements(plant),
  ];
  return { elements, planted };
}

function hospitalElements(plant: Plant): SimpleElement[] {
  return [
    [0x00080005, 'CS', 'ISO_IR 192'],
    [0x00080050, 'SH', plant('Acc')],
    [0x00080080, 'LO', plant('Institution')],
    [0x00080090, 'PN', `${plant('Referring')}^Dr`],
    [0x00081010, 'SH', plant('Stn')],
    [0x00081030, 'LO', `Follow-up of ${plant('StudyText')}`],
    [0x00081070, 'PN', plant('Operator')],
  ];
}

function patientElements(
  plant: Plant,
  { name, id, issuer, birthDate = '19570101' }: SyntheticPatient,
): SimpleElement[] {
  return [
    [0x00100010, 'PN', name],
    [0x00100020, 'LO', id],
    ...(issuer === undefined ? [] : [[0x00100021, 'LO', issuer] as const]),
    [0x00100030, 'DA', birthDate],
    [0x00100040, 'CS', 'F'],
    [0x00101000, 'LO', plant('OtherId')],
    [0x00101040, 'LO', `1 ${plant('Street')}`],
    [0x00104000, 'LT', `Telephoned ${plant('Comment')} at home`],
  ];
}

/** Request Attributes Sequence, with a code sequence in its item. */
function requestAttributes(plant: Plant): SimpleElement {
  return [
    0x00400275,
    'SQ',
    [
      [0x00321060, 'LO', plant('Requested')],
      [0x00400007, 'LO', plant('Scheduled')],
      [
        0x00400008,
        'SQ',
        [
          [0x00080100, 'SH', 'T-1'],
          [0x00080102, 'SH', '99QZ'],
          [0x00080104, 'LO', plant('CodeMeaning')],
        ],
      ],
    ],
  ];
}

function privateElements(plant: Plant): SimpleElement[] {
  return [
    [0x00290010, 'LO', 'SYNTHETIC HEADER'],
    [0x00291010, 'LO', plant('PrivateText')],
    [0x00291011, 'OB', new TextEncoder().encode(`blob ${plant('PrivateBytes')}`)],
    [0x00291012, 'UN', new TextEncoder().encode(plant('PrivateUnknown'))],
    [
      0x00291013,
      'SQ',
      [
        [0x00290010, 'LO', 'SYNTHETIC HEADER'],
        [0x00291020, 'LO', plant('PrivateNested')],
      ],
    ],
  ];
}
