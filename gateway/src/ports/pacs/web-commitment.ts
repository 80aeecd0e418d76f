/**
 * Storage commitment over DICOMweb (PS3.18 §13): the gateway asks whether the PACS keeps instances, and gets the answer
 * at once, or asks for the result later. An answer counts only for the instances and the transaction that it was asked
 * about.
 */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { COMMITMENT, commitmentQuestion } from './dicom-json.ts';
import type { PacsHttp, PacsRequest } from './pacs-http.ts';
import { PacsDoesNotCommit, PacsUnreachable, type CommitmentReport, type CommitmentWish } from './pacs.ts';

type Root = { readonly root: string; readonly http: PacsHttp };

const DICOM_JSON = 'application/dicom+json';
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

/** PS3.5 §B.2. The UID is random, so only a PACS that was asked can know it. */
const newUID = (): string => `2.25.${BigInt(`0x${randomBytes(16).toString('hex')}`)}`;
const addressOf = (root: string, transactionUID: string): string =>
  `${root}/commitment-requests/${transactionUID}`;

/** Null: the PACS gives the result later. Throws PacsUnreachable, also where the PACS does not accept the request. */
export async function askCommitment(
  { root, http }: Root,
  { transactionUID, instances }: CommitmentWish,
  signal: AbortSignal,
): Promise<CommitmentReport | null> {
  const question = Buffer.from(JSON.stringify(commitmentQuestion(instances)));
  const request: PacsRequest = {
    ...{ method: 'POST', accept: DICOM_JSON, contentType: DICOM_JSON },
    contentLength: question.length,
    body: Readable.from([question]),
  };
  return exchange({ root, http }, { transactionUID, request }, signal);
}

/**
 * The result of an accepted request; null: it is not ready. If the PACS does not know the request (any more), the
 * report mentions no instance. Throws like `askCommitment`.
 */
export async function checkCommitment(
  root: Root,
  transactionUID: string,
  signal: AbortSignal,
): Promise<CommitmentReport | null> {
  return exchange(root, { transactionUID, request: { accept: DICOM_JSON } }, signal);
}

/**
 * Asks about an instance that does not exist. No other request shows whether a PACS has this service: a missing result
 * gives 404 with and without it. Throws like `askCommitment`.
 */
export async function tryCommitment(root: Root, signal: AbortSignal): Promise<void> {
  const nobodys = { sopClassUID: SECONDARY_CAPTURE, sopInstanceUID: newUID() };
  await askCommitment(root, { transactionUID: newUID(), instances: [nobodys] }, signal);
}

type Exchange = { readonly transactionUID: string; readonly request: PacsRequest };

function exchange(
  { root, http }: Root,
  { transactionUID, request }: Exchange,
  signal: AbortSignal,
): Promise<CommitmentReport | null> {
  return http.exchange(addressOf(root, transactionUID), request, signal, async (answer) => {
    const { status } = answer;
    const said = status === 200 ? await answer.parse(COMMITMENT) : null;
    if (said !== null) return { transactionUID, ...said };
    // PS3.18 Table 13.4.3-1 and Table 13.5.3-1.
    if (status === 202) return null;
    const isCheck = request.method === undefined;
    if (isCheck && (status === 404 || status === 410))
      return { transactionUID, committed: new Set<string>(), failed: new Map<string, number>() };
    if (!isCheck && status === 409)
      throw new PacsUnreachable('the PACS says that it has seen the transaction before', status);
    throw new PacsDoesNotCommit(status);
  });
}
