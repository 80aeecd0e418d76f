/**
 * For the tests of results: a chest film, what a model might say of it, and the programs of others that read
 * what comes out.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import type { LungMasks } from '#shared/models/lung-fields.ts';
import type { Finding } from '#shared/protocol/inference.ts';
import { seededRandom, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { createResultUid } from '../dicom-results/result-uid.ts';
import type { ResultMaps, ResultSubject } from '../dicom-results/result-subject.ts';

/** `ofStudy`: the seed of the film whose study it belongs to. */
export type FilmOptions = {
  readonly seed: number;
  readonly ofStudy?: number;
  readonly rows?: number;
  readonly columns?: number;
  readonly frames?: number;
  readonly more?: readonly SimpleElement[];
};

/** A chest film, as a digital radiography unit writes it; several frames make it a capture. */
export function testFilm({
  seed,
  ofStudy = seed,
  rows = 96,
  columns = 80,
  frames,
  more = [],
}: FilmOptions): SyntheticInstance {
  const random = seededRandom(seed);
  const size = rows * columns * (frames ?? 1);
  const pixels = new Uint8Array(new Uint16Array(size).map(() => random() * 4096).buffer);
  const shape = { rows, columns, ...(frames !== undefined && { frames }) };
  const image = { ...shape, bitsAllocated: 16 as const, bitsStored: 12, pixels };
  const sopClassUID = frames === undefined ? SOP_CLASSES.DX : SOP_CLASSES.multiframeGrayscaleWordSC;
  const uid = (part: number) => `2.25.${1_000_000 + (part === 1 ? ofStudy : seed)}${part}`;
  return buildFilm({ uid, sopClassUID, image }, [
    ...[[0x00080050, 'SH', `A${seed}`] as const, [0x00100020, 'LO', `FILM-${seed}`] as const],
    ...[[0x00080070, 'LO', 'Synthetic'] as const, [0x00200020, 'CS', 'L', 'F'] as const],
    ...more,
  ]);
}

/** Elements of a paediatric DX; given ones replace them. */
const HEADER: readonly SimpleElement[] = [
  [0x00080020, 'DA', '20240229'],
  [0x00080030, 'TM', '101500'],
  [0x00080060, 'CS', 'DX'],
  [0x00080090, 'PN', 'Referring^Doctor'],
  [0x00100010, 'PN', 'Film^Child'],
  [0x00100030, 'DA', '20210101'],
  [0x00100040, 'CS', 'F'],
  [0x00101010, 'AS', '003Y'],
  [0x00180015, 'CS', 'CHEST'],
  [0x00185101, 'CS', 'AP'],
  [0x00200010, 'SH', '1'],
  [0x00200011, 'IS', 1],
  [0x00200013, 'IS', 1],
  [0x00280301, 'CS', 'NO'],
];
type Film = {
  /** UIDs of the study, the series and the instance: 1, 2 and 3. */
  readonly uid: (part: number) => string;
  readonly sopClassUID: SyntheticInstance['identifiers']['sopClassUID'];
  readonly image: NonNullable<Parameters<typeof buildInstance>[0]['image']>;
};
/** Builds the film. If two elements have one tag, the last one counts. */
export function buildFilm(
  { uid, sopClassUID, image }: Film,
  own: readonly SimpleElement[],
): SyntheticInstance {
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', uid(1)),
    seriesInstanceUID: parseUid('SeriesInstanceUID', uid(2)),
    sopInstanceUID: parseUid('SOPInstanceUID', uid(3)),
    sopClassUID,
  };
  const elements = [...new Map([...HEADER, ...own].map((one) => [one[0], one])).values()];
  const transferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN;
  const bytes = concatBytes(buildInstance({ identifiers, transferSyntaxUID, elements, image }));
  return { fileName: 'film', identifiers, transferSyntaxUID, bytes: bytes as Uint8Array<ArrayBuffer> };
}

const BASIC_PROFILE: readonly SimpleElement[] = [
  [0x00080100, 'SH', '113100'],
  [0x00080102, 'SH', 'DCM'],
  [0x00080104, 'LO', 'Basic Profile'],
];
/** The film after de-identification. */
export const DEIDENTIFIED: readonly SimpleElement[] = [
  [0x00100010, 'PN', 'RP-0123456789ABCDEFGHJKMNPQRS'],
  [0x00100020, 'LO', 'RP-0123456789ABCDEFGHJKMNPQRS'],
  [0x00080020, 'DA', '20190704'],
  [0x00080090, 'PN'],
  [0x00100030, 'DA'],
  [0x00120062, 'CS', 'YES'],
  [0x00120063, 'LO', 'PS3.15 Basic Profile'],
  [0x00120064, 'SQ', BASIC_PROFILE],
  [0x00280303, 'CS', 'MODIFIED'],
];

const digestOf = (digit: string): string => digit.repeat(64);
const modelOf = (id: string, digit: string) => ({ id, version: '1.0.0', digest: digestOf(digit) });

export async function testSubject(
  bytes: Uint8Array,
  more: Partial<Finding> = {},
  frame = 0,
): Promise<ResultSubject> {
  const read = await readInstance(bytesSource(bytes), undefined, 'replaced');
  if (read.kind === 'refused') throw new Error(read.because);
  const source = read.instance;
  const { rows, columns } = describeInstance(source);
  const finding: Finding = {
    model: { ...modelOf('pneumonia', 'a'), runtime: 'onnxruntime-node 1.30.0 cpu' },
    input: { digest: digestOf('0'), kind: 'dicom', rows: rows ?? 0, columns: columns ?? 0, frame },
    image: { kind: 'CXR', probability: 0.991 },
    population: 'inside',
    film: ['rotated'],
    probabilities: [
      { name: 'normal', probability: 0.07123 },
      { name: 'bacterial pneumonia', probability: 0.9 },
      { name: 'viral pneumonia', probability: 0.02877 },
    ],
    score: 0.92877,
    threshold: 0.212,
    positive: true,
    lungs: { fraction: 0.3, right: { fraction: 0.16, marked: 0.25 }, left: { fraction: 0.14, marked: null } },
    camPeak: [3, 4],
    explanations: ['cam', 'lung-fields'],
    completeness: null,
    rationale: ['The map marks 25 % of the right lung – mostly low.'],
    limits: ['Children of 1 to 5 years only.'],
    warnings: [],
    intendedUse: 'Demonstration and triage order only. NOT FOR DIAGNOSTIC USE.',
    ...more,
  };
  return {
    ...{ source, finding },
    models: [modelOf('image-kind', 'b'), modelOf('pneumonia', 'a'), modelOf('lung-fields', 'c')],
    at: new Date('2026-11-20T10:00:00Z'),
    softwareVersion: '0.1.0',
    uid: createResultUid(new Uint8Array(32).fill(7)),
    key: 'what was asked',
  };
}

/** Two ellipses, the right lung on the left of the picture. */
export function testMasks(side = 128): LungMasks {
  const ellipse = (middle: number) =>
    Uint8Array.from({ length: side * side }, (_, i) => {
      const y = Math.floor(i / side) / side - 0.5;
      const x = (i % side) / side - middle;
      return (y / 0.36) ** 2 + (x / 0.16) ** 2 <= 1 ? 1 : 0;
    });
  return { side, right: ellipse(0.28), left: ellipse(0.72) };
}

export function testMaps(): ResultMaps {
  const rows = 120;
  const columns = 100;
  return {
    lungs: testMasks(),
    heatMap: { rows, columns, rgb: new Uint8Array(rows * columns * 3).map((_, i) => (i * 7) % 256) },
  };
}

export type Read = { readonly text: string; readonly code: number };

/**
 * The output of another program about a file with these bytes, on both its streams; null where it is not installed.
 */
export function askProgram(program: string, args: readonly string[], bytes: Uint8Array): Read | null {
  const folder = mkdtempSync(join(tmpdir(), 'relay-result-'));
  try {
    const path = join(folder, 'result.dcm');
    writeFileSync(path, bytes);
    const limits = { maxBuffer: 256 * 1024 * 1024 };
    const { error, stdout, stderr, status } = spawnSync(program, [...args, path], limits);
    return error ? null : { text: `${stdout}${stderr}`, code: status ?? -1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
