/**
 * Makes the policy ready for a study. If this device may not hold the key of the pseudonyms, it asks the gateway for
 * the secrets of the study's patients. The request is blinded, so that the gateway learns nothing about them. The
 * secrets stay in the memory of the page and the workers until the selected files are cleared.
 */
import type { Policy } from '#shared/protocol/api.ts';
import { PSEUDONYMS_AT_ONCE } from '#shared/protocol/limits.ts';
import { feedsVault } from '#shared/protocol/feeds-vault.ts';
import type { KnownPolicies } from '../../queue/rows/device-notes.ts';
import type { PolicyForTask } from '../workers/device-tasks.ts';
import type { SendProblem } from '../found/found-study.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';

/** The body of `POST /upload/pseudonyms`, with base64url values. */
export interface PseudonymsAsked {
  readonly policy: string;
  readonly version: number;
  readonly blinded: readonly string[];
}
export type PseudonymsAnswer =
  | { readonly kind: 'answered'; readonly evaluated: readonly string[]; readonly proof: string }
  | { readonly kind: 'refused'; readonly because: PrepareProblem };
type PrepareProblem = Extract<SendProblem, 'not-prepared' | 'too-many-patients'>;

export interface PreparingTools {
  readonly pool: WorkerPool;
  readonly askPseudonyms: (asked: PseudonymsAsked, signal: AbortSignal) => Promise<PseudonymsAnswer>;
}

/** The secrets that the gateway gave, by patient, for each public key of a policy. */
export type GivenSecrets = Map<string, Map<string, CryptoKey>>;

/** Thrown when the policy cannot be applied to these patients now. Nothing about them was stored. */
export class NotPrepared extends Error {
  readonly because: PrepareProblem;

  constructor(because: PrepareProblem) {
    super(`not prepared: ${because}`);
    this.name = 'NotPrepared';
    this.because = because;
  }
}

/** Null if the policy removes names and the device does not know yet how its pseudonyms are made. */
export function policyForTask(policy: Policy, { keys, vault }: KnownPolicies): PolicyForTask | null {
  const { name, deidentify, options, rules, patientDomain } = policy;
  if (!deidentify) return { kind: 'identified', strict: policy.strict };
  const key = keys[name];
  if (key === undefined) return null;
  return {
    kind: 'deidentified',
    options,
    settings: { ...rules, patientDomain },
    publicKey: key.publicKey,
    tagKey: key.tagKey,
    secrets: key.held === null ? { kind: 'given', of: new Map() } : { kind: 'held', key: key.held },
    vault: feedsVault(policy) ? vault : null,
  };
}

interface Preparing {
  readonly tools: PreparingTools;
  readonly policy: Policy;
  readonly given: GivenSecrets;
  readonly signal: AbortSignal;
}

/** `patients`: patient keys (deid/patient-key.ts). Throws NotPrepared, or the signal's reason. */
export async function preparePolicy(
  forTask: PolicyForTask,
  patients: readonly string[],
  { tools, policy, given, signal }: Preparing,
): Promise<PolicyForTask> {
  if (forTask.kind === 'identified' || forTask.secrets.kind === 'held') return forTask;
  const { publicKey } = forTask;
  const known = given.get(publicKey) ?? new Map<string, CryptoKey>();
  given.set(publicKey, known);
  const missing = patients.filter((patient) => !known.has(patient));
  for (let at = 0; at < missing.length; at += PSEUDONYMS_AT_ONCE) {
    const some = missing.slice(at, at + PSEUDONYMS_AT_ONCE);
    const asked = await tools.pool.run({ kind: 'blind', patients: some }, signal);
    const answer = await tools.askPseudonyms(
      { policy: policy.name, version: policy.version, blinded: asked.map(({ element }) => element) },
      signal,
    );
    if (answer.kind === 'refused') throw new NotPrepared(answer.because);
    const { evaluated, proof } = answer;
    const opened = await tools.pool.run({ kind: 'open-secrets', asked, evaluated, proof, publicKey }, signal);
    // The secrets were not made with the published key, so the answer is not from our gateway.
    if (opened === null) throw new NotPrepared('not-prepared');
    for (const [patient, secret] of opened) known.set(patient, secret);
  }
  const of = new Map(patients.map((patient) => [patient, known.get(patient)!]));
  return { ...forTask, secrets: { kind: 'given', of } };
}
