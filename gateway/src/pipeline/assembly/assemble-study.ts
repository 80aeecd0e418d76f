/**
 * Assembly: is the study all there? By the manifest and never by a quiet time (DESIGN §3): every promised
 * instance was received and verified, refused, quarantined or left out.
 */
import type { InstanceState } from '#shared/protocol/study-state.ts';

export type AssemblyOutcome =
  | { readonly kind: 'assembled' }
  | { readonly kind: 'incomplete'; readonly promised: number };

export function assembleStudy(counts: ReadonlyMap<InstanceState, number>): AssemblyOutcome {
  const promised = counts.get('promised') ?? 0;
  return promised === 0 ? { kind: 'assembled' } : { kind: 'incomplete', promised };
}
