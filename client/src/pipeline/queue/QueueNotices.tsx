/** The notices above the list of studies, and what is shown while the list is empty or being read. */
import { useSignal } from '@preact/signals';
import { maySend } from '../../net/may-send.ts';
import { useSession } from '../../net/net-context.ts';
import { comesToRead } from './comes-to-read.ts';
import { useQueue } from './queue-context.ts';
import { AskFirst } from '../../kit/AskFirst.tsx';
import { useLate } from '../../kit/use-late.ts';
import { Notice } from '../../kit/Notice.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import type { Known } from '../../kit/resource.ts';
import { hrefOf } from '../../kit/routes.ts';
import { noticeWords } from './notice-words.ts';
import { queueWords } from './queue-words.ts';
import { ChooseAgain } from './ChooseAgain.tsx';
import { LostStudies } from './LostStudies.tsx';

/** Notices that concern the device as a whole. They stand above the list. */
export function QueueNotices() {
  const queue = useQueue();
  const ready = queue.ready.value;
  return (
    <>
      <LostStudies />
      <InBetween />
      {queue.waitingForWifi.value > 0 && <ForWifi count={queue.waitingForWifi.value} />}
      {ready && queue.others.value + queue.othersWaiting.value > 0 && (
        <OfOthers travelling={queue.others.value} waiting={queue.othersWaiting.value} />
      )}
      {ready && queue.foreign.value > 0 && <OfAnotherGateway count={queue.foreign.value} />}
    </>
  );
}

type MayBeClearedProps = {
  /** Installs the app, so that the browser keeps the studies. null: the browser does not offer installation. */
  readonly install: (() => Promise<void>) | null;
};

/**
 * Warns that the browser may delete the waiting studies. It advises installing the app only where the browser offers
 * that.
 */
export function MayBeCleared({ install }: MayBeClearedProps) {
  if (install === null) return <p class="small quiet">{noticeWords.mayBeCleared}</p>;
  return (
    <p class="row row-apart small quiet">
      <span>{noticeWords.mayBeClearedInstall}</span>
      <button type="button" class="button" onClick={() => void install()}>
        {noticeWords.install}
      </button>
    </p>
  );
}

/** Shown while the device may send only over Wi-Fi and the connection is metered. */
function ForWifi({ count }: { readonly count: number }) {
  const queue = useQueue();
  return (
    <Notice kind="wait" title={noticeWords.forWifi(count)}>
      <p>{noticeWords.forWifiWhat}</p>
      <p class="notice-actions">
        <button type="button" class="button" onClick={() => void queue.sendAnyway()}>
          {noticeWords.sendAnyway}
        </button>
      </p>
    </Notice>
  );
}

/**
 * Shown for studies that cannot be sent to this gateway, because it was set up again or its address now leads to
 * another one.
 */
function OfAnotherGateway({ count }: { readonly count: number }) {
  const queue = useQueue();
  const { foreignSheet } = noticeWords;
  return (
    <Notice kind="stop" title={noticeWords.foreign(count)}>
      <p>{noticeWords.foreignWhat}</p>
      <p class="notice-actions">
        <ChooseAgain study={null} />
        <AskFirst
          label={noticeWords.deleteForeign(count)}
          of={noticeWords.deleteForeign(count)}
          ask={{ ...foreignSheet, about: foreignSheet.about(count) }}
          onYes={() => void queue.deleteForeign()}
        />
      </p>
    </Notice>
  );
}

/** For a shared device: says that other people's studies are here, and nothing about those studies. */
function OfOthers({ travelling, waiting }: { readonly travelling: number; readonly waiting: number }) {
  const [first, then] =
    travelling > 0
      ? [noticeWords.others(travelling), noticeWords.othersWhat]
      : [noticeWords.othersWaiting(waiting), noticeWords.othersWaitingWhat];
  return (
    <Notice kind="plain" sign="device" title={first}>
      <p>{then}</p>
      {travelling > 0 && waiting > 0 && <p>{noticeWords.othersWaiting(waiting)}</p>}
      <TakeOver />
    </Notice>
  );
}

/** For administrators: studies whose owner can no longer send them from here. */
function TakeOver() {
  const queue = useQueue();
  const session = useSession();
  const failed = useSignal(false);
  const count = queue.ownerless.value;
  const isAdmin = session.state.value === 'signed-in' && session.user.value?.roles.includes('admin');
  if (!isAdmin || count === 0) return null;
  const { takeOverSheet } = noticeWords;
  const take = async () => {
    failed.value = false;
    await queue.takeOver().catch(() => {
      failed.value = true;
    });
  };
  return (
    <>
      <p>{noticeWords.takeOverWhat}</p>
      <p class="notice-actions">
        <AskFirst
          label={noticeWords.takeOver(count)}
          of={noticeWords.takeOver(count)}
          ask={{ ...takeOverSheet, about: takeOverSheet.about(count) }}
          onYes={() => void take()}
        />
      </p>
      <p role="alert">{failed.value && noticeWords.takeOverFailed}</p>
    </>
  );
}

/** Says how a proxy interferes with the current uploads, and who can fix it. The uploads still arrive. */
function InBetween() {
  const queue = useQueue();
  const diagnosis = queue.diagnosis.value;
  if (diagnosis === null || !queue.studies.value.some((study) => study.isWaiting)) return null;
  const { title, next } = queueWords.diagnosis[diagnosis];
  return (
    <Notice kind={diagnosis === 'proxy-answers' ? 'wait' : 'plain'} title={title}>
      <p>{next}</p>
    </Notice>
  );
}

/** Points a radiologist to the studies that others sent. They may read those, but this list does not show them. */
function OfReader({ known }: Pick<EmptyQueueProps, 'known'>) {
  return (
    <div class="queue-empty">
      {known && <p class="strong">{noticeWords.ofReader(known)}</p>}
      <p class="quiet">{noticeWords.ofReaderWhat}</p>
      <div class="row">
        <a class="button button-main" href={hrefOf({ page: 'results', at: 'infer', id: '', beside: '' })}>
          {kitWords.pages.infer}
        </a>
        <a class="button button-bare" href={hrefOf({ page: 'upload' })}>
          {queueWords.toUpload}
        </a>
      </div>
    </div>
  );
}

type EmptyQueueProps = {
  /** What is known of the list, which is empty. null: the gateway could not be asked for it. */
  readonly known: Known | null;
  readonly ofSite: boolean;
};

export function EmptyQueue({ known, ofSite }: EmptyQueueProps) {
  const user = useSession().user.value;
  if (ofSite || (user !== null && !maySend(user)))
    return (
      <div class="queue-empty">
        {known && <p class="strong">{queueWords.noneOfSite(known)}</p>}
        <p class="quiet">{queueWords.noneOfSiteWhat}</p>
      </div>
    );
  if (user !== null && comesToRead(user)) return <OfReader known={known} />;
  return (
    <div class="queue-empty">
      {known && <p class="strong">{queueWords.empty(known)}</p>}
      <p class="quiet">{queueWords.emptyWhat}</p>
      <p>
        <a class="button button-main" href={hrefOf({ page: 'upload' })}>
          {queueWords.toUpload}
        </a>
      </p>
    </div>
  );
}

/** If the database has not opened after this time, it never will: private mode, or a full disk. */
const NO_DATABASE_AFTER_MS = 6_000;

export function QueueSkeleton() {
  const tooLate = useLate(true, NO_DATABASE_AFTER_MS);
  if (tooLate)
    return (
      <div role="alert">
        <Notice kind="stop" title={queueWords.noDatabase}>
          <p>{queueWords.noDatabaseNext}</p>
        </Notice>
      </div>
    );
  return <StudiesSkeleton />;
}

export function StudiesSkeleton() {
  if (!useLate(true)) return null;
  return (
    <div aria-label={queueWords.loading} role="status">
      {[0, 1, 2].map((row) => (
        <div key={row} class="queue-row" aria-hidden="true">
          <div class="skeleton skeleton-name" />
          <div class="skeleton skeleton-track" />
        </div>
      ))}
    </div>
  );
}
