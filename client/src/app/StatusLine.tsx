/**
 * Always visible: whether anything can be lost, whether the disc may go, the link, and the policy in force. Its text
 * changes in place. It is no live region, because Announcer.tsx says aloud what must be said.
 */
import type { LinkNow } from '../net/link.ts';
import { goesOnAlone } from './background-sync.ts';
import { maySend } from '../net/may-send.ts';
import { useSession } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { totalOf } from '../pipeline/ingest/found/forecast.ts';
import { canSend, inPacsOf, sendableOf } from '../pipeline/ingest/found/sendable.ts';
import { useNeeds } from '../pipeline/ingest/found/use-needs.ts';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { toDecide } from '../kit/counted.ts';
import { deferred } from '../kit/deferred.tsx';
import { Icon, type IconName } from '../kit/Icon.tsx';
import { hideNames, namesHidden } from '../kit/identities.ts';
import { kitWords } from '../kit/kit-words.ts';
import type { Answer } from '../kit/resource.ts';
import { hrefOf, type Route } from '../kit/routes.ts';
import type { ChoiceMemory } from './watch-lost-choice.ts';
import { lockMarkIn } from './lock-mark.ts';
import type { DiscItemProps } from './DiscItem.tsx';
import { namedUnderWay, standingOf, type Standing } from './may-close.ts';
import { useOutboxes } from '../outbox/outboxes.ts';
import { appWords } from './app-words.ts';
import { ingestWords } from '../pipeline/ingest/page/ingest-words.ts';

const LINK_SIGN: Record<LinkNow, IconName> = {
  unknown: 'wait',
  online: 'online',
  offline: 'offline',
  'gateway-unreachable': 'unreachable',
  'pacs-unreachable': 'unreachable',
  'pacs-refuses-sign-in': 'unreachable',
  'pacs-settings-wrong': 'unreachable',
  'pacs-no-search': 'unreachable',
  'pacs-no-retrieval': 'unreachable',
};

/** A blank that keeps the height of a sentence. */
const NOTHING_SAID = '\u00a0';

const Nothing = () => null;
/** If this part cannot be loaded, the page simply does not say that the disc may go. */
const DiscItem = deferred<DiscItemProps>(
  () => import('./DiscItem.tsx').then((view) => view.DiscItem).catch(() => Nothing),
  Nothing,
);

export type StatusLineProps = {
  readonly page: Route['page'];
  /** Null: not known yet. */
  readonly choiceLost: ChoiceMemory | null;
  readonly policies: Answer<unknown, unknown>;
  readonly worksOffline: boolean;
};

export function StatusLine({ page, choiceLost, policies, worksOffline }: StatusLineProps) {
  const ingest = useIngest();
  const queue = useQueue();
  const session = useSession();
  const outboxes = useOutboxes();
  const user = session.user.value;
  const sendable = sendableOf(ingest);
  const inPacs = inPacsOf(ingest, sendable.studies);
  const lost = choiceLost?.count.value ?? 0;
  const standing = standingOf({
    isRead:
      queue.ready.value && outboxes.others.value !== null && (user === null || isChoiceRead(choiceLost)),
    phase: ingest.phase.value,
    unsafe: Math.max(queue.unsafe.value, queue.reading.value),
    chosen: sendable.instances - inPacs + totalOf(sendable.stopped).instances,
    inPacs,
    canSend: canSend(ingest, sendable, user),
    isOnUpload: page === 'upload' || page === 'before-after',
    notSent: lost + (session.state.value === 'signed-out' ? lockMarkIn(localStorage).notSent() : 0),
    undecided: sumOf(useNeeds()),
    unsent: outboxes.unsent.value,
    othersUnsent: outboxes.others.value ?? 0,
    othersUndecided: queue.othersUndecided.value,
    cancelling: queue.studies.value.filter(({ cancelling }) => cancelling).length,
    safe: queue.safe.value,
    travelling: queue.travelling.value,
    goesOnAlone: goesOnAlone(globalThis),
  });
  return (
    <section class="status" aria-label={appWords.status.label}>
      <div class="status-inside" data-standing={standing.kind}>
        <p class="status-standing">
          <StandingSentence standing={standing} />
          {standing.kind === 'not-sent' && lost > 0 && <Dismiss choiceLost={choiceLost} />}
        </p>
        {(lost === 0 || standing.kind === 'not-sent') && <LostStopped choiceLost={choiceLost} />}
        <Beside standing={standing} />
        <span class="status-break" />
        <DiscPlace standing={standing} doubt={choiceLost?.doubt ?? null} />
        <PausedItem />
        <HiddenItem />
        <LinkItem />
        {worksOffline && (
          <p class="status-item small">
            <Icon name="device" size={20} />
            <span>{appWords.status.worksOffline}</span>
          </p>
        )}
        <PolicyItem policies={policies} />
      </div>
    </section>
  );
}

/** Whether the choices of earlier pages were read, so that nothing of them is said only because nothing is known. */
const isChoiceRead = (choiceLost: ChoiceMemory | null): boolean =>
  choiceLost !== null && choiceLost.doubtedAt.value !== undefined;

function Dismiss({ choiceLost }: Pick<StatusLineProps, 'choiceLost'>) {
  return (
    <button type="button" class="button button-bare" onClick={choiceLost?.dismiss}>
      {appWords.status.dismiss}
    </button>
  );
}

/** Reading of the lost choice ended too early, so choosing the same files again is not enough. */
function LostStopped({ choiceLost }: Pick<StatusLineProps, 'choiceLost'>) {
  const stopped = choiceLost?.stopped.value ?? null;
  const cutOff = choiceLost?.isCutOff.value ? appWords.status.cutOff : null;
  const said = stopped ? appWords.status.stopped(stopped.filesRead, stopped.filesFound) : cutOff;
  return (
    said && (
      <p class="status-item small">
        <span>{said}</span>
        {choiceLost?.count.value === 0 && <Dismiss choiceLost={choiceLost} />}
      </p>
    )
  );
}

/** Nothing is said about a disc until something has been chosen. */
function DiscPlace(props: DiscItemProps) {
  const { standing } = props;
  const { phase, sentFromHere } = useIngest();
  const isEmpty = phase.value === 'idle' && sentFromHere.value.choices.length === 0;
  const hasStudies = useQueue().studies.value.length > 0;
  return isEmpty && !hasStudies && standing.kind !== 'not-sent' ? null : <DiscItem {...props} />;
}

/**
 * What is also true of this page beside the main sentence: a reminder of an earlier page hides none of it, and beside a
 * decision it counts the rest as safe.
 */
function Beside({ standing }: { readonly standing: Standing }) {
  if (standing.kind === 'not-sent') {
    const { beside } = standing;
    return beside.kind === 'empty' || beside.kind === 'unknown' ? null : (
      <>
        <p class="status-item">
          <StandingSentence standing={beside} />
        </p>
        <Beside standing={beside} />
      </>
    );
  }
  if (standing.kind !== 'decide' || standing.safe === 0) return null;
  const { safe, travelling } = standing;
  const { mayClose, goesOnOpen } = appWords.status;
  return (
    <p class="status-item small">
      <Icon name="device" size={20} />
      <span>{standing.goesOnAlone || travelling === 0 ? mayClose(safe, travelling) : goesOnOpen(safe)}</span>
    </p>
  );
}

/** Paused studies: they are sent only once somebody resumes them, whatever the link. */
function PausedItem() {
  const paused = useQueue().studies.value.filter(
    (study) => study.paused && study.isWaiting && !study.cancelling,
  ).length;
  if (paused === 0) return null;
  return (
    <p class="status-item small" data-paused>
      <Icon name="wait" size={20} />
      <a href={hrefOf({ page: 'studies' })}>{appWords.status.paused(paused)}</a>
    </p>
  );
}

/** Shown to people who may send. While the gateway is being asked, the space of the sentence is kept. */
function PolicyItem({ policies }: Pick<StatusLineProps, 'policies'>) {
  const queue = useQueue();
  const session = useSession();
  const user = session.user.value;
  const policy = useIngest().policy.value;
  if (session.state.value === 'signed-out' || (user !== null && !maySend(user))) return null;
  const keepsNames = policy?.deidentify === false;
  const isAsked = policies.state === 'loading' && session.state.value !== 'offline';
  const unknown = isAsked ? NOTHING_SAID : appWords.status.policyUnknown;
  const said = policy ? ingestWords.policyInForce(policy.deidentify) : unknown;
  const named = policy?.deidentify ? namedUnderWay(queue.studies.value) : 0;
  return (
    <p class="status-item status-policy small" data-names={keepsNames || named > 0}>
      <Icon name={keepsNames || named > 0 ? 'person' : 'shield'} size={20} />
      <span>{named > 0 ? appWords.status.exceptNamed(said, named) : said}</span>
    </p>
  );
}

/** Shown on every page: a decision may need the names, and the switch may be on another page. */
function HiddenItem() {
  if (!namesHidden.value) return null;
  return (
    <p class="status-item small">
      <Icon name="person" size={20} />
      <span>{kitWords.namesAreHidden}</span>
      <button type="button" class="button button-bare" onClick={() => hideNames(false)}>
        {kitWords.showNames}
      </button>
    </p>
  );
}

function LinkItem() {
  const queue = useQueue();
  const link = queue.link.value;
  return link === 'online' && queue.waitingForWifi.value > 0 ? (
    <p class="status-item small" data-link="offline">
      <Icon name="offline" size={20} />
      <a href={hrefOf({ page: 'studies' })}>{appWords.status.waitsForWifi}</a>
    </p>
  ) : (
    <p class="status-item small" data-link={link}>
      <Icon name={LINK_SIGN[link]} size={20} />
      <span>{appWords.status.link[link]}</span>
    </p>
  );
}

const STANDING_SIGN: Record<Standing['kind'], IconName | null> = {
  'keep-open': 'caution',
  'not-queued': 'note',
  'not-sent': 'caution',
  decide: 'decide',
  refused: 'decide',
  verdicts: 'caution',
  'may-close': 'device',
  'goes-on-open': 'device',
  'others-verdicts': 'device',
  'others-decide': 'person',
  cancelling: 'wait',
  'in-pacs': 'pacs',
  unknown: null,
  empty: null,
};

function StandingSentence({ standing }: { readonly standing: Standing }) {
  const sign = STANDING_SIGN[standing.kind];
  const said = sentenceOf(standing);
  const href = hrefFor(standing);
  return (
    <>
      {sign && <Icon name={sign} size={20} />}
      {href === null ? <span class={sign ? undefined : 'quiet'}>{said}</span> : <a href={href}>{said}</a>}
    </>
  );
}

/** The page on which the person can act on this. */
function hrefFor(standing: Standing): string | null {
  if (standing.kind === 'decide') return hrefOf({ page: 'needs' });
  if (standing.kind !== 'refused' && standing.kind !== 'verdicts') return null;
  return standing.review === null
    ? hrefOf({ page: 'results', at: 'results', id: '', beside: '' })
    : hrefOf({ page: 'reviews', id: standing.review });
}

function sentenceOf(standing: Standing): string {
  const { keepOpen, notQueued, notSent, mayClose, goesOnOpen, othersVerdicts, othersDecide, empty } =
    appWords.status;
  const { refused, refusedVerdicts, verdicts } = appWords.status;
  switch (standing.kind) {
    case 'keep-open':
      return keepOpen(standing.count);
    case 'not-queued':
      return notQueued(standing.count, standing.send);
    case 'not-sent':
      return notSent(standing.count);
    case 'refused':
      return (standing.review === null ? refusedVerdicts : refused)(standing.count);
    case 'verdicts':
      return verdicts(standing.count);
    case 'may-close':
      return mayClose(standing.count, standing.travelling);
    case 'goes-on-open':
      return goesOnOpen(standing.count);
    case 'decide':
      return toDecide(standing.count);
    case 'others-verdicts':
      return othersVerdicts(standing.count);
    case 'others-decide':
      return othersDecide(standing.count);
    case 'cancelling':
      return appWords.status.cancelling(standing.count);
    case 'in-pacs':
      return appWords.status.inPacs(standing.count);
    case 'unknown':
      return NOTHING_SAID;
    case 'empty':
      return empty;
    default:
      return standing satisfies never;
  }
}
