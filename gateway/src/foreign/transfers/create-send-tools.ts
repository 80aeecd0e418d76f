/**
 * Sends the content of a file for the account that sent it: creates the uploads of its instances, and makes the file
 * itself a parcel.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { fileKey, type FileSpoolTools } from '../../pipeline/spool/file-spool.ts';
import { findUpload } from '../../pipeline/stores/parcel.store.ts';
import type { PipelineTools } from '../../pipeline/plan/pipeline-tools.ts';
import { takeOpened } from '../../pipeline/pipeline.ts';
import type { SentFile } from '../../pipeline/stores/sent-file.store.ts';
import { findPolicy } from '../../policies/policies.ts';
import { toOwn } from '../../threads/thread.ts';
import { adoptParcel, type BroughtPlace } from '../../uploads/bring-parcel.ts';
import type { Arrivals } from '../../uploads/complete-upload.ts';
import { askPacs, openUpload } from '../../uploads/open-upload.ts';
import { takeBackInstances } from '../../uploads/take-back.ts';
import type { SendTools } from './send-instances.ts';
import { countWithheldOf } from './withheld.store.ts';

export type ForeignTools = {
  readonly pipeline: PipelineTools;
  readonly spool: FileSpoolTools;
  readonly parcels: Pick<Arrivals, 'arrived'>;
};

/** If the PACS takes longer than this, the state known so far is recorded for anybody who waits for the file. */
const SLOW_ANSWER_MS = 1_000;

async function notingIfSlow<T>(asking: Promise<T>, note: () => Promise<void>): Promise<T> {
  const slow = setTimeout(() => void ignoreFailure(note(), 'its end says it too'), SLOW_ANSWER_MS);
  try {
    return await asking;
  } finally {
    clearTimeout(slow);
  }
}

/** `studies`: the studies that are sent are added here. `soFar`: records what is known so far. */
type Of = {
  readonly file: SentFile;
  readonly studies: Set<string>;
  readonly soFar: () => Promise<void>;
};

export function createSendTools(
  { pipeline, spool, parcels }: ForeignTools,
  { file, studies, soFar }: Of,
  signal: AbortSignal,
): SendTools {
  // The sender acts as a device: it may send, but has no roles that allow reading.
  const sender = {
    accountId: file.account_id,
    deviceId: file.device_id,
    ...(file.key_id !== null && { keyId: file.key_id }),
    ...(file.peer_id !== null && { peerId: file.peer_id }),
    siteId: file.site_id,
    roles: [],
  };
  const named = { name: file.policy_name, version: file.policy_version };
  const takeAsItCame = async (parcelId: string, places: readonly BroughtPlace[]): Promise<boolean> => {
    const policy = await findPolicy(pipeline.db, file.site_id, named);
    return policy?.deidentify === false && takeOpened({ parcelId, policy: named, places }, pipeline);
  };
  return {
    ...pipeline,
    policy: { ...named, ...(file.reason !== null && { reason: file.reason }) },
    ...readingAgain(spool, file),
    entries: file.form.kind === 'parts' ? file.form.parts.length : 1,
    adopt: (uploadId: string, places: readonly BroughtPlace[]) => {
      const from = { blobs: spool.blobs, id: file.id, key: fileKey(spool, file) };
      return adoptParcel(pipeline, uploadId, { from, size: file.bytes ?? 0, places }, takeAsItCame);
    },
    arrived: async (parcelId: string, places: readonly BroughtPlace[]) => {
      if (!(await takeAsItCame(parcelId, places))) await parcels.arrived(parcelId, null);
    },
    openUpload: async (manifest: Parameters<typeof openUpload>[1]) => {
      const asked = await notingIfSlow(askPacs(pipeline, manifest, sender, signal), soFar);
      const { studyInstanceUID } = manifest;
      studies.add(studyInstanceUID);
      const of = { accountId: file.account_id, studyInstanceUID };
      const withheld = file.device_id === null ? await countWithheldOf(pipeline.db, of) : {};
      return openUpload(pipeline, { ...manifest, withheld }, sender, { asked, opensFile: true });
    },
    takeBack: async (uploadId: string, keys: Parameters<typeof takeBackInstances>[2]) => {
      const upload = await findUpload(pipeline.db, uploadId, null);
      if (upload !== undefined) await takeBackInstances(pipeline, upload, keys, file.account_id);
    },
  };
}

/** For instances that are sent unchanged from the file, when the file is not adopted as a whole. */
const readingAgain = (spool: FileSpoolTools, file: SentFile): Pick<SendTools, 'read'> => ({
  async read({ offset, length }) {
    const blob = await spool.blobs.open(file.id, fileKey(spool, file));
    if (blob === null) throw new Problem('not-found');
    try {
      return toOwn(await blob.read(offset, length));
    } finally {
      await blob.close();
    }
  },
});
