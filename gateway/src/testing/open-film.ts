/**
 * A chest film of the evaluation set in the header of a paediatric DX, for the tests of results; and a study
 * sent to a test gateway.
 */
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { readImageFile } from '#shared/pixels/image-file.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import { createBoundary, packParcel } from '#shared/transfer/parcel.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import type { TestGateway } from './open-gateway.ts';

const EVALUATION = fileURLToPath(new URL('../../../../shared/models/eval/', import.meta.url));

/** The answer of a device whose models mark the image for early reading. */
export const MARKED: DeviceTriage = {
  ...{ models: [], runtime: 'onnxruntime-web 1.30.0 wasm', population: 'inside', score: 0.9 },
  ...{ first: true, film: [] },
};

/** Null where the evaluation set is not there. */
export async function evaluationFilm(
  name: string,
  seed: number,
  more: readonly SimpleElement[] = [],
): Promise<SyntheticInstance | null> {
  const file = readOrNull(EVALUATION + name);
  const read = file && (await readImageFile(file));
  if (read?.kind !== 'picture') return null;
  const { rows, columns, grey } = read.picture;
  const uid = (part: number): string => `2.25.${2_000_000 + seed}${part}`;
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', uid(1)),
    seriesInstanceUID: parseUid('SeriesInstanceUID', uid(2)),
    sopInstanceUID: parseUid('SOPInstanceUID', uid(3)),
    sopClassUID: SOP_CLASSES.DX,
  };
  const given = new Set(more.map(([tag]) => tag));
  const standing: SimpleElement[] = [
    [0x00080020, 'DA', '20240229'],
    [0x00080030, 'TM', '101500'],
    [0x00080050, 'SH', `A${seed}`],
    [0x00080060, 'CS', 'DX'],
    [0x00080090, 'PN', ''],
    [0x00100010, 'PN', 'Film^Child'],
    [0x00100020, 'LO', `FILM-${seed}`],
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
  const elements = [...standing.filter(([tag]) => !given.has(tag)), ...more];
  const image = {
    rows,
    columns,
    bitsAllocated: 8 as const,
    bitsStored: 8,
    pixels: Uint8Array.from(grey, (value) => Math.round(value * 255)),
  };
  const bytes = concatBytes(
    buildInstance({ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, elements, image }),
  ) as Uint8Array<ArrayBuffer>;
  return { fileName: 'film', identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, bytes };
}

function readOrNull(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/** `fetch` at a gateway, by the path. */
type Ask = (path: string, init: RequestInit) => Promise<Response>;
export const askOf =
  (gateway: Pick<TestGateway, 'api'>): Ask =>
  async (path, init) =>
    gateway.api.request(`http://localhost${path}`, init);

/** Its manifest alone: the study is promised under this account, and nothing of it sent. */
export async function nameStudy(
  ask: Ask,
  token: string,
  instances: readonly SyntheticInstance[],
  triage?: DeviceTriage,
): Promise<string> {
  const manifest = {
    protocolVersion: 1,
    policy: { name: 'identified', version: 1 },
    studyInstanceUID: instances[0]!.identifiers.studyInstanceUID,
    instances: instances.map(
      ({ identifiers: { sopInstanceUID, seriesInstanceUID, sopClassUID }, transferSyntaxUID, bytes }) => ({
        sopInstanceUID,
        seriesInstanceUID,
        sopClassUID,
        transferSyntaxUID,
        bytes: bytes.length,
        digest: sha256(bytes),
        triage,
      }),
    ),
  };
  const authorization = `Bearer ${token}`;
  const init = await ask('/upload/init', {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(manifest),
  });
  return ((await init.json()) as ManifestAnswer).uploadId;
}

/**
 * The study as a device sends it, under `identified`, with what its own models said of each instance; its
 * upload's id.
 */
export async function sendStudy(
  ask: Ask,
  token: string,
  instances: readonly SyntheticInstance[],
  triage?: DeviceTriage,
): Promise<string> {
  const authorization = `Bearer ${token}`;
  const uploadId = await nameStudy(ask, token, instances, triage);
  const parts = instances.map(({ identifiers, transferSyntaxUID, bytes }) => ({
    sopInstanceUID: identifiers.sopInstanceUID,
    digest: sha256(bytes),
    transferSyntaxUID,
    bytes: new Blob([bytes as Uint8Array<ArrayBuffer>]),
  }));
  const body = packParcel(createBoundary(), parts);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const headers = {
    authorization,
    'tus-resumable': '1.0.0',
    'content-type': 'application/offset+octet-stream',
    'upload-length': String(body.size),
    'upload-metadata': `upload ${base64(uploadId)},parcel ${base64(randomUUID())}`,
  };
  const sent = await ask('/upload/files', {
    method: 'POST',
    headers,
    body: Buffer.concat(await Array.fromAsync(body.stream())),
  });
  if (sent.status !== 201) throw new Error(await sent.text());
  await ask(`/upload/${uploadId}/complete`, { method: 'POST', headers: { authorization } });
  return uploadId;
}
