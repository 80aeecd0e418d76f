/**
 * The receipt of one revision: the outcome of each instance, stated by the gateway after it looked. Pure except for the
 * signature. Each revision is signed only once, which a unique row of study.store ensures.
 */
import { methodCodes } from '#shared/deid/report.ts';
import { attributesOf } from '#shared/protocol/coercion.ts';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import {
  merkleRoot,
  type Receipt,
  type ReceiptDestination,
  type ReceiptInstance,
  type ReceiptReport,
} from '#shared/protocol/receipt.ts';
import { firstOnlyOf } from '#shared/protocol/first-only.ts';
import { isInPacs, isSettled } from '#shared/protocol/study-state.ts';
import { countWithheld, type Withheld } from '#shared/protocol/withheld.ts';
import { outcomeKey, type CopiedInstance, type CopyOutcome } from './copy-outcomes.ts';
import type { InstanceRow } from '../stores/instance.store.ts';
import type { StudyRow } from '../stores/study.store.ts';

type ReceiptSubject = {
  readonly study: StudyRow;
  readonly instances: readonly InstanceRow[];
  /** Instances that the sender has or had, but did not promise to send (withheld.ts). */
  readonly withheld: Withheld;
  /** What became of the study at its further destinations. */
  readonly copies: readonly CopyOutcome[];
  /** De-identification reports of the study, by their digests. */
  readonly reports: ReadonlyMap<string, WireReport>;
  /** De-identifying policies of its instances, as `policyKey` names them. */
  readonly deidentifying: ReadonlySet<string>;
};
export const policyKey = ({
  policy_name,
  policy_version,
}: Pick<InstanceRow, 'policy_name' | 'policy_version'>): string => `${policy_name} ${policy_version}`;

type ReceiptTools = {
  readonly describePacs: () => string;
  readonly issuer: string;
  readonly signReceipt: (receipt: Receipt) => Promise<string>;
  readonly now: () => Date;
  readonly newId: () => string;
};

type ReceiptOutcome =
  | {
      readonly kind: 'issued';
      readonly id: string;
      readonly jws: string;
      readonly issuedAt: Date;
      readonly root: string;
      readonly firstOnly: number;
    }
  /** An instance came in between, so there is nothing to confirm yet. */
  | { readonly kind: 'unsettled' };

export async function issueReceipt(subject: ReceiptSubject, tools: ReceiptTools): Promise<ReceiptOutcome> {
  const { study } = subject;
  if (!subject.instances.every(({ state }) => isSettled(state))) return { kind: 'unsettled' };
  const named = new Set(
    subject.instances.map(({ report_digest }) => report_digest).filter((digest) => digest !== null),
  );
  const reports = [...named]
    .map((digest) => subject.reports.get(digest))
    .filter((report) => report !== undefined);
  const places = new Map(reports.map(({ digest }, place) => [digest, place]));
  const instances = subject.instances.map((row) => toReceiptInstance(row, subject, places));
  const issuedAt = tools.now();
  const confirmed = lastConfirmed(subject);
  const receipt: Receipt = {
    jti: tools.newId(),
    iss: tools.issuer,
    iat: toSeconds(issuedAt),
    ...(confirmed === undefined ? {} : { confirmed: toSeconds(confirmed) }),
    version: 1,
    studyInstanceUID: study.study_instance_uid,
    revision: study.revision,
    policy: { name: study.policy_name, version: study.policy_version },
    pacs: tools.describePacs(),
    root: await merkleRoot(instances),
    instances,
    ...(countWithheld(subject.withheld) === 0 ? {} : { withheld: subject.withheld }),
    ...(subject.copies.length === 0
      ? {}
      : { destinations: subject.copies.map((copy) => toReceiptDestination(copy, subject.instances)) }),
    ...(reports.length === 0 ? {} : { reports: reports.map(toReceiptReport) }),
  };
  return {
    kind: 'issued',
    id: receipt.jti,
    jws: await tools.signReceipt(receipt),
    issuedAt,
    root: receipt.root,
    firstOnly: firstOnlyOf(receipt).size,
  };
}

const toSeconds = (at: Date): number => Math.floor(at.getTime() / 1000);

/** When the last instance was found in the PACS and at every required destination. Undefined: none is in the PACS. */
function lastConfirmed({ instances, copies }: ReceiptSubject): Date | undefined {
  const required = copies.filter(({ need, givenUpAt }) => need === 'required' && givenUpAt === null);
  const there = instances.filter(({ state }) => isInPacs(state));
  const found = there.flatMap((row) => [
    row.updated_at,
    ...required.flatMap(({ instances: copied }) => copied.get(outcomeKey(row))?.updated_at ?? []),
  ]);
  return found.reduce<Date | undefined>(
    (last, at) => (last !== undefined && last > at ? last : at),
    undefined,
  );
}

function toReceiptInstance(
  row: InstanceRow,
  { study, deidentifying }: ReceiptSubject,
  places: ReadonlyMap<string, number>,
): ReceiptInstance {
  const { policy_name: name, policy_version: version } = row;
  const report = row.report_digest === null ? undefined : places.get(row.report_digest);
  // Instances reach the PACS only through verify, which passes only those without residue.
  const isChecked = isInPacs(row.state) && deidentifying.has(policyKey(row));
  return {
    sopInstanceUID: row.sop_instance_uid,
    digest: row.digest,
    ...(row.original_digest === null ? {} : { originalDigest: row.original_digest }),
    bytes: row.bytes,
    state: row.state as ReceiptInstance['state'],
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.pacs_code === null ? {} : { pacsCode: row.pacs_code }),
    ...(row.proof === null ? {} : { proof: row.proof }),
    ...(isInPacs(row.state) && row.committed ? { committed: true } : {}),
    ...(name === study.policy_name && version === study.policy_version ? {} : { policy: { name, version } }),
    ...(report === undefined ? {} : { report }),
    ...(isChecked ? { residue: 'none' } : {}),
  };
}

/** Without `instances`: the study has not reached its end at this destination. */
function toReceiptDestination(
  { name, pacs, need, coercion, givenUpAt, isOver: hasEnded, instances: copied }: CopyOutcome,
  instances: readonly InstanceRow[],
): ReceiptDestination {
  const outcomes = instances.map((row) => copied.get(outcomeKey(row)));
  const isOver =
    hasEnded &&
    instances.every(({ state }, at) => {
      const copy = outcomes[at];
      return copy === undefined ? givenUpAt !== null || !isInPacs(state) : isSettled(copy.state);
    });
  const ended = givenUpAt === null ? {} : { givenUpAt: givenUpAt.toISOString() };
  const coerced = coercion === null ? {} : { coerced: [...attributesOf(coercion)] };
  return { name, pacs, need, ...coerced, ...ended, ...(isOver ? { instances: outcomes.map(toCopied) } : {}) };
}

/** Undefined: the gateway had nothing to send there. */
function toCopied(copy: CopiedInstance | undefined): NonNullable<ReceiptDestination['instances']>[number] {
  if (copy === undefined) return { state: 'not-given' };
  const { digest, state, reason, pacs_code: pacsCode, proof, committed } = copy;
  return {
    state: state as ReceiptInstance['state'],
    ...(isInPacs(state) ? { digest } : {}),
    ...(reason === null ? {} : { reason }),
    ...(pacsCode === null ? {} : { pacsCode }),
    ...(proof === null ? {} : { proof }),
    ...(isInPacs(state) && committed ? { committed } : {}),
  };
}

function toReceiptReport({ edition, options, digest, actions }: WireReport): ReceiptReport {
  return {
    edition,
    options: [...options],
    methods: methodCodes(options).map(({ code }) => code),
    digest,
    ...(actions === null ? {} : { actions: [...actions] }),
  };
}
