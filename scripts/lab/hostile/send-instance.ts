/** Sends an instance as its device would: announced, one parcel, complete; then its end is awaited. */
import { randomUUID } from 'node:crypto';
import type { ManifestInstance } from '#shared/protocol/manifest.ts';
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import { createBoundary, packParcel, type PackedInstance } from '#shared/transfer/parcel.ts';
import { until } from '#testing/gateway-under-test.ts';
import { sha256 } from '#testing/sha256.ts';
import { askAt, type Answer, type Door } from './door.ts';

export type Instance = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
  readonly sopClassUID: string;
  readonly transferSyntaxUID: string;
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const TUS = { 'tus-resumable': '1.0.0' };

export function manifestOf(instances: readonly Instance[], policy: { name: string; version: number }) {
  return {
    protocolVersion: PROTOCOL_VERSION,
    policy,
    studyInstanceUID: instances[0]!.studyInstanceUID,
    instances: instances.map(
      ({ bytes, studyInstanceUID: _, ...uids }): ManifestInstance => ({
        ...uids,
        bytes: bytes.length,
        digest: sha256(bytes),
      }),
    ),
  };
}

export function announce(door: Door, manifest: object): Promise<Answer> {
  return askAt(door, '/upload/init', { method: 'POST', json: manifest });
}

export const createParcel = (door: Door, uploadId: string, bytes: number): Promise<Answer> =>
  create(door, { upload: uploadId, parcel: randomUUID() }, bytes);

/** A file that nobody has announced: `filename`, `policy`. */
export function create(door: Door, named: Readonly<Record<string, string>>, bytes: number): Promise<Answer> {
  const metadata = Object.entries(named).map(([name, value]) => `${name} ${base64(value)}`);
  const headers = { ...TUS, 'upload-length': String(bytes), 'upload-metadata': metadata.join() };
  return askAt(door, '/upload/files', { method: 'POST', headers });
}

export function patchParcel(door: Door, location: string, parcel: Blob): Promise<Answer> {
  const headers = { ...TUS, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' };
  return askAt(door, `/upload/${location}`, { method: 'PATCH', headers, body: parcel });
}

type Code = (instance: Instance) => PackedInstance['coding'];

/** `code`: what travels in place of the instance. */
export const parcelOf = (instances: readonly Instance[], code?: Code): Blob =>
  packParcel(
    createBoundary(),
    instances.map((one) => {
      const coding = code?.(one);
      const plain = { ...one, digest: sha256(one.bytes), bytes: new Blob([one.bytes]) };
      return coding === undefined ? plain : { ...plain, coding };
    }),
  );

/** Creation and one PATCH. The code of a refusal of the creation, or null. */
export async function sendParcel(door: Door, uploadId: string, parcel: Blob): Promise<string | null> {
  const created = await createParcel(door, uploadId, parcel.size);
  const { location } = (created.body ?? {}) as { location?: string };
  if (location === undefined) return created.code ?? String(created.status);
  await patchParcel(door, location, parcel);
  return null;
}

type Status = { readonly state: string; readonly instances?: readonly { state: string; reason?: string }[] };

type Policy = { readonly name: string; readonly version: number };
export const NOT_SETTLED = 'not-settled';

/** The states of the instances, or their reasons, when nothing more happens to them; a refusal's code. */
export async function sendInstances(
  door: Door,
  instances: readonly Instance[],
  policy: Policy,
  code?: Code,
): Promise<readonly string[]> {
  const sent = await sendAll(door, instances, policy, code);
  return 'refused' in sent ? [sent.refused] : endsOf(door, sent.uploadId);
}

/** Announced, sent and complete, or the code of the refusal. */
export async function sendAll(
  door: Door,
  instances: readonly Instance[],
  policy: Policy,
  code?: Code,
): Promise<{ readonly uploadId: string } | { readonly refused: string }> {
  const announced = await announce(door, manifestOf(instances, policy));
  if (announced.status !== 200) return { refused: announced.code ?? String(announced.status) };
  const { uploadId, need } = announced.body as { uploadId: string; need: readonly object[] };
  const refused = need.length === 0 ? null : await sendParcel(door, uploadId, parcelOf(instances, code));
  if (refused !== null) return { refused };
  await askAt(door, `/upload/${uploadId}/complete`, { method: 'POST', json: {} });
  return { uploadId };
}

/** The states of the upload's instances, or their reasons; NOT_SETTLED where it took too long. */
export async function endsOf(door: Door, uploadId: string): Promise<readonly string[]> {
  const settled = await until(
    'an upload to be settled',
    async () => {
      const { body } = await askAt(door, `/upload/${uploadId}/status?instances=1`);
      const status = body as Status;
      return (status.state === 'closed' || status.state === 'held') && status;
    },
    200,
  ).catch(() => null);
  if (settled === null) return [NOT_SETTLED];
  return (settled.instances ?? []).map(({ state, reason }) => reason ?? state);
}
