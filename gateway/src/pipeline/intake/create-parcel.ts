/**
 * tus creation: finds the upload that a parcel belongs to, checks whether the parcel may be announced, and inserts its
 * row. A creation that is repeated under the device's id for the parcel finds the existing row.
 */
import { INSTANCE_BYTES_LIMIT } from '#shared/protocol/manifest.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { createOpener, openedSize, SealKeyError } from '#shared/transfer/seal.ts';
import { StorageFull } from '../../ports/blobs/blobs.ts';
import { removeUnfinished } from '../stores/parcel-blobs.ts';
import {
  findDeviceParcel,
  findUpload,
  insertParcel,
  plainBytes,
  setAsideDamaged,
  type OwnedParcel,
  type UploadRow,
} from '../stores/parcel.store.ts';
import { isCarried, isCarrier } from '../stores/carrier.store.ts';
import { isInForce } from '../../policies/policies.ts';
import type { UploadOwner } from '../stores/upload-owner.ts';
import { lockStudy } from '../stores/study.store.ts';
import type { PipelineTools, SealingKeys } from '../plan/pipeline-tools.ts';
import { checkAnnounced, reserveRoom } from './parcel-room.ts';

/** An instance and the headers around it; a sealed parcel is measured after it is opened. */
export const PARCEL_BYTES_LIMIT = INSTANCE_BYTES_LIMIT + 64 * 1024;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => UUID.test(text);

/** There is no room for a parcel of this study. */
export class StudyStorageFull extends StorageFull {
  readonly studyId: string;
  constructor(studyId: string, cause: unknown) {
    super(cause);
    this.studyId = studyId;
  }
}

type Seal = { readonly keyId: string; readonly enc: string };
type Announced = {
  readonly uploadId: string;
  readonly deviceParcelId: string;
  readonly bytes: number;
  readonly seal: Seal | null;
};

/**
 * `Upload-Metadata` (tus 1.0 Creation): comma-separated pairs of a key and a value in base64; `enc` is bytes,
 * the others are text.
 */
function parseMetadata(header: string | null): Pick<Announced, 'uploadId' | 'deviceParcelId' | 'seal'> {
  const values = new Map(
    (header ?? '').split(',').map((pair): [string, Buffer] => {
      const [key = '', value = ''] = pair.trim().split(/ +/);
      return [key, Buffer.from(value, 'base64')];
    }),
  );
  const uploadId = (values.get('upload') ?? '').toString().toLowerCase();
  const deviceParcelId = (values.get('parcel') ?? '').toString().toLowerCase();
  if (!isUuid(uploadId) || !isUuid(deviceParcelId))
    throw new Problem(
      'invalid-request',
      values.has('upload') || values.has('parcel')
        ? 'A parcel needs `upload` and `parcel` in Upload-Metadata: two UUIDs, each in base64.'
        : 'Upload-Metadata has no filename: add `filename` and the file’s name in base64. A parcel needs `upload` and `parcel`.',
    );
  const keyId = values.get('seal')?.toString();
  const enc = values.get('enc')?.toString('base64');
  if ((keyId === undefined) !== (enc === undefined))
    throw new Problem('invalid-request', 'Upload-Metadata has one of seal and enc without the other.');
  return { uploadId, deviceParcelId, seal: keyId === undefined || enc === undefined ? null : { keyId, enc } };
}

function parseAnnounced(headers: Headers): Announced & { readonly plainBytes: number } {
  const named = parseMetadata(headers.get('upload-metadata'));
  const bytes = Number(headers.get('upload-length') ?? NaN);
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new Problem('invalid-request', 'Upload-Length is missing or no length.');
  const plain = named.seal === null ? bytes : openedSize(bytes);
  if (plain === null || plain < 1)
    throw new Problem('invalid-request', 'No sealed parcel has this Upload-Length.');
  if (plain > PARCEL_BYTES_LIMIT) throw new Problem('body-too-large');
  return { ...named, bytes, plainBytes: plain };
}

/** Throws if the parcel could never be opened, before its first byte is sent. */
async function checkSeal({ seal, deviceParcelId }: Announced, keys: SealingKeys): Promise<void> {
  if (seal === null) return;
  const key = keys.get(seal.keyId);
  if (key === undefined) throw new Problem('seal-key-unknown');
  await createOpener(key, seal.enc, deviceParcelId).catch((error: unknown) => {
    throw error instanceof SealKeyError
      ? new Problem('invalid-request', 'Upload-Metadata has no encapsulated key in enc.')
      : error;
  });
}

type Tools = Pick<PipelineTools, 'db' | 'blobs' | 'now' | 'newId'>;
type Settings = { readonly expiresAfterMs: number; readonly sealing: SealingKeys };

/** `fresh`: the parcel's blob does not exist yet. Throws Problem, and StudyStorageFull. */
export async function findOrCreateParcel(
  tools: Tools,
  settings: Settings,
  request: Request,
  owner: UploadOwner,
): Promise<{ row: OwnedParcel; fresh: boolean }> {
  const announced = parseAnnounced(request.headers);
  const { uploadId, deviceParcelId } = announced;
  const upload =
    (await findUpload(tools.db, uploadId, owner)) ?? (await findCarried(tools, announced, owner));
  // A study without a key is closed: none of it is awaited, and init will say so.
  if (upload === undefined || upload.wrapped_key === null) throw new Problem('upload-not-found');
  const before = await forgetExpired(tools, await findDeviceParcel(tools.db, uploadId, deviceParcelId));
  if (before !== undefined && before.damaged === 0) {
    checkSame(announced, before);
    return { row: before, fresh: false };
  }
  await checkSeal(announced, settings.sealing);
  const expiresAt = new Date(tools.now().getTime() + settings.expiresAfterMs);
  const fresh = await insert(tools, upload, { ...announced, before, expiresAt }).catch((error: unknown) =>
    Promise.reject(error instanceof StorageFull ? new StudyStorageFull(upload.study_id, error) : error),
  );
  const row = await findDeviceParcel(tools.db, uploadId, deviceParcelId);
  if (row === undefined) throw new Problem('upload-not-found');
  return { row, fresh };
}

/**
 * The upload of a device whose ticket the sender has shown. A carrier can bring only what the device has sealed: no
 * other bytes open under that seal, and no other parcel takes the place of the device's.
 */
async function findCarried(
  tools: Pick<Tools, 'db' | 'now'>,
  { uploadId, deviceParcelId, bytes, seal }: Announced,
  owner: UploadOwner,
): Promise<UploadRow | undefined> {
  if (!(await isCarrier(tools, owner, uploadId))) return undefined;
  const parcel = { id: deviceParcelId, bytes, seal };
  if (!(await isCarried(tools, owner, uploadId, parcel)))
    throw new Problem('invalid-request', 'The saved file does not name this parcel.');
  return findUpload(tools.db, uploadId, null);
}

function checkSame({ bytes, seal }: Announced, before: OwnedParcel): void {
  const isSame =
    before.bytes === bytes &&
    before.seal_key_id === (seal?.keyId ?? null) &&
    before.seal_enc === (seal?.enc ?? null);
  if (!isSame) throw new Problem('invalid-request', 'The parcel was announced with another length or seal.');
}

/**
 * Removes an expired parcel that was not swept yet. Otherwise its device would be told an offset and then be refused.
 */
async function forgetExpired(
  tools: Tools,
  parcel: OwnedParcel | undefined,
): Promise<OwnedParcel | undefined> {
  if (parcel?.state !== 'receiving' || parcel.expires_at >= tools.now()) return parcel;
  const gone = await removeUnfinished(tools, [parcel.id]);
  return gone.length > 0 ? undefined : findDeviceParcel(tools.db, parcel.upload_id, parcel.device_parcel_id);
}

type NewParcel = Announced & {
  readonly plainBytes: number;
  /** The damaged parcel that the new one replaces. */
  readonly before: OwnedParcel | undefined;
  readonly expiresAt: Date;
};

/** False: another request has inserted it first. */
async function insert(tools: Tools, upload: UploadRow, parcel: NewParcel): Promise<boolean> {
  const { uploadId, deviceParcelId, bytes, seal, before } = parcel;
  return tools.db.transaction().execute(async (trx) => {
    const study = await lockStudy(trx, upload.study_id);
    // The study was closed after the upload was found.
    if (study === undefined || study.wrapped_key === null) throw new Problem('upload-not-found');
    const policy = { name: study.policy_name, version: study.policy_version };
    if (!(await isInForce(trx, study.site_id, policy))) throw new Problem('policy-withdrawn');
    await checkAnnounced(trx, uploadId, parcel.plainBytes, before === undefined ? 0 : plainBytes(before));
    await reserveRoom(trx, tools.blobs, upload.account_id, bytes);
    if (before !== undefined) await setAsideDamaged(trx, before);
    return insertParcel(trx, {
      id: tools.newId(),
      site_id: upload.site_id,
      upload_id: uploadId,
      study_id: upload.study_id,
      device_parcel_id: deviceParcelId,
      bytes,
      expires_at: parcel.expiresAt,
      seal_key_id: seal?.keyId ?? null,
      seal_enc: seal?.enc ?? null,
    });
  });
}
