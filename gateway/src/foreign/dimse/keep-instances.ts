/**
 * Stores the instances of an association in a file, and answers for each whether it is stored. That means that it is
 * on disk and will be sent in the same way as every upload, whatever happens to the association or the gateway. All
 * instances are handed over together when the association has ended, because that is where a study ends, and because
 * names in one instance may occur in the text of another.
 */
import type { Answer } from '../../dimse/answer-message.ts';
import { SUCCESS } from '../../dimse/command-fields.ts';
import type { ByteRange } from '#shared/dicom/data-set.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { REASONS } from '#shared/protocol/reasons.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { commitInstances, handOverAssociation } from '../../pipeline/spool/association-file.ts';
import { encodeMark, MARKS_LIMIT } from '../../pipeline/spool/association-marks.ts';
import { checkAnnounced, createFile, fileKey, type FileSpoolTools } from '../../pipeline/spool/file-spool.ts';
import type { NewFile } from '../../pipeline/stores/sent-file.store.ts';
import type { BlobKey } from '../../ports/blobs/blobs.ts';
import { asFile } from '../../ports/pacs/dimse-files.ts';
import { ENTRY_BYTES_LIMIT } from '../files/list-entries.ts';
import type { OpeningPolicy } from '../files/open-talk.ts';
import { codeOf } from '../stow/stow-answer.ts';
import type { UploadTools } from '../../uploads/upload-tools.ts';
import { noteWithheld, sayWithheld } from '../transfers/withheld.store.ts';
import type { CheckedOut, Checks } from './check-instance.ts';
import { isUnchanged, type PeerRow } from './dimse-peer.store.ts';

/** PS3.4 Table B.2-1, and PS3.7 Annex C: Refused: Not authorized. */
const OUT_OF_RESOURCES = 0xa700;
const NOT_AUTHORIZED = 0x0124;

/** The largest file; then the association continues in another one, because opening a file takes minutes. */
const FILE_BYTES = 4 * 1024 ** 3;

export type KeepTools = {
  readonly spool: FileSpoolTools;
  readonly pipeline: UploadTools;
  readonly checks: Checks;
  readonly expiresAfterMs: number;
};

/** The peer as of the start of its association, and the policy under which it sends. */
export type AdmittedPeer = {
  readonly row: PeerRow;
  readonly policy: Policy;
  readonly opening: OpeningPolicy;
};

type ArrivingInstance = {
  readonly sopClassUID: string;
  readonly sopInstanceUID: string;
  readonly transferSyntax: string;
  /** The Data Set must be read to its end, whatever the answer. */
  readonly dataSet: AsyncIterable<Uint8Array>;
};

export type Keeping = {
  /** Throws whatever the Data Set throws; then nothing of the instance counts, and no instance follows. */
  take(instance: ArrivingInstance, signal: AbortSignal): Promise<Answer>;
  /** Call this when the association has ended in any way. */
  end(): Promise<void>;
};

/** `bytes`: the size of its blob, to which no row refers yet. */
type OpenFile = {
  readonly file: NewFile;
  readonly key: BlobKey;
  bytes: number;
  marks: number;
  /** The studies with rejected instances, by their UIDs under the policy. */
  readonly notWhole: Set<string>;
};

export function createKeeping(tools: KeepTools, peer: AdmittedPeer): Keeping {
  let open: OpenFile | null = null;
  const end = async (): Promise<void> => {
    const ending = open;
    open = null;
    if (ending === null) return;
    await handOverAssociation(tools.spool, ending.file);
    const accountId = peer.row.account_id;
    for (const studyInstanceUID of ending.notWhole)
      await sayWithheld(tools.pipeline, { accountId, studyInstanceUID }, accountId);
  };
  return {
    async take(instance, signal) {
      const place = await refusing(async () => {
        if (!(await isUnchanged(tools.spool.db, peer.row)))
          return {
            status: NOT_AUTHORIZED,
            comment: 'The gateway no longer takes instances of this AE title',
          };
        if (open === null) open = await openFile(tools, peer);
        else await checkAnnounced(tools.spool, peer.row.account_id, 0);
        return open;
      });
      if ('status' in place) {
        await drain(instance.dataSet);
        return place;
      }
      const answer = await keep(tools, peer, { open: place, instance }, signal);
      // The next instance begins another file. This also applies if the gateway took the file over because the
      // association seemed dead.
      if (place.bytes > FILE_BYTES || place.marks >= MARKS_LIMIT || answer === GONE) await end();
      return answer;
    },
    end,
  };
}

const GONE: Answer = { status: OUT_OF_RESOURCES, comment: 'The association was silent for too long' };

async function refusing<T>(work: () => Promise<T | Answer>): Promise<T | Answer> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { status: OUT_OF_RESOURCES, comment: error.code };
  }
}

async function openFile({ spool, expiresAfterMs }: KeepTools, peer: AdmittedPeer): Promise<OpenFile> {
  const { row, policy } = peer;
  const file = await createFile(spool, {
    site_id: row.site_id,
    account_id: row.account_id,
    device_id: null,
    key_id: null,
    peer_id: row.id,
    ae_title: row.ae_title,
    form: { kind: 'association' },
    policy_name: policy.name,
    policy_version: policy.version,
    reason: row.reason,
    bytes: 0,
    expires_at: new Date(spool.now().getTime() + expiresAfterMs),
  });
  return { file, key: fileKey(spool, file), bytes: 0, marks: 0, notWhole: new Set() };
}

type Arriving = { readonly open: OpenFile; readonly instance: ArrivingInstance };

async function keep(
  tools: KeepTools,
  peer: AdmittedPeer,
  { open, instance }: Arriving,
  signal: AbortSignal,
): Promise<Answer> {
  const { blobs } = tools.spool;
  const { file, key } = open;
  const came = { bytes: 0 };
  const pieces = upToLimit(asFile(instance, instance.dataSet), came);
  const offset = open.bytes;
  const length = await blobs.append(file.id, key, offset, pieces);
  open.bytes += length;
  const refusal =
    came.bytes > ENTRY_BYTES_LIMIT
      ? { status: OUT_OF_RESOURCES, comment: REASONS['instance-too-large'].title }
      : await check(tools, peer, { ...instance, open, range: { offset, length } }, signal);
  open.bytes += await blobs.append(file.id, key, open.bytes, once(encodeMark(refusal === null, length)));
  open.marks += 1;
  if (refusal !== null) return refusal;
  await blobs.sync(file.id);
  return (await commitInstances(tools.spool, file.id, open.bytes)) ? { status: SUCCESS } : GONE;
}

type Kept = Pick<ArrivingInstance, 'sopInstanceUID'> & { readonly open: OpenFile; readonly range: ByteRange };

async function check(
  { spool, checks }: KeepTools,
  { opening, row }: AdmittedPeer,
  { open, range, sopInstanceUID }: Kept,
  signal: AbortSignal,
): Promise<Answer | null> {
  const blob = await spool.blobs.open(open.file.id, open.key);
  if (blob === null) throw new Error('the file of an association is gone');
  try {
    const instance = { blob, range, policy: opening, accountId: row.account_id, sopInstanceUID };
    const said = await checks.check(instance, signal);
    if (said === null) return null;
    await noteNotTaken(spool, row, open, said);
    return { status: codeOf(said.state, said.reason), comment: REASONS[said.reason].title };
  } finally {
    await blob.close();
  }
}

/** Records the rejection for a person too, because the study is incomplete without the instance. */
async function noteNotTaken(
  { db }: FileSpoolTools,
  { site_id: siteId, account_id: accountId }: PeerRow,
  { file: { id: fileId }, notWhole }: OpenFile,
  { of, reason }: CheckedOut,
): Promise<void> {
  if (of === undefined) return;
  await noteWithheld(db, { ...of, siteId, accountId, fileId, reason, told: true });
  notWhole.add(of.studyInstanceUID);
}

/** Bytes beyond the limit for an instance are read and discarded, so that the sender can be told the reason. */
async function* upToLimit(
  pieces: AsyncIterable<Uint8Array>,
  came: { bytes: number },
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    came.bytes += piece.length;
    if (came.bytes <= ENTRY_BYTES_LIMIT) yield piece;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function drain(dataSet: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of dataSet);
}
