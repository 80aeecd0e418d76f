/**
 * The receipt of one revision: what became of each instance, said by the gateway after it looked. Pure but for the signature; the
 * same revision is signed once, which study.store's unique row holds.
 */
import { merkleRoot, type Receipt, type ReceiptInstance } from '#shared/protocol/receipt.ts';
import { isSettled } from '#shared/protocol/study-state.ts';
import type { InstanceRow } from '../instance.store.ts';
import type { StudyRow } from '../study.store.ts';

export type ReceiptSubject = { readonly study: StudyRow; readonly instances: readonly InstanceRow[] };
export type ReceiptTools = {
  readonly describePacs: () => string;
  readonly issuer: string;
  readonly signReceipt: (receipt: Receipt) => Promise<string>;
  readonly now: () => Date;
  readonly newId: () => string;
};

export type ReceiptOutcome =
  | { readonly kind: 'issued'; readonly id: string; readonly jws: string; readonly issuedAt: Date; readonly root: string }
  /** An instance came in between: there is nothing to confirm yet. */
  | { readonly kind: 'unsettled' };

export async function issueReceipt(subject: ReceiptSubject, tools: ReceiptTools): Promise<ReceiptOutcome> {
  const { study } = subject;
  if (!subject.instances.every(({ state }) => isSettled(state))) return { kind: 'unsettled' };
  const instances = subject.instances.map((row) => toReceiptInstance(row, study));
  const issuedAt = tools.now();
  const receipt: Receipt = {
    jti: tools.newId(),
    iss: tools.issuer,
    iat: Math.floor(issuedAt.getTime() / 1000),
    version: 1,
    studyInstanceUID: study.study_instance_uid,
    revision: study.revision,
    policy: { name: study.policy_name, version: study.policy_version },
    pacs: tools.describePacs(),
    root: await merkleRoot(instances),
    instances,
  };
  return { kind: 'issued', id: receipt.jti, jws: await tools.signReceipt(receipt), issuedAt, root: receipt.root };
}

function toReceiptInstance(row: InstanceRow, study: StudyRow): ReceiptInstance {
  const { policy_name: name, policy_version: version } = row;
  return {
    sopInstanceUID: row.sop_instance_uid,
    digest: row.digest,
    bytes: row.bytes,
    state: row.state as ReceiptInstance['state'],
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.pacs_code === null ? {} : { pacsCode: row.pacs_code }),
    ...(row.proof === null ? {} : { proof: row.proof }),
    ...(name === study.policy_name && version === study.policy_version ? {} : { policy: { name, version } }),
  };
}
