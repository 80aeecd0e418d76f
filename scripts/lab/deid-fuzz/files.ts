/**
 * Files to mutate: synthetic ones, and small ones of the corpus where there is one, each with identities
 * planted into it again. They are instances that the reader takes; mutations only know the places of their
 * elements.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { toNewElements, type SimpleElement } from '#shared/dicom/build-instance.ts';
import type { DicomElement, ParsedInstance } from '#shared/dicom/data-set.ts';
import { concatBytes, encodeElement, encodeFileMeta } from '#shared/dicom/encode.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import {
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '#shared/dicom/registry.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { BIRTH_DATE, plant } from '#testing/planted-identities.ts';

/** An element of a file: where it begins, where its value does, and where it ends. */
export type Stretch = {
  readonly tag: number;
  readonly offset: number;
  readonly valueOffset: number;
  readonly endOffset: number;
};

export type PlantedFile = {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** In the order of the bytes, items' elements too; empty where the Data Set is deflated. */
  readonly stretches: readonly Stretch[];
};

/** Larger ones cost time without being another kind of file. */
const LARGEST_BYTES = 24 * 1024;
/** The most files of one folder: they are alike. */
const PER_FOLDER = 4;

/**
 * Planted into each file, replacing its own values: elements that every hospital writes, a private block, UN
 * and an unknown attribute.
 */
const PLANTED: readonly SimpleElement[] = [
  [0x00080050, 'SH', plant(0)],
  [0x00080080, 'LO', plant(1)],
  [0x00080090, 'PN', `${plant(2)}^Dr`],
  [0x00081030, 'LO', `Follow-up of ${plant(3)}`],
  [
    0x00081140,
    'SQ',
    [
      [0x00081150, 'UI', '1.2.840.10008.5.1.4.1.1.2'],
      [0x00081155, 'UI', '1.2.3.4.5'],
      [0x00080104, 'LO', plant(4)],
    ],
  ],
  [0x00090010, 'LO', `${plant(5)} CREATOR`],
  [0x00091001, 'UN', new TextEncoder().encode(plant(6))],
  [0x00091002, 'OB', new TextEncoder().encode(`\0\x01${plant(7)}`)],
  [
    0x00091003,
    'SQ',
    [
      [0x00090010, 'LO', 'NOBODY'],
      [0x00091004, 'LO', plant(8)],
    ],
  ],
  [0x00100010, 'PN', `${plant(9)}^${plant(10)}`],
  [0x00100020, 'LO', plant(11)],
  [0x00100030, 'DA', BIRTH_DATE],
  [0x00101040, 'LO', plant(12)],
  [0x00104000, 'LT', `telephoned ${plant(13)}`],
  [0x0012aaaa, 'LO', plant(14)],
  [0x00204000, 'LT', plant(15)],
  [0x00321033, 'UN', new TextEncoder().encode(plant(16))],
  [
    0x00400275,
    'SQ',
    [
      [0x00321060, 'LO', plant(17)],
      [0x00400007, 'LO', plant(18)],
    ],
  ],
];

async function read(bytes: Uint8Array): Promise<ParsedInstance | null> {
  const outcome = await readInstance(bytesSource(bytes), undefined, 'replaced');
  return outcome.kind === 'ready' ? outcome.instance : null;
}

function stretchesOf(elements: readonly DicomElement[]): Stretch[] {
  return elements.flatMap(({ tag, offset, valueOffset, endOffset, items }) => [
    { tag, offset, valueOffset, endOffset },
    ...(items ?? []).flatMap((item) => stretchesOf(item.elements)),
  ]);
}

/** The file with the identities in it; null where it is no instance. */
async function planted(name: string, original: Uint8Array): Promise<PlantedFile | null> {
  const instance = await read(original);
  if (instance === null) return null;
  const { encoding, dataSet, elements, identifiers, transferSyntaxUID } = instance;
  const own = new Set(PLANTED.map(([tag]) => tag));
  const kept = await Promise.all(
    elements
      .filter(({ tag }) => !own.has(tag))
      .map(async ({ tag, offset, endOffset }) => ({
        tag,
        bytes: await dataSet.read(offset, endOffset - offset),
      })),
  );
  const added = toNewElements(PLANTED, encoding).map((element) => ({
    tag: element.tag,
    bytes: encodeElement(element, encoding),
  }));
  const body = concatBytes([...kept, ...added].sort((a, b) => a.tag - b.tag).map(({ bytes }) => bytes));
  const bytes = concatBytes([
    encodeFileMeta(identifiers, transferSyntaxUID),
    encoding.deflated ? deflateRawSync(body) : body,
  ]);
  const again = await read(bytes);
  return again && { name, bytes, stretches: encoding.deflated ? [] : stretchesOf(again.elements) };
}

function smallFilesOf(corpus: string): string[] {
  const dev = join(corpus, 'dev');
  return readdirSync(dev)
    .sort()
    .flatMap((folder) => {
      const paths = readdirSync(join(dev, folder), { recursive: true, encoding: 'utf8' })
        .sort()
        .map((name) => join(dev, folder, name));
      return paths
        .filter((path) => statSync(path).isFile() && statSync(path).size <= LARGEST_BYTES)
        .slice(0, PER_FOLDER);
    });
}

/** All of them; without a corpus the synthetic ones alone. */
export async function plantedFiles(corpus: string | null): Promise<readonly PlantedFile[]> {
  const synthetic = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN].map(
    (transferSyntaxUID, index) => {
      const [first] = syntheticStudy({
        seed: index,
        rows: 4,
        columns: 4,
        instancesPerSeries: 1,
        transferSyntaxUID,
      }).instances;
      return { name: `synthetic ${index}`, bytes: first!.bytes };
    },
  );
  const real =
    corpus === null
      ? []
      : smallFilesOf(corpus).map((path) => ({
          name: path.slice(corpus.length + 1),
          bytes: new Uint8Array(readFileSync(path)),
        }));
  const files = await Promise.all([...synthetic, ...real].map(({ name, bytes }) => planted(name, bytes)));
  return files.filter((file) => file !== null);
}
