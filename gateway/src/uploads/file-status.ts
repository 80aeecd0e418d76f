/**
 * The status of another client's file: the sum of the uploads that its instances became, plus the entries that were not
 * taken, with the reason. Reads only.
 */
import type { FileStatus, UploadStatus } from '#shared/protocol/api.ts';
import { STUDY_STATES } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import type { SentFile } from '../pipeline/stores/sent-file.store.ts';
import { findReceipt } from '../pipeline/stores/receipt.store.ts';
import { uploadStatuses } from './upload-status.ts';

type Amount = keyof UploadStatus['counts'];

/** The uploads of the file's instances, each once. */
export const uploadsOf = ({ entries }: Pick<SentFile, 'entries'>): readonly string[] => [
  ...new Set(entries.flatMap((entry) => (entry.state === 'sent' ? [entry.upload] : []))),
];

export async function fileStatus(db: Db, file: SentFile): Promise<FileStatus> {
  const studies = await uploadStatuses(db, uploadsOf(file));
  const notTaken = file.entries.flatMap((entry) =>
    entry.state === 'sent' ? [] : [{ entry: entry.entry, state: entry.state, reason: entry.reason }],
  );
  const left = (state: string) => notTaken.filter((entry) => entry.state === state).length;
  const sum = (of: Amount) => studies.reduce((total, { counts }) => total + (counts[of] ?? 0), 0);
  const firstOnly = sum('firstOnly');
  const refused = left('refused');
  const quarantined = left('quarantined') + left('conflict');
  const sumBytes = (of: keyof UploadStatus['bytes']) =>
    studies.reduce((total, { bytes }) => total + bytes[of], 0);
  const isOne = studies.length === 1 && file.state === 'opened';
  return {
    uploadId: file.id,
    studyInstanceUID: isOne ? studies[0]!.studyInstanceUID : null,
    state: stateOf(file, studies),
    revision: isOne ? studies[0]!.revision : 1,
    policy: file.policy_name,
    counts: {
      promised: sum('promised') + refused + quarantined,
      atGateway: sum('atGateway'),
      inPacs: sum('inPacs'),
      refused: sum('refused') + refused,
      quarantined: sum('quarantined') + quarantined,
      leftOut: sum('leftOut'),
      ...(firstOnly > 0 && { firstOnly }),
    },
    bytes: { promised: sumBytes('promised'), atGateway: sumBytes('atGateway'), inPacs: sumBytes('inPacs') },
    waiting: studies.find(({ waiting }) => waiting !== null)?.waiting ?? null,
    receipt: receiptOf(file, studies),
    file: { state: file.state, bytes: file.bytes, problem: file.problem, notTaken },
    studies,
  };
}

/** The state of the least advanced study; until the whole file is opened, more may come. */
function stateOf(file: SentFile, studies: readonly UploadStatus[]): FileStatus['state'] {
  if (file.state !== 'opened') return 'receiving';
  return STUDY_STATES.find((state) => studies.some((study) => study.state === state)) ?? 'closed';
}

/** There is a receipt once each study has one. */
function receiptOf({ id, state }: SentFile, studies: readonly UploadStatus[]): FileStatus['receipt'] {
  const [first] = studies;
  if (state !== 'opened' || first === undefined) return null;
  if (studies.some(({ receipt }) => receipt === null)) return null;
  return { id: first.receipt!.id, href: `/upload/${id}/receipt` };
}

/** The newest receipts of the file's studies; empty until the file is opened and each study has a receipt. */
export async function fileReceipts(
  db: Db,
  file: SentFile,
): Promise<readonly { readonly studyInstanceUID: string; readonly jws: string }[]> {
  const status = await fileStatus(db, file);
  if (status.receipt === null) return [];
  const found: { studyInstanceUID: string; jws: string }[] = [];
  for (const { uploadId, studyInstanceUID } of status.studies) {
    const jws = await findReceipt(db, uploadId);
    if (jws === undefined) return [];
    found.push({ studyInstanceUID, jws });
  }
  return found;
}
