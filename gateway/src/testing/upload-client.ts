/** The requests of a device that uploads, one function each, on a router without a server. */
import { randomUUID } from 'node:crypto';
import type { SealingKey, UploadStatus } from '#shared/protocol/api.ts';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import type { Router } from '../http/route.ts';
import { packed, sealedBytes, type SealedBytes } from './pack-parcel.ts';

type Headers = Readonly<Record<string, string>>;
type Body = RequestInit['body'];

/** `seal`: of a sealed parcel; `body`: the first bytes, which come with the creation. */
type Creation = { readonly seal?: SealedBytes['seal']; readonly body?: Body };

const TUS: Headers = { 'tus-resumable': '1.0.0' };
const OCTETS: Headers = { 'content-type': 'application/offset+octet-stream' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function createTusClient(app: Router) {
  const request = (method: string, path: string, body?: Body, headers: Headers = {}): Promise<Response> =>
    Promise.resolve(app.request(path, { method, headers, body: body ?? null }));
  return {
    request,
    create(upload: string, parcel: string, bytes: number, { seal, body }: Creation = {}) {
      const metadata = [
        `upload ${base64(upload)}`,
        `parcel ${base64(parcel)}`,
        ...(seal ? [`seal ${base64(seal.keyId)}`, `enc ${seal.enc}`] : []),
      ].join();
      return request('POST', '/upload/files', body ?? null, {
        ...TUS,
        ...(body ? OCTETS : {}),
        'upload-length': String(bytes),
        'upload-metadata': metadata,
      });
    },
    head: (location: string) => request('HEAD', `/upload/${location}`, null, TUS),
    patch(location: string, offset: number, body: Body, more: Headers = {}) {
      const headers = { ...TUS, ...OCTETS, 'upload-offset': String(offset), ...more };
      return request('PATCH', `/upload/${location}`, body, headers);
    },
  };
}

export function createUploadClient(app: Router, sealingKey: SealingKey) {
  const tus = createTusClient(app);
  const json = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const text = body === undefined ? null : JSON.stringify(body);
    const response = await tus.request(method, path, text, { 'content-type': 'application/json' });
    return (await response.json()) as T;
  };
  /** Creates one parcel and sends it whole; returns its location. */
  const sendBytes = async (
    upload: string,
    bytes: Uint8Array<ArrayBuffer>,
    parcel: string = randomUUID(),
    creation: Creation = {},
  ): Promise<string> => {
    const created = await tus.create(upload, parcel, bytes.length, creation);
    const location = created.headers.get('location') ?? '';
    await tus.patch(location, 0, bytes);
    return location;
  };
  return {
    ...tus,
    json,
    sendBytes,
    init: (manifest: Manifest) => json<ManifestAnswer>('POST', '/upload/init', manifest),
    status: (upload: string) => json<UploadStatus>('GET', `/upload/${upload}/status?instances=1`),
    send: async (upload: string, instances: readonly SyntheticInstance[], parcel?: string) =>
      sendBytes(upload, await packed(instances), parcel),
    /** Sends a parcel as a device does that keeps its parcels sealed. */
    async sendSealed(
      upload: string,
      plain: Uint8Array,
      parcel: string = randomUUID(),
      spoil: (sealed: Uint8Array) => void = () => undefined,
    ): Promise<string> {
      const { bytes, seal } = await sealedBytes(plain, sealingKey, parcel);
      spoil(bytes);
      return sendBytes(upload, bytes, parcel, { seal });
    },
  };
}
