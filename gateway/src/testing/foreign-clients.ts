/** Clients of a test gateway that are not ours: scripts with a key that store by STOW-RS, or send files by tus. */
import type { FileStatus } from '#shared/protocol/api.ts';
import { until } from '#testing/gateway-under-test.ts';
import { createFile, fileKey } from '../pipeline/spool/file-spool.ts';
import { setReceived } from '../pipeline/stores/sent-file.store.ts';
import { createTestKey } from './open-api-key.ts';
import type { TestGateway } from './open-gateway.ts';
import type { TestPipeline } from './open-pipeline.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

/** A technician's script: `token` is the technician's own session. */
export async function openScript(gateway: TestGateway) {
  const { user, accessToken: token } = await gateway.userWith(['technician']);
  return { user, token, key: await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] }) };
}

/** The parts of a store request, or a body of another kind. */
export type Stored = {
  readonly files: readonly Bytes[] | Blob | string | ReadableStream;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
};
const BOUNDARY = 'a boundary+of(a client)';
export const STOW_TYPE = `multipart/related; type="application/dicom"; boundary="${BOUNDARY}"`;
export function bodyOf(files: readonly Bytes[]): Blob {
  const head = `--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`;
  return new Blob([...files.flatMap((bytes) => [head, bytes, '\r\n']), `--${BOUNDARY}--`]);
}
export const storeByStow = async (
  { api }: Pick<TestGateway, 'api'>,
  token: string,
  { files, path = '/dicom-web/studies?policy=identified', headers }: Stored,
): Promise<Response> =>
  api.request(`http://localhost${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': STOW_TYPE,
      ...headers,
    },
    body: Array.isArray(files) ? bodyOf(files) : (files as Blob),
    ...(files instanceof ReadableStream && { duplex: 'half' }),
  });

/** Stores it, and does so again while the gateway answers that the PACS has not confirmed it yet. */
export const storeConfirmed = (...request: Parameters<typeof storeByStow>): Promise<Response> =>
  until('the PACS to confirm it', async () => {
    const answer = await storeByStow(...request);
    return answer.status !== 202 && answer;
  });

export type Announced = {
  readonly name: string;
  readonly bytes: number;
  readonly policy?: string;
  readonly reason?: string;
};
const TUS = { 'tus-resumable': '1.0.0' };
const metadataOf = (said: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(said)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${Buffer.from(value!).toString('base64')}`)
    .join();

export const announceFile = (
  gateway: TestGateway,
  token: string,
  { name: filename, bytes, policy, reason }: Announced,
): Promise<Response> => {
  const metadata = metadataOf({ filename, filetype: 'application/octet-stream', policy, reason });
  const headers = { ...TUS, 'upload-length': String(bytes), 'upload-metadata': metadata };
  return gateway.call('POST', '/upload/files', { token, headers });
};

/** The id of the file that is created. */
export async function createdFile(gateway: TestGateway, token: string, of: Announced): Promise<string> {
  const answer = await announceFile(gateway, token, of);
  if (answer.status !== 201) throw new Error(await answer.text());
  return answer.headers.get('location')!.split('/').at(-1)!;
}

export const patchFile = (
  gateway: TestGateway,
  token: string,
  { id, offset = 0, bytes }: { readonly id: string; readonly offset?: number; readonly bytes: Bytes },
): Promise<Response> => {
  const headers = { ...TUS, 'upload-offset': `${offset}`, 'content-type': 'application/offset+octet-stream' };
  return gateway.call('PATCH', `/upload/files/${id}`, { token, headers, form: bytes });
};

/** All of it; its id. */
export async function sendFile(
  gateway: TestGateway,
  token: string,
  {
    bytes,
    name = 'a.dcm',
    policy = 'identified',
  }: Partial<Omit<Announced, 'bytes'>> & { readonly bytes: Bytes },
): Promise<string> {
  const id = await createdFile(gateway, token, { name, bytes: bytes.length, policy });
  const answer = await patchFile(gateway, token, { id, bytes });
  if (answer.status !== 204) throw new Error(await answer.text());
  return id;
}

export async function fileStatus(gateway: TestGateway, token: string, id: string): Promise<FileStatus> {
  const answer = await gateway.call('GET', `/upload/${id}/status`, { token });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as FileStatus;
}

/** The row of a file of the pipeline's account as it begins. */
export const fileOf = ({ siteId, accountId }: Pick<TestPipeline, 'siteId' | 'accountId'>) => ({
  ...{ site_id: siteId, account_id: accountId, device_id: null, key_id: null, bytes: 0, reason: null },
  ...{ policy_name: 'identified', policy_version: 1, form: { kind: 'instance' as const } },
  expires_at: new Date(Date.now() + 3_600_000),
});

/** A file of these pieces that waits to be opened; its id. */
export async function receivedFile(
  pipeline: TestPipeline,
  pieces: AsyncIterable<Uint8Array>,
  more: Partial<Parameters<typeof createFile>[1]> = {},
) {
  const { tools } = pipeline;
  const file = await createFile(tools, { ...fileOf(pipeline), ...more });
  const { id } = file;
  const bytes = await tools.blobs.append(id, fileKey(tools, file), 0, pieces);
  await tools.db.transaction().execute((trx) => setReceived(trx, { id, bytes, now: new Date() }));
  return id;
}
