/**
 * Before and after: the changes that the policy makes to a found study, instance by instance, before anything is
 * sent. Here a person decides about instances that the policy cannot make safe, and sends the chosen studies. The
 * values are discarded when the screen closes.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { deidWords } from './deid-words.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { useIngest } from '../ingest/found/ingest-context.ts';
import { namesHidden, nameSaid } from '../../kit/identities.ts';
import { Icon } from '../../kit/Icon.tsx';
import { useLate } from '../../kit/use-late.ts';
import { ShowNames } from '../../kit/HideNames.tsx';
import { Notice } from '../../kit/Notice.tsx';
import { ReasonDetails } from '../../kit/ReasonDetails.tsx';
import { sentencesOfReason } from '../../kit/reason-sentences.ts';
import { hrefOf } from '../../kit/routes.ts';
import { chosenWords } from '../ingest/found/chosen-words.ts';
import { decidedAs } from '../ingest/found/held-back.ts';
import { Bar } from '../ingest/page/SendBar.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { useQueue } from '../queue/queue-context.ts';
import { titleWords } from '../queue/title-words.ts';
import type { FoundStudy } from '../ingest/found/found-study.ts';
import { partsOf } from '../queue/study-title.ts';
import { ChangeList } from './ChangeList.tsx';
import { createComparisonStore, type ComparisonStore } from './comparison.store.ts';
import { CoverAtOnce } from './CoverAtOnce.tsx';
import { HeldBack } from './HeldBack.tsx';
import { InstanceStage } from './InstanceStage.tsx';
import { summariseKept } from './summarise-kept.ts';
import { WhereItIs } from './WhereItIs.tsx';

export type BeforeAfterProps = { readonly id: string; readonly covers?: true | undefined };

export function BeforeAfterView({ id, covers }: BeforeAfterProps) {
  const ingest = useIngest();
  const study = ingest.studies.value.find((found) => found.id === id);
  const isSending = ingest.phase.value === 'queueing';
  const ids = ingest.queuedAs.value.get(id) ?? [];
  const queued = useQueue().studies.value.filter((each) => ids.includes(each.id));
  // While it is written into the queue it is in both places.
  const isQueued = queued.length > 0 && (isSending || study === undefined);
  const uid = study?.studyInstanceUID;
  const isHeldHere =
    !isQueued &&
    ingest.heldBack.value.some((file) => file.studyInstanceUID === uid) &&
    ingest.mixed.value.get(uid!)?.isSettled !== false;
  const own = hrefOf({ page: 'before-after', id, ...(covers && { covers }) });
  /** Leads to the upload page, unless the person has meanwhile left the pages in `from`. */
  const toUpload = (from: readonly string[]) => {
    if (from.includes(location.hash)) location.hash = hrefOf({ page: 'upload' });
  };
  useLeavesAtSend(isSending);
  return (
    <>
      {isQueued ? (
        <WhereItIs studies={queued} />
      ) : study ? (
        <OneStudy study={study} covers={covers} />
      ) : (
        <Missing />
      )}
      <Bar
        isDeciding={isHeldHere}
        leadsItself
        onQueuedInPart={() => toUpload([TRACK, own])}
        onNotQueued={() => {
          if (ingest.problem.peek() !== null) toUpload([TRACK]);
        }}
      />
    </>
  );
}

const TRACK = hrefOf({ page: 'studies' });

/** Leaves this page once Send was pressed here, because the track then shows where everything is. */
function useLeavesAtSend(isSending: boolean): void {
  const wasSending = useRef(isSending);
  useEffect(() => {
    if (isSending && !wasSending.current) location.hash = TRACK;
    wasSending.current = isSending;
  }, [isSending]);
}

function Missing() {
  return (
    <main id="content" class="page stack">
      <h1 tabIndex={-1}>{deidWords.missing}</h1>
      <p class="quiet">{deidWords.missingWhat}</p>
      <p>
        <a class="button button-main" href={hrefOf({ page: 'upload' })}>
          {deidWords.missingNext}
        </a>
      </p>
    </main>
  );
}

/** A study of which something was held back is shown here again. */
function InForce({ of }: { readonly of: string }) {
  const { reopenable, phase } = useIngest();
  const reopened = [...reopenable.value].filter(([, found]) => found.studyInstanceUID === of);
  const ids = reopened.map(([id]) => id);
  const isPartlySent = useQueue().studies.value.some(
    ({ id, track: { onTheWay, atGateway, inPacs } }) => ids.includes(id) && onTheWay + atGateway + inPacs > 0,
  );
  const nothing = phase.value === 'queueing' ? null : deidWords.nothingLeft;
  const said = [deidWords.inForce, isPartlySent ? deidWords.restIsSent : nothing];
  return <p class="compare-what small quiet">{said.filter(Boolean).join(' ')}</p>;
}

type OneStudyProps = Pick<BeforeAfterProps, 'covers'> & { readonly study: FoundStudy };

function OneStudy({ study, covers }: OneStudyProps) {
  const ingest = useIngest();
  const [store] = useState(() => createComparisonStore(ingest, study.studyInstanceUID));
  useEffect(() => () => store.close(), [store]);
  const policy = ingest.policy.value;
  const bodyParts = [...new Set(study.series.map((series) => series.bodyPart).filter(Boolean))];
  return (
    <main id="content" class="page compare">
      <p class="study-back">
        <a class="button button-bare" href={hrefOf({ page: 'upload' })}>
          <span class="flipped">
            <Icon name="chevron" size={16} turns />
          </span>
          {kitWords.pages.upload}
        </a>
      </p>
      <div class="study-head">
        <h1 tabIndex={-1}>
          {policy?.deidentify === false ? chosenWords.beforeAfter.openKept : chosenWords.beforeAfter.open}
        </h1>
        <p class="strong kept">
          <bdi>
            {ingest.mixed.value.has(study.studyInstanceUID)
              ? chosenWords.mixed.title
              : (nameSaid(study.patientName) ?? titleWords.noPatient)}
          </bdi>
        </p>
        <p class="kept">
          <bdi>{partsOf({ ...study, bodyParts }).join(kitWords.separator) || chosenWords.noDescription}</bdi>
        </p>
        {policy?.deidentify && <InForce of={study.studyInstanceUID} />}
      </div>
      {policy?.deidentify === false && <KeptNotice store={store} />}
      {policy?.deidentify && covers && <CoverAtOnce store={store} />}
      {policy?.deidentify && <HeldBack store={store} study={study} />}
      {namesHidden.value ? (
        <Notice kind="plain" sign="person" title={kitWords.namesAreHidden}>
          <p>{deidWords.needsNames}</p>
          <p class="notice-actions">
            <ShowNames />
          </p>
        </Notice>
      ) : (
        <>
          <InstanceStage store={store} />
          <Compared store={store} />
        </>
      )}
    </main>
  );
}

/** Read from the comparison of the displayed instance, because an order makes changes that the policy would not. */
function KeptNotice({ store }: { readonly store: ComparisonStore }) {
  const shown = store.shown.value;
  if (shown.kind !== 'compared') return null;
  const summary = summariseKept(shown.rows);
  const [title, what] =
    summary.kind === 'ordered'
      ? [deidWords.ordered(summary.keywords.length), deidWords.orderedWhat(summary.keywords)]
      : summary.kind === 'headed'
        ? [deidWords.headed, deidWords.headedWhat]
        : [deidWords.unchanged, deidWords.unchangedWhat];
  return (
    <Notice kind="plain" sign="person" title={title}>
      <p>{what}</p>
    </Notice>
  );
}

function Compared({ store }: { readonly store: ComparisonStore }) {
  const shown = store.shown.value;
  const late = useLate(shown.kind === 'reading');
  switch (shown.kind) {
    case 'reading':
      return (
        <section class="compare-wait" aria-busy="true">
          {late && <Skeleton />}
        </section>
      );
    case 'compared':
      return <ChangeList store={store} notShown={shown.notShown} />;
    case 'policy-unknown':
      return (
        <Trouble kind="wait" title={deidWords.policyUnknown}>
          <p>{deidWords.policyUnknownNext}</p>
        </Trouble>
      );
    case 'not-prepared':
      return (
        <Trouble kind="wait" title={deidWords.notPrepared}>
          <p>{deidWords.notPreparedNext}</p>
          <Again store={store} />
        </Trouble>
      );
    case 'failed':
      return (
        <Trouble kind="stop" title={deidWords.failed}>
          <p>{deidWords.failedWhat}</p>
          <Again store={store} />
        </Trouble>
      );
    case 'quarantined':
      return <HeldHere store={store} because={shown.because} />;
    case 'refused':
    case 'skipped':
      return (
        <Trouble kind="stop" title={sentencesOfReason(shown.because).title}>
          <p>{sentencesOfReason(shown.because).next}</p>
          <ReasonDetails code={shown.because} />
        </Trouble>
      );
    default:
      return shown satisfies never;
  }
}

type HeldHereProps = { readonly store: ComparisonStore; readonly because: ReasonCode };

/**
 * An instance that is held until a person decides, or that was decided before. In the latter case the page asks
 * nothing and says what becomes of it.
 */
function HeldHere({ store, because }: HeldHereProps) {
  const { policy, released } = useIngest();
  const found = store.place.value?.found;
  const decided = found ? decidedAs(policy.value, released.value, found) : null;
  if (decided !== null)
    return (
      <div role="status">
        <Notice
          kind="plain"
          sign={decided === 'in-pacs' ? 'pacs' : 'device'}
          title={deidWords.held.decided[decided]}
        >
          <p>{deidWords.held.decidedNext[decided]}</p>
        </Notice>
      </div>
    );
  return (
    <Trouble kind="wait" title={sentencesOfReason(because).title}>
      <p>{deidWords.heldHere}</p>
      <ReasonDetails code={because} />
    </Trouble>
  );
}

function Again({ store }: { readonly store: ComparisonStore }) {
  return (
    <p class="notice-actions">
      <button type="button" class="button" onClick={store.again}>
        {deidWords.again}
      </button>
    </p>
  );
}

function Trouble({
  kind,
  title,
  children,
}: {
  readonly kind: 'wait' | 'stop';
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div role="status">
      <Notice kind={kind} title={title}>
        {children}
      </Notice>
    </div>
  );
}

function Skeleton() {
  return (
    <>
      <p class="quiet">{deidWords.reading}</p>
      <div aria-hidden="true" class="stack">
        {[0, 1, 2, 3].map((line) => (
          <div key={line} class="skeleton compare-skeleton" />
        ))}
      </div>
    </>
  );
}
