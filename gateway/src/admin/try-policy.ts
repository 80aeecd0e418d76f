/**
 * Tries a policy on one sample instance before anything is sent under it, and says what it would do to which element,
 * or why it would not work. The output is verified as the gateway would verify it on arrival, so a policy whose output
 * would be refused is noticed before it is created. The result holds no value of the data, and nothing is kept. It runs
 * in a thread (try-thread.ts), as the sample's bytes are not trusted.
 */
import { deidentifyInstance } from '#shared/deid/deidentify-instance.ts';
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import type { TagAction } from '#shared/deid/report.ts';
import { checkResidue } from '#shared/deid/residue.ts';
import { createRules, settingsOf, type DeidRules } from '#shared/deid/rules.ts';
import { segmentsSource } from '#shared/deid/segments.ts';
import type { ByteSource } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import type { PolicyTrial } from '#shared/protocol/policy.ts';
import type { TriedPolicy } from './try-thread.ts';

/** null: the instance is sent unchanged. */
type TriedRules = { readonly rules: DeidRules; readonly pseudonyms: Pseudonyms } | null;

/** Throws where the policy is not possible. */
export function toTriedRules(policy: TriedPolicy, pseudonyms: Pseudonyms): TriedRules {
  if (!policy.deidentify) return null;
  const made = createRules(policy.options, settingsOf(policy));
  if (made.kind === 'refused') throw new Error(`a policy that is not possible is tried: ${made.because}`);
  return { rules: made.rules, pseudonyms };
}

/** How many paths are named for one instance at most; the rest are only counted. A CT header has some hundred. */
export const TRIAL_ACTIONS_LIMIT = 2_000;

export async function tryPolicy(
  source: ByteSource,
  tried: TriedRules,
  signal: AbortSignal,
): Promise<PolicyTrial> {
  const read = await readInstance(source, signal, tried === null ? 'checked' : 'replaced');
  if (read.kind === 'refused') return { outcome: 'refused', reason: read.because };
  if (tried === null) return { outcome: 'ready', counts: [], actions: [], more: 0 };
  const { instance } = read;
  const made = await deidentifyInstance(instance, tried.rules, tried.pseudonyms);
  if (made.kind !== 'ready') return { outcome: made.kind, reason: made.because };
  const again = await readInstance(segmentsSource(made.segments, instance.dataSet), signal);
  if (again.kind === 'refused') return { outcome: 'refused', reason: again.because };
  const residue = await checkResidue(again.instance, tried.rules, tried.pseudonyms, signal);
  if (residue.length > 0) return { outcome: 'quarantined', reason: 'identity-remains' };
  return { outcome: 'ready', counts: countActions(made.report), ...named(made.report) };
}

function named(report: readonly TagAction[]): { readonly actions: TagAction[]; readonly more: number } {
  const actions = report
    .slice(0, TRIAL_ACTIONS_LIMIT)
    .map(({ path, action, because }) => ({ path, action, because }));
  return { actions, more: report.length - actions.length };
}

/** Each action with its reason and count, the most frequent first. */
function countActions(report: readonly TagAction[]): { action: string; because: string; count: number }[] {
  const counts = new Map<string, { action: string; because: string; count: number }>();
  for (const { action, because } of report) {
    const known = counts.get(`${action} ${because}`) ?? { action, because, count: 0 };
    counts.set(`${action} ${because}`, { ...known, count: known.count + 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}
