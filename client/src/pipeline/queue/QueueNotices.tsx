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

/** Above the list: what concerns the device as a whole. */
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
  /** Installs the app, which keeps them; null: the browser does not offer it. */
  readonly install: (() => Promise<void>) | null;
};

/** The browser may delete what waits here. Without an offer to install there is no advice to do it. */
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

/** The device is set to send only over Wi-Fi, and the link is a metered one. */
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

/** The gateway was set up again, or the address leads to another one: nothing here can be sent to it. */
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

/** On a shared device: other people's studies are here. Says nothing about them. */
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

/** The way to what others sent, which a radiologist may read and this list does not show. */
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
  /** The list, which is empty; null: the gateway could not be asked for it. */
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

/** A database that has not opened by then will not open: private mode, or a full disk. */
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
