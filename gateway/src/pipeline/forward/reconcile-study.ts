/**
 * Reconcile: "the PACS confirmed it and RelayPACS looked" (DESIGN §2.3). What was posted is looked for; only
 * what is found is stored.
 */
import type { Pacs } from '../../ports/pacs/pacs.ts';
import { findInPacs } from '../find-in-pacs.ts';

export type PostedInstance = {
  readonly id: number;
  readonly sop_instance_uid: string;
  readonly pacs_code: number | null;
  readonly attempts: number;
};

export type ReconciledInstance =
  | { readonly id: number; readonly kind: 'stored' | 'coerced' }
  /** It said so, but does not have it: to be posted again. */
  | { readonly id: number; readonly kind: 'again' }
  /** For the last time. */
  | { readonly id: number; readonly kind: 'lost' };

/** Posted so often and never found: a person has to look at the PACS. */
const POSTS_LIMIT = 3;

/** Throws PacsUnreachable. */
export async function reconcileStudy(
  study: { readonly studyInstanceUID: string; readonly posted: readonly PostedInstance[] },
  tools: { readonly pacs: Pacs },
  signal: AbortSignal,
): Promise<readonly ReconciledInstance[]> {
  if (study.posted.length === 0) return [];
  const held = await findInPacs(
    study.studyInstanceUID,
    new Set(study.posted.map((row) => row.sop_instance_uid)),
    tools,
    signal,
  );
  return study.posted.map(({ id, sop_instance_uid, pacs_code, attempts }) => {
    if (held.has(sop_instance_uid)) return { id, kind: pacs_code === null ? 'stored' : 'coerced' };
    return { id, kind: attempts + 1 < POSTS_LIMIT ? 'again' : 'lost' };
  });
}
