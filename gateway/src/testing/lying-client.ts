/**
 * A client that looks at nothing: it sends any bytes as an instance, with true size and digest and with
 * identifiers that the bytes name where those are UIDs at all, else invented ones. It ignores every answer.
 * For tests of the faults that the gateway must find without the client's help.
 */
import { randomUUID } from 'node:crypto';
import { uploadStatusSchema, type InstanceStatus, type UploadStatus } from '#shared/protocol/api.ts';
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import { manifestAnswerSchema, type ManifestInstance } from '#shared/protocol/manifest.ts';
import { isUid } from '#shared/dicom/uid.ts';
import { createBoundary, packParcel } from '#shared/transfer/parcel.ts';
import { PATIENCE_MS } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { sha256 } from '#testing/sha256.ts';

export type Door = { readonly api: string; readonly token: string };
type Claim = ManifestInstance & { readonly studyInstanceUID: string };
type Lies = Partial<Claim> & { readonly policy?: string };
type State = UploadStatus['state'];

export type LyingOutcome =
  /** The manifest itself was refused. */
  | { readonly kind: 'problem'; readonly status: number; readonly code: string }
  | { readonly kind: 'settled'; readonly instance: InstanceStatus | undefined };

const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2';
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
/** PS3.5 §B.2: a UUID as one decimal component under 2.25. */
const inventUid = (): string => `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;

/** The first value of an element as it stands in explicit VR little endian, found by its bytes alone. */
function uidIn(bytes: Buffer, group: number, element: number, otherwise: string): string {
  const header = Buffer.from([group & 0xff, group >> 8, element & 0xff, element >> 8, 0x55, 0x49]);
  const at = bytes.indexOf(header);
  if (at < 0 || at + 8 > bytes.length) return otherwise;
  const value = bytes.toString('latin1', at + 8, at + 8 + bytes.readUInt16LE(at + 6)).replace(/\0$/, '');
  return isUid(value) ? value : otherwise;
}

export function claimsFor(bytes: Uint8Array): Claim {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    studyInstanceUID: uidIn(buffer, 0x0020, 0x000d, inventUid()),
    seriesInstanceUID: uidIn(buffer, 0x0020, 0x000e, inventUid()),
    sopInstanceUID: uidIn(buffer, 0x0008, 0x0018, inventUid()),
    sopClassUID: uidIn(buffer, 0x0008, 0x0016, CT_IMAGE_STORAGE),
    transferSyntaxUID: uidIn(buffer, 0x0002, 0x0010, EXPLICIT_VR_LITTLE_ENDIAN),
    bytes: bytes.length,
    digest: sha256(bytes),
  };
}

/** Settled takes a tenth to a fifth of a second; each question costs the gateway milliseconds. */
const ASKED_EVERY_MS = 100;

async function ask(
  door: Door,
  path: string,
  init: { method?: string; body?: string | Blob; headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(`${door.api}${path}`, {
    ...init,
    signal: AbortSignal.timeout(PATIENCE_MS),
    headers: { authorization: `Bearer ${door.token}`, ...init.headers },
  });
}

/** Creation and one PATCH, whatever the answers: an unwanted parcel is tried too. */
async function push(door: Door, uploadId: string, parcel: Blob): Promise<void> {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const metadata = `upload ${encode(uploadId)},parcel ${encode(randomUUID())}`;
  const tus = { 'tus-resumable': '1.0.0' };
  const created = await ask(door, '/upload/files', {
    method: 'POST',
    headers: { ...tus, 'upload-length': String(parcel.size), 'upload-metadata': metadata },
  });
  await created.body?.cancel();
  const location = created.headers.get('location');
  if (location === null) return;
  const headers = { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' };
  const patched = await ask(door, `/upload/${location}`, { method: 'PATCH', headers, body: parcel });
  await patched.body?.cancel();
}

const isSettled = (state: State): boolean => state === 'closed' || state === 'held';

/**
 * Sends the bytes and waits until nothing more happens to them, or until their study is in a state that `isEnd` names.
 * Throws where the gateway does not answer, or comes to no end within a minute.
 */
export async function sendUnchecked(
  door: Door,
  bytes: Uint8Array<ArrayBuffer>,
  { policy = 'identified', ...lies }: Lies = {},
  isEnd: (state: State) => boolean = isSettled,
): Promise<LyingOutcome> {
  const { studyInstanceUID, ...claim } = { ...claimsFor(bytes), ...lies };
  const promise = { protocolVersion: PROTOCOL_VERSION, policy: { name: policy, version: 1 } };
  const manifest = { ...promise, studyInstanceUID, instances: [claim] };
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
  const announced = await ask(door, '/upload/init', { ...post, body: JSON.stringify(manifest) });
  const answer: unknown = await announced.json();
  if (!announced.ok)
    return { kind: 'problem', status: announced.status, code: (answer as { code: string }).code };
  const { uploadId } = manifestAnswerSchema.parse(answer);
  await push(door, uploadId, packParcel(createBoundary(), [{ ...claim, bytes: new Blob([bytes]) }]));
  const complete = await ask(door, `/upload/${uploadId}/complete`, { ...post, body: '{}' });
  await complete.body?.cancel();
  const settled = async () => {
    const asked = await ask(door, `/upload/${uploadId}/status?instances=1`);
    const now = uploadStatusSchema.parse(await asked.json());
    return isEnd(now.state) && now;
  };
  const status = await until('the study to be settled', settled, ASKED_EVERY_MS);
  return { kind: 'settled', instance: status.instances?.find(({ digest }) => digest === claim.digest) };
}
