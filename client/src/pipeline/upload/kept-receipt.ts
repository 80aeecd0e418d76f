/**
 * Describes a kept receipt in words for the screen and the printer. Its signature was checked when it was accepted
 * (accept-receipt.ts). Counts come from the signed list, not from the state on the screen.
 */
import { nameCoerced } from '#shared/protocol/coercion.ts';
import { countPacsReasons } from '#shared/protocol/pacs-reasons.ts';
import {
  countProofs,
  deidentificationOf,
  destinationsOf,
  type DestinationSummary,
  type Receipt,
  type ReceiptInstance,
} from '#shared/protocol/receipt.ts';
import { firstOnlyIn } from '#shared/protocol/first-only.ts';
import { firstOnlySaid } from '#shared/protocol/first-only-words.ts';
import { isInPacs } from '#shared/protocol/study-state.ts';
import { instancesIn } from '#shared/protocol/same-uid.ts';
import { countWithheld } from '#shared/protocol/withheld.ts';
import { formatCount, formatFullMoment } from '../../kit/format.ts';
import { kitWords } from '../../kit/kit-words.ts';
import type { KeptReceipt, QueuedStudy } from '../queue/queued-study.ts';
import { uploadWords } from './upload-words.ts';

type ReceiptSummary = {
  readonly inPacs: number;
  readonly proofs: ReturnType<typeof countProofs>;
  readonly alreadyThere: number;
  readonly coerced: number;
  readonly leftOut: number;
  /** Refused or quarantined instances: named in the receipt, but not in the PACS. */
  readonly notInPacs: number;
};

/** Counts each UID once. */
export function summaryOf(contents: readonly ReceiptInstance[]): ReceiptSummary {
  const instances = instancesIn(contents);
  const count = (matches: (instance: ReceiptInstance) => boolean) => instances.filter(matches).length;
  const alreadyThere = count((instance) => instance.state === 'already-stored');
  const coerced = count((instance) => instance.state === 'coerced');
  return {
    inPacs: count((instance) => instance.state === 'stored') + alreadyThere + coerced,
    proofs: countProofs(instances.filter(({ state }) => isInPacs(state))),
    alreadyThere,
    coerced,
    leftOut: count((instance) => instance.state === 'left-out'),
    notInPacs: count((instance) => instance.state === 'refused' || instance.state === 'quarantined'),
  };
}

/** One line for each way in which instances were proven to be stored. */
export const proofLines = ({ proofs }: ReceiptSummary): readonly string[] =>
  (['found', 'digest', 'read-back', 'committed'] as const)
    .filter((way) => proofs[way] > 0)
    .map((way) => uploadWords.proofs[way](proofs[way]));

/** The stored digests of one instance that differ from the promised one, each with its destination. */
export function otherDigests(
  { instances, destinations = [] }: Receipt,
  at: number,
): readonly (readonly [destination: string, digest: string])[] {
  return destinations.flatMap(({ name, instances: there }) => {
    const digest = there?.[at]?.digest;
    return digest === undefined || digest === instances[at]?.digest ? [] : [[name, digest] as const];
  });
}

/** A line about what a further destination has. */
export function furtherLine({
  there,
  of,
  asPromised,
  committed,
  coerced,
  givenUpAt,
}: DestinationSummary): string {
  const { details } = uploadWords;
  return [
    there === null ? details.unfinished : details.there(there, of, asPromised),
    ...(committed === 0 ? [] : [uploadWords.proofs.committed(committed)]),
    ...(coerced === undefined ? [] : [details.coerced(nameCoerced(coerced))]),
    ...(givenUpAt === undefined ? [] : [details.givenUp(momentOf(Date.parse(givenUpAt)))]),
  ].join('; ');
}

/** Instances in the PACS that this device did not send: results of models, or parts that another device sent. */
export function notFromHere({ inPacs }: ReceiptSummary, { track }: Pick<QueuedStudy, 'track'>): number {
  return Math.max(0, inPacs - track.inPacs);
}

/** One line for each code that the PACS gave: why it changed instances, or did not take them. */
export function pacsReasonLines({ instances }: Receipt): readonly string[] {
  return countPacsReasons(instances).map(({ count, ...reason }) => uploadWords.pacsReason(count, reason));
}

/** A line about how the instances were de-identified; null if the receipt does not say. */
export function deidentificationLine(receipt: Receipt): string | null {
  const said = deidentificationOf(receipt);
  if (said === null) return null;
  const by = said.terms.map(({ edition, options }) => uploadWords.deidentifiedBy(edition, options));
  return [
    uploadWords.deidentified(by, said.reports, said.instances, said.withoutResidue),
    ...(said.covered > 0 ? [uploadWords.covered(said.covered)] : []),
    ...(said.released > 0 ? [uploadWords.released(said.released)] : []),
  ].join(kitWords.separator);
}

/** Lines about the instances that a further destination lacks although the first one has them. */
export function firstOnlyLines(receipt: Receipt): readonly string[] {
  const first = firstOnlyIn(receipt);
  return first === null ? [] : [firstOnlySaid(first)];
}

/**
 * The facts of a receipt on paper, each with its term: the same ones as in the PDF. `progress`: formats how many of
 * them are done.
 */
export function receiptFacts(
  receipt: Receipt,
  progress: (done: number, of: number) => string,
): readonly (readonly [term: string, value: string])[] {
  const { details } = uploadWords;
  const { iat, confirmed } = receipt;
  const summary = summaryOf(receipt.instances);
  const all = instancesIn(receipt.instances).length + countWithheld(receipt.withheld);
  const deidentification = deidentificationLine(receipt);
  const proofs = proofLines(summary);
  return [
    [details.instances, progress(summary.inPacs, all)],
    ...firstOnlyLines(receipt).map((line) => [details.firstOnly, line] as const),
    ...(confirmed === undefined ? [] : [[details.confirmed, momentOf(confirmed * 1000)] as const]),
    [details.issued, momentOf(iat * 1000)],
    [details.pacs, receipt.pacs],
    ...(proofs.length === 0 ? [] : [[details.proof, proofs.join('; ')] as const]),
    ...destinationsOf(receipt).map((one) => [details.further(one.name), furtherLine(one)] as const),
    ...(deidentification === null ? [] : [[details.deidentification, deidentification] as const]),
    [details.policy, `${receipt.policy.name} ${receipt.policy.version}`],
    [details.issuer, receipt.iss],
    [details.studyInstanceUID, receipt.studyInstanceUID],
    [details.receiptId, receipt.jti],
    [details.revision, formatCount(receipt.revision)],
    [details.root, receipt.root],
  ];
}

const momentOf = (ms: number): string => formatFullMoment(new Date(ms));

/** The name of a saved file: an id of ours or a UID as sent, and nothing about the patient. */
export function receiptFileName(id: string, ending: 'jws' | 'pdf'): string {
  return `receipt-${id}.${ending}`;
}

/** Saves only the compact JWS, so that `relay receipt verify` can read the file as it is. */
export function saveReceipt({ id, jws }: Pick<KeptReceipt, 'id' | 'jws'>): void {
  const address = URL.createObjectURL(new Blob([jws], { type: 'application/jose' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = receiptFileName(id, 'jws');
  link.click();
  URL.revokeObjectURL(address);
}
