/**
 * What a person can do with held-back images. Every card, page and list offers these acts, in this order. Looking at
 * the images is offered only if that can release them. An act that changes nothing is never offered. Pure.
 */
import type { Policy } from '#shared/protocol/api.ts';
import type { FoundStudy, IngestStore } from './found-study.ts';
import { isReleasable, staysHere } from './held-back.ts';
import { goingOfFound, type Staying } from './sendable.ts';

export type HeldAct = 'look' | 'other-policy' | 'choose-again' | 'leave-out' | 'set-aside';

export interface HeldActs {
  /** The acts, the main one first. */
  readonly acts: readonly HeldAct[];
  /** If nobody can release the images: a policy that sends them. `none`: there is no such policy. */
  readonly policy: Policy | 'none' | null;
}

interface HeldFacts {
  /** Whether a person who looks at them may release them under the policy in force. */
  readonly isReleasable: boolean;
  /** Whether the page can open their files. */
  readonly isHere: boolean;
  /** Whether nothing else of their study is sent, so that leaving them out removes the study from the selection. */
  readonly isWhole: boolean;
  /** The answer of `IngestStore.policiesFor`. */
  readonly policies: ReturnType<IngestStore['policiesFor']>;
}

export function actsOnHeld({ isReleasable, isHere, isWhole, policies }: HeldFacts): HeldActs {
  const last = isWhole ? 'set-aside' : 'leave-out';
  if (isReleasable) return { acts: [isHere ? 'look' : 'choose-again', last], policy: null };
  // Without the files this cannot be determined.
  if (policies === null) return { acts: ['choose-again', last], policy: null };
  const [policy] = policies;
  return policy === undefined ? { acts: [last], policy: 'none' } : { acts: ['other-policy', last], policy };
}

type Page = Staying &
  Pick<IngestStore, 'policiesFor' | 'policy' | 'released' | 'inspection' | 'leaveOut' | 'toggle'>;

/** The acts for the images of a found study that are held back and that nobody can release; null: it has none. */
export function actsOnUnreleasable(page: Page, study: FoundStudy): HeldActs | null {
  const { studyInstanceUID: uid } = study;
  if (!page.heldBack.value.some((file) => file.studyInstanceUID === uid && !file.isReleasable)) return null;
  const { going } = goingOfFound(study, page);
  const policies = page.policiesFor(uid);
  const { acts, policy } = actsOnHeld({
    isReleasable: false,
    isHere: true,
    isWhole: going === 'held',
    policies,
  });
  // A study that is not selected is already left out.
  return { policy, acts: going === 'not-chosen' ? acts.filter((act) => act === 'other-policy') : acts };
}

/** Carries out `set-aside` or `leave-out` for them. */
export async function leaveOutUnreleasable(page: Page, study: FoundStudy): Promise<void> {
  const { studyInstanceUID: uid } = study;
  if (goingOfFound(study, page).going === 'held') return page.toggle(uid);
  const policy = page.policy.peek();
  const files = page.inspection
    .filesOf(uid)
    .filter((file) => staysHere(policy, page.released.peek(), file) && !isReleasable(policy, file));
  await page.leaveOut(files, true);
}

/** Unticks the other studies, because they were not chosen for this policy. `id`: the id of the found study. */
export function sendUnder(
  ingest: Pick<IngestStore, 'choosePolicy' | 'studies' | 'toggle'>,
  id: string,
  policy: Policy,
): void {
  ingest.choosePolicy(policy.name);
  for (const { id: other, studyInstanceUID, selected } of ingest.studies.peek())
    if (selected.peek() !== (other === id)) ingest.toggle(studyInstanceUID);
}
