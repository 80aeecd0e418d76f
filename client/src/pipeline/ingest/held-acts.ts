/**
 * The acts of a person on held-back images: every card, page and list offers them, in this order. A look is
 * offered only where it can release them, and an act that changes nothing never. Pure.
 */
import type { Policy } from '#shared/protocol/api.ts';
import type { FoundStudy, IngestStore } from './found-study.ts';
import { isReleasable, staysHere } from './held-back.ts';
import { goingOfFound, type Staying } from './sendable.ts';

export type HeldAct = 'look' | 'other-policy' | 'choose-again' | 'leave-out' | 'set-aside';

export interface HeldActs {
  /** The main one first. */
  readonly acts: readonly HeldAct[];
  /** Where nobody can release them: a policy that sends them. `none`: there is none. */
  readonly policy: Policy | 'none' | null;
}

interface HeldFacts {
  /** Under the policy in force a person who looks at them can release them. */
  readonly isReleasable: boolean;
  /** The page can open their files. */
  readonly isHere: boolean;
  /** Nothing else of their study is sent: left out, it leaves the selection. */
  readonly isWhole: boolean;
  /** The answer of `IngestStore.policiesFor`. */
  readonly policies: ReturnType<IngestStore['policiesFor']>;
}

export function actsOnHeld({ isReleasable, isHere, isWhole, policies }: HeldFacts): HeldActs {
  const last = isWhole ? 'set-aside' : 'leave-out';
  if (isReleasable) return { acts: [isHere ? 'look' : 'choose-again', last], policy: null };
  // Without the files nobody can tell.
  if (policies === null) return { acts: ['choose-again', last], policy: null };
  const [policy] = policies;
  return policy === undefined ? { acts: [last], policy: 'none' } : { acts: ['other-policy', last], policy };
}

type Page = Staying &
  Pick<IngestStore, 'policiesFor' | 'policy' | 'released' | 'inspection' | 'leaveOut' | 'toggle'>;

/** The acts on the held-back images of a found study that nobody can release; null: it has none. */
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
  // A study that is not chosen is left out already.
  return { policy, acts: going === 'not-chosen' ? acts.filter((act) => act === 'other-policy') : acts };
}

/** Carries out `set-aside` or `leave-out` on them. */
export async function leaveOutUnreleasable(page: Page, study: FoundStudy): Promise<void> {
  const { studyInstanceUID: uid } = study;
  if (goingOfFound(study, page).going === 'held') return page.toggle(uid);
  const policy = page.policy.peek();
  const files = page.inspection
    .filesOf(uid)
    .filter((file) => staysHere(policy, page.released.peek(), file) && !isReleasable(policy, file));
  await page.leaveOut(files, true);
}

/** The other studies are no longer ticked: they were not chosen for this policy. `id`: of the found study. */
export function sendUnder(
  ingest: Pick<IngestStore, 'choosePolicy' | 'studies' | 'toggle'>,
  id: string,
  policy: Policy,
): void {
  ingest.choosePolicy(policy.name);
  for (const { id: other, studyInstanceUID, selected } of ingest.studies.peek())
    if (selected.peek() !== (other === id)) ingest.toggle(studyInstanceUID);
}
