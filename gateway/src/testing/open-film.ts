/**
 * A chest film of the evaluation set in the header of a paediatric DX, for the tests of results; and a study
 * sent to a test gateway.
 */
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import { SOP_CLASSES } from '#shared/dicom/registry.ts';
import { readImageFile } from '#shared/pixels/image-file.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import type { TestGateway } from './open-gateway.ts';
import { buildFilm } from './open-subject.ts';
import { packed, toManifest } from './pack-parcel.ts';

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
  const pixels = Uint8Array.from(grey, (value) => Math.round(value * 255));
  const image = { rows, columns, bitsAllocated: 8 as const, bitsStored: 8, pixels };
  const uid = (part: number): string => `2.25.${2_000_000 + seed}${part}`;
  return buildFilm({ uid, sopClassUID: SOP_CLASSES.DX, image }, [
    ...[[0x00080050, 'SH', `A${seed}`] as const, [0x00100020, 'LO', `FILM-${seed}`] as const],
    [0x00080090, 'PN', ''],
    ...more,
  ]);
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

/** Sends the manifest alone: the study is promised under this account, and nothing of it sent. */
export async function nameStudy(
  ask: Ask,
  token: string,
  instances: readonly SyntheticInstance[],
  triage?: DeviceTriage,
): Promise<string> {
  const manifest = toManifest(instances, 'identified', triage && { triage });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const init = await ask('/upload/init', { method: 'POST', headers, body: JSON.stringify(manifest) });
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
  const body = await packed(instances);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const headers = {
    authorization,
    'tus-resumable': '1.0.0',
    'content-type': 'application/offset+octet-stream',
    'upload-length': String(body.length),
    'upload-metadata': `upload ${base64(uploadId)},parcel ${base64(randomUUID())}`,
  };
  const sent = await ask('/upload/files', { method: 'POST', headers, body });
  if (sent.status !== 201) throw new Error(await sent.text());
  await ask(`/upload/${uploadId}/complete`, { method: 'POST', headers: { authorization } });
  return uploadId;
}
