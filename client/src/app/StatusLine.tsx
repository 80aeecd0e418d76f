/**
 * Always visible: whether anything can be lost, whether the disc may go, the link, and the policy in force.
 * It changes in place and is no live region; Announcer.tsx says aloud what must be said.
 */
import type { Link } from '../net/link.ts';
import { goesOnAlone } from './background-sync.ts';
import { maySend } from '../net/may-send.ts';
import { useSession } from '../net/net-context.ts';
import type { FoundStudy, IngestStore } from '../pipeline/ingest/found-study.ts';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { Icon, type IconName } from '../kit/Icon.tsx';
import type { Route } from '../kit/routes.ts';
import { mayRemoveDisc, standingOf, type Standing } from './may-close.ts';
import { appWords } from './app-words.ts';
import { ingestWords } from '../pipeline/ingest/ingest-words.ts';
import { trackWords } from '../pipeline/queue/track-words.ts';

const LINK_SIGN: Record<Link, IconName> = {
  online: 'online',
  offline: 'offline',
  'gateway-unreachable': 'unreachable',
  'pacs-unreachable': 'unreachable',
  'pacs-no-search': 'unreachable',
  'pacs-no-retrieval': 'unreachable',
};

export function StatusLine({ page }: { readonly page: Route['page'] }) {
  const ingest = useIngest();
  const queue = useQueue();
  const session = useSession();
  const user = session.user.value;
  const link = queue.link.value;
  const policy = ingest.policy.value;
  const chosen = ingest.studies.value.reduce(
    (sum, study) => sum + (study.selected.value ? study.instances : 0),
    0,
  );
  const undecided = queue.studies.value.reduce((sum, study) => sum + study.track.needsYou, 0);
  const standing = standingOf({
    phase: ingest.phase.value,
    unsafe: queue.unsafe.value,
    chosen,
    canSend:
      ingest.phase.value === 'found' &&
      ingest.studies.value.some((study) => study.selected.value && study.instances > heldOf(ingest, study)) &&
      policy !== null &&
      (user === null || maySend(user)),
    isOnUpload: page === 'upload',
    safe: queue.safe.value,
    undecided,
    goesOnAlone: goesOnAlone(globalThis),
  });
  return (
    <section class="status" aria-label={appWords.status.label}>
      <div class="status-inside" data-standing={standing.kind}>
        <p class="status-standing">
          <StandingSentence standing={standing} />
        </p>
        <span class="status-break" />
        {mayRemoveDisc(standing) && (
          <p class="status-item status-disc small">
            <Icon name="disc" size={20} />
            <span>{appWords.status.discMayGo}</span>
          </p>
        )}
        <p class="status-item small" data-link={link}>
          <Icon name={LINK_SIGN[link]} size={20} />
          <span>{appWords.status.link[link]}</span>
        </p>
        {session.state.value !== 'signed-out' && (user === null || maySend(user)) && (
          <p class="status-item small">
            <Icon name={policy && !policy.deidentify ? 'person' : 'shield'} size={20} />
            <span>
              {policy ? ingestWords.policyInForce(policy.deidentify) : appWords.status.policyUnknown}
            </span>
          </p>
        )}
      </div>
    </section>
  );
}

/** How many instances of it stay here if it is sent now. */
function heldOf({ heldBack }: IngestStore, { studyInstanceUID }: FoundStudy): number {
  return heldBack.value.filter((file) => file.studyInstanceUID === studyInstanceUID).length;
}

function StandingSentence({ standing }: { readonly standing: Standing }) {
  switch (standing.kind) {
    case 'keep-open':
      return (
        <>
          <Icon name="caution" size={20} />
          <span>{appWords.status.keepOpen(standing.count)}</span>
        </>
      );
    case 'not-queued':
      return (
        <>
          <Icon name="note" size={20} />
          <span>{appWords.status.notQueued(standing.count, standing.send)}</span>
        </>
      );
    case 'may-close':
      return (
        <>
          <Icon name="device" size={20} />
          <span>{appWords.status.mayClose(standing.count)}</span>
        </>
      );
    case 'goes-on-open':
      return (
        <>
          <Icon name="device" size={20} />
          <span>{appWords.status.goesOnOpen(standing.count)}</span>
        </>
      );
    case 'decide':
      return (
        <>
          <Icon name="decide" size={20} />
          <span>{trackWords.needsDecision(standing.count)}</span>
        </>
      );
    case 'empty':
      return <span class="quiet">{appWords.status.empty}</span>;
    default:
      return standing satisfies never;
  }
}
