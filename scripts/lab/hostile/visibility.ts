/**
 * Whether one account sees what another has brought: it asks every route that reads for the other's uploads,
 * studies and instances, and names them to hear that they are here.
 */
import { askAt, type Answer, type Door } from './door.ts';
import { announce, manifestOf, type Instance } from './send-instance.ts';
import type { Upload } from './victim.ts';

export type Brought = { readonly upload: Upload; readonly instances: readonly Named[] };
type Named = { readonly sopInstanceUID: string; readonly digest: string };

/** Routes of one thing answer so. */
const HIDDEN = ['upload-not-found', 'not-found', 'study-not-found', 'not-authenticated', 'not-allowed'];
/** The most uploads that one account is asked about each time. */
const UPLOADS_AT_ONCE = 2;

/** The newest uploads of the account that signed in here, with their instances. */
export async function broughtBy(door: Door): Promise<readonly Brought[]> {
  const { body } = await askAt(door, '/uploads');
  const { uploads = [] } = (body ?? {}) as { uploads?: readonly Upload[] };
  return Promise.all(
    uploads.slice(0, UPLOADS_AT_ONCE).map(async (upload) => {
      const status = await askAt(door, `/upload/${upload.uploadId}/status?instances=1`);
      const { instances = [] } = (status.body ?? {}) as { instances?: readonly Named[] };
      return { upload, instances: instances.slice(0, 10) };
    }),
  );
}

/** Promises that were not kept are forgotten; their room and their quota are free. */
export async function takeBackAll(door: Door): Promise<void> {
  const { body } = await askAt(door, '/uploads');
  const { uploads = [] } = (body ?? {}) as { uploads?: readonly (Upload & { state: string })[] };
  for (const { uploadId, state } of uploads)
    if (state === 'receiving') await askAt(door, `/upload/${uploadId}`, { method: 'DELETE' });
}

/**
 * A line for each thing of it that the one at the door saw; none is right. `heard`: all that the door's stream of
 * events has told.
 */
export async function seenOf(
  door: Door,
  brought: readonly Brought[],
  heard: string,
): Promise<readonly string[]> {
  const seen = await Promise.all(brought.map((one) => seenOfOne(door, one)));
  return [...seen.flat(), ...(await seenInLists(door, brought, heard))].map(
    (what) => `${door.who} sees ${what}`,
  );
}

async function seenOfOne(door: Door, { upload, instances }: Brought): Promise<readonly string[]> {
  const { uploadId, studyInstanceUID } = upload;
  const uid = instances[0]?.sopInstanceUID ?? studyInstanceUID;
  const paths = [
    `/upload/${uploadId}/status?instances=1`,
    `/upload/${uploadId}/receipt`,
    `/events?upload=${uploadId}`,
    `/jobs/${uploadId}`,
    `/results/${uploadId}`,
    `/results/${uploadId}/explanations/image`,
    `/results/${uploadId}/instances/${uid}`,
  ];
  const answers = await Promise.all(paths.map(async (path) => [path, await askAt(door, path)] as const));
  const open = answers
    .filter(([, answer]) => !isHidden(answer))
    .map(([path, { status }]) => `${path}: ${status}`);
  return [...open, ...(await seenByNaming(door, upload, instances))];
}

const isHidden = ({ status, code }: Answer): boolean => status === 401 || HIDDEN.includes(code ?? '');

/** `have` and `conflict` tell that bytes are here. The promise is taken back. */
async function seenByNaming(door: Door, upload: Upload, named: readonly Named[]): Promise<readonly string[]> {
  if (named.length === 0) return [];
  const instances = named.map(({ sopInstanceUID, digest }) => ({
    sopInstanceUID,
    digest,
    bytes: 1_000,
    seriesInstanceUID: '1.2.3',
    sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntaxUID: '1.2.840.10008.1.2.1',
  }));
  const manifest = { ...manifestOf([NOBODYS], { name: 'identified', version: 1 }), instances };
  const { status, body } = await announce(door, { ...manifest, studyInstanceUID: upload.studyInstanceUID });
  if (status !== 200) return [];
  const told = body as { uploadId: string; have: readonly object[]; conflict: readonly object[] };
  await askAt(door, `/upload/${told.uploadId}`, { method: 'DELETE' });
  return (['have', 'conflict'] as const)
    .filter((word) => told[word].length > 0)
    .map((word) => `${word} of ${told[word].length} instances by naming them`);
}

const NOBODYS: Instance = {
  studyInstanceUID: '1.2.3',
  seriesInstanceUID: '1.2.3',
  sopInstanceUID: '1.2.3',
  sopClassUID: '1.2.3',
  transferSyntaxUID: '1.2.3',
  bytes: new Uint8Array(1),
};

/** Lists, and what the stream of events has told until now: none of them names anything of it. */
async function seenInLists(
  door: Door,
  brought: readonly Brought[],
  heard: string,
): Promise<readonly string[]> {
  // Not by the study: one's own job names the study that it was asked about.
  const names = brought.flatMap(({ upload, instances }) => [
    upload.uploadId,
    ...instances.map(({ sopInstanceUID }) => sopInstanceUID),
  ]);
  const studies = brought.map(({ upload }) => `/results?study=${upload.studyInstanceUID}`);
  const lists = ['/uploads', '/uploads?all=1', '/jobs', '/results', '/audit', '/metrics', ...studies];
  const said = await Promise.all(
    lists.map(async (path) => [path, JSON.stringify((await askAt(door, path)).body)] as const),
  );
  return [...said, ['/events', heard] as const]
    .filter(([, text]) => names.some((name) => text.includes(name)))
    .map(([path]) => `${path}: it names an upload or an instance`);
}
