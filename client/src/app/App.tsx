/**
 * The frame around every page: header, status line, the page, and announcements. While nobody is signed in only the
 * sign-in page is drawn, so that no patient stays on the screen. Without a network the app works with the data on this
 * device.
 */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { BeforeAfterProps } from '../pipeline/deid/BeforeAfterView.tsx';
import { UploadView } from '../pipeline/ingest/UploadView.tsx';
import type { AutoLockProps } from './AutoLock.tsx';
import { AccountMenu } from './AccountMenu.tsx';
import type { AdminEntryProps } from '../admin/AdminEntry.tsx';
import type { CasesRoute } from '../cases/CasesPages.tsx';
import type { ResultsRoute } from '../results/ResultsPages.tsx';
import { deferred } from '../kit/deferred.tsx';
import { Icon } from '../kit/Icon.tsx';
import { forgetKept } from '../kit/kept-here.ts';
import { mayReadAudit } from '../net/may-send.ts';
import { useSession } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { NeedsBadgeProps } from '../studies/NeedsBadge.tsx';
import type { ReviewsBadgeProps } from './ReviewsBadge.tsx';
import type { StudiesViewProps } from '../studies/StudiesView.tsx';
import { useLate } from '../kit/use-late.ts';
import { ProblemBoundary } from './ProblemBoundary.tsx';
import type { Install } from './install-offer.ts';
import { type AdminTask, hrefOf, type Route } from '../kit/routes.ts';
import { landingOf, mayOpenCases, mayReadReviews, seesFigures } from './landing.ts';
import type { SettingsViewProps } from './SettingsView.tsx';
import { SignInView } from './SignInView.tsx';
import type { ChoiceMemory } from './watch-lost-choice.ts';
import { StatusLine, type StatusLineProps } from './StatusLine.tsx';
import { UpdateOffer } from './UpdateOffer.tsx';
import type { Update } from './updates.ts';
import { appWords } from './app-words.ts';
import { kitWords } from '../kit/kit-words.ts';

// Pages other than the upload page are loaded when they are opened, from the service worker's cache.
const BeforeAfterView = deferred<BeforeAfterProps>(() =>
  import('../pipeline/deid/BeforeAfterView.tsx').then((view) => view.BeforeAfterView),
);
const StudiesView = deferred<StudiesViewProps>(() =>
  import('../studies/StudiesView.tsx').then((view) => view.StudiesView),
);
const ResultsPages = deferred<{ route: ResultsRoute }>(() =>
  import('../results/ResultsPages.tsx').then((view) => view.ResultsPages),
);
const CasesPages = deferred<{ route: CasesRoute }>(() =>
  import('../cases/CasesPages.tsx').then((view) => view.CasesPages),
);
const AdminPages = deferred<{ at: AdminTask; id: string }>(() =>
  import('../admin/AdminPages.tsx').then((view) => view.AdminPages),
);
const TodayView = deferred<object>(
  () => import('../studies/TodayView.tsx').then((view) => view.TodayView),
  () => null,
);
const NeedsView = deferred<object>(() => import('../studies/NeedsView.tsx').then((view) => view.NeedsView));
const ReviewsBadge = beside<ReviewsBadgeProps>(() =>
  import('./ReviewsBadge.tsx').then((view) => view.ReviewsBadge),
);
const NeedsBadge = beside<NeedsBadgeProps>(() =>
  import('../studies/NeedsBadge.tsx').then((view) => view.NeedsBadge),
);
const AdminEntry = beside<AdminEntryProps>(() =>
  import('../admin/AdminEntry.tsx').then((view) => view.AdminEntry),
);
// If this part cannot be loaded, the device locks at its next start.
const AutoLock = beside<AutoLockProps>(() => import('./AutoLock.tsx').then((view) => view.AutoLock));
const Announcer = beside<object>(() => import('./Announcer.tsx').then((view) => view.Announcer));
const SettingsView = deferred<SettingsViewProps>(() =>
  import('./SettingsView.tsx').then((view) => view.SettingsView),
);
const HelpView = deferred(() => import('./HelpView.tsx').then((view) => view.HelpView));
const CheckView = deferred(() => import('../studies/CheckView.tsx').then((view) => view.CheckView));
const StartView = deferred(() => import('./StartView.tsx').then((view) => view.StartView));
const AuditView = deferred<{ query: string }>(() =>
  import('../audit/AuditView.tsx').then((view) => view.AuditView),
);
const SentStudyView = deferred<{ id: string }>(() =>
  import('../studies/SentStudyView.tsx').then((view) => view.SentStudyView),
);
const StudyView = deferred<{ id: string }>(() =>
  import('../pipeline/upload/StudyView.tsx').then((view) => view.StudyView),
);

/**
 * Loads a component that stands beside every page, once the first page is drawn. If it cannot be loaded the page works
 * without it, and UpdateOffer says that a part is missing.
 */
function beside<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const nothing = () => null;
  return deferred<Props>(() => load().catch(() => nothing), nothing);
}

type AppProps = {
  readonly route: ReadonlySignal<Route>;
  readonly update: Update;
  readonly install: ReadonlySignal<Install | null>;
  readonly lockMinutes: AutoLockProps['minutes'];
  readonly policies: ReadonlySignal<StatusLineProps['policies']>;
  readonly choiceLost: ReadonlySignal<ChoiceMemory | null>;
};

/** Draw it inside `ProvideStores`. */
export function App({ route, update, install, lockMinutes, policies, choiceLost }: AppProps) {
  const session = useSession();
  const state = session.state.value;
  const user = session.user.value;
  const here = landingOf(route.value, user);
  const covered = useSignal(false);
  const signedOut = state === 'signed-out';
  // Before a page of another person is drawn, however that person came.
  useMemo(forgetKept, [user?.id]);
  // While nobody is known to be here, nothing that was drawn or said for a person stays visible.
  const hidden = signedOut || covered.value;
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: a link to the content of this page, as assistive technology expects; the address behind # is the app's */}
      <a class="skip button" href="#content" onClick={skipToContent}>
        {appWords.skipToContent}
      </a>
      <Header page={here.page} hidden={hidden} />
      <StatusLine
        page={here.page}
        choiceLost={choiceLost.value}
        policies={policies.value}
        worksOffline={update.worksOffline.value}
      />
      <UpdateOffer update={update} />
      {state === 'unknown' ? (
        <Checking />
      ) : signedOut && here.page !== 'help' ? (
        <ProblemBoundary>
          <SignInView />
        </ProblemBoundary>
      ) : (
        // The key discards the state of a page when another person signs in.
        !covered.value && <Page key={user?.id} route={here} install={install} lockMinutes={lockMinutes} />
      )}
      {!signedOut && user && <AutoLock minutes={lockMinutes} covered={covered} />}
      {!hidden && state !== 'unknown' && <Announcer />}
    </>
  );
}

/** The app's routes use the `#` of the address, so the skip link moves the focus itself. */
function skipToContent(event: MouseEvent) {
  event.preventDefault();
  document.querySelector<HTMLElement>('#content h1')?.focus();
}

function Header({ page, hidden }: { readonly page: Route['page']; readonly hidden: boolean }) {
  const queue = useQueue();
  const session = useSession();
  const user = session.user.value;
  const isKnown = session.state.value !== 'unknown';
  const first = user && landingOf({ page: 'start' }, user).page === 'start' ? 'start' : 'upload';
  // For people whose first page is Start, Upload is a page below it.
  const isFirst = page === first || page === 'upload' || page === 'before-after';
  return (
    <header class="header">
      <div class="header-inside">
        <a class="brand strong" href={hrefOf({ page: 'start' })}>
          <img src="/icon.svg" alt="" width="28" height="28" />
          <span class="brand-name">{kitWords.product}</span>
        </a>
        {!hidden && (
          <nav class="tabs" aria-label={appWords.nav.label}>
            <a class="tab" href={hrefOf({ page: first })} aria-current={isFirst ? 'page' : undefined}>
              <Icon name={first === 'upload' ? 'up' : 'note'} />
              {kitWords.pages[first]}
            </a>
            <StudiesTab page={page} />
            <ReadTab page={page} />
            <a
              class="tab"
              href={hrefOf({ page: 'results', at: 'results', id: '', beside: '' })}
              aria-current={page === 'results' ? 'page' : undefined}
            >
              <Icon name="result" />
              {kitWords.pages.results}
            </a>
            <LastTab page={page} />
            {user && seesFigures(user) && (
              <a
                class="tab tab-rail"
                href={hrefOf({ page: 'analytics', id: '', query: '' })}
                aria-current={page === 'analytics' ? 'page' : undefined}
              >
                <Icon name="chart" />
                {kitWords.pages.analytics}
              </a>
            )}
            {user?.roles.includes('admin') && (
              <AdminEntry key={user.id} page={page} link={queue.link.value} />
            )}
            {isKnown && <NeedsBadge key={user?.id} page={page} />}
          </nav>
        )}
        <AccountMenu key={String(hidden)} />
      </div>
    </header>
  );
}

function StudiesTab({ page }: { readonly page: Route['page'] }) {
  const waiting = useQueue().studies.value.filter(
    (study) => study.state !== 'done' && study.state !== 'taken-back' && !study.cancelling,
  ).length;
  return (
    <a
      class="tab"
      href={hrefOf({ page: 'studies' })}
      aria-current={page === 'studies' || page === 'study' || page === 'sent' ? 'page' : undefined}
    >
      <Icon name="list" />
      {kitWords.pages.studies}
      {waiting > 0 && (
        <>
          <span class="tab-count numbers" aria-hidden="true">
            {waiting}
          </span>
          <span class="unseen">, {appWords.nav.queueCount(waiting)}</span>
        </>
      )}
    </a>
  );
}

/** What waits for a radiologist. */
function ReadTab({ page }: { readonly page: Route['page'] }) {
  const user = useSession().user.value;
  if (user === null || !mayReadReviews(user)) return null;
  return (
    <a
      class="tab"
      href={hrefOf({ page: 'reviews', id: '' })}
      aria-current={page === 'reviews' ? 'page' : undefined}
    >
      <Icon name="read" />
      {kitWords.pages.reviews}
      <ReviewsBadge key={user.id} page={page} />
    </a>
  );
}

/** The last tab: Cases, or the audit trail for people without cases. */
function LastTab({ page }: { readonly page: Route['page'] }) {
  const user = useSession().user.value;
  const hasCases = user !== null && mayOpenCases(user);
  if (user === null || !(hasCases || mayReadAudit(user))) return null;
  const to = hasCases
    ? ({ page: 'cases', id: '', query: '' } as const)
    : ({ page: 'audit', query: '' } as const);
  const isHere = page === to.page || (hasCases && page === 'exports');
  return (
    <a class="tab tab-wide" href={hrefOf(to)} aria-current={isHere ? 'page' : undefined}>
      <Icon name={hasCases ? 'case' : 'files'} />
      {kitWords.pages[to.page]}
    </a>
  );
}

/** Tells people and screen readers that the page has changed: sets the window's title and focuses the heading. */
type PageProps = { readonly route: Route } & SettingsViewProps;

function Page({ route, ...of }: PageProps) {
  const first = useRef(true);
  const key = [
    route.page,
    ...('at' in route ? [route.at] : []),
    ...('beside' in route ? [route.beside] : []),
    ...('id' in route ? [route.id] : []),
  ].join('/');
  useLayoutEffect(() => {
    document.title = `${titleOf(route)} – ${kitWords.product}`;
    window.scrollTo(0, 0);
    const isFirst = first.current;
    first.current = false;
    return isFirst ? undefined : focusHeading();
  }, [key]);
  return <ProblemBoundary key={route.page}>{viewOf(route, of)}</ProblemBoundary>;
}

/** A page that is loaded late has no heading yet. Returns a function that ends the wait. */
function focusHeading(): () => void {
  const focus = (): boolean => {
    const heading = document.querySelector<HTMLElement>('#content h1');
    // A person who came back to a list continues at its row (ListTable).
    if (!document.activeElement?.matches('#content .list-link')) heading?.focus();
    return heading !== null;
  };
  const from = document.activeElement;
  const waiting = new MutationObserver(() => {
    // The person may have gone on meanwhile, into a dialog or a field.
    const isElsewhere = document.activeElement !== from && document.activeElement !== document.body;
    if (isElsewhere || focus()) waiting.disconnect();
  });
  if (!focus()) waiting.observe(document.body, { childList: true, subtree: true });
  return () => waiting.disconnect();
}

function titleOf(route: Route): string {
  if (route.page === 'not-found') return appWords.notFound.title;
  return kitWords.pages['at' in route ? route.at : route.page];
}

function viewOf(route: Route, of: SettingsViewProps) {
  switch (route.page) {
    case 'start':
      return <StartView />;
    case 'upload':
      return <UploadView today={<TodayView />} />;
    case 'before-after':
      return <BeforeAfterView key={route.id} id={route.id} covers={route.covers} />;
    case 'studies':
      return <Studies install={of.install} />;
    case 'settings':
      return <SettingsView {...of} />;
    case 'check':
      return <CheckView />;
    case 'help':
      return <HelpView />;
    case 'study':
      return <StudyView key={route.id} id={route.id} />;
    case 'sent':
      return <SentStudyView key={route.id} id={route.id} />;
    case 'needs':
      return <NeedsView />;
    case 'audit':
      return <AuditView query={route.query} />;
    case 'results':
      return <ResultsPages route={route} />;
    case 'cases':
    case 'reviews':
    case 'exports':
    case 'analytics':
      return <CasesPages route={route} />;
    case 'admin':
      return <AdminPages key={route.at} at={route.at} id={route.id ?? ''} />;
    case 'not-found':
      return (
        <main id="content" class="page stack">
          <h1 tabIndex={-1}>{appWords.notFound.title}</h1>
          <p>
            <a class="button button-main" href={hrefOf({ page: 'start' })}>
              {appWords.notFound.next}
            </a>
          </p>
        </main>
      );
    default:
      return route satisfies never;
  }
}

function Studies({ install }: Pick<AppProps, 'install'>) {
  return <StudiesView mayBeCleared={useIngest().persisted.value === false} install={install.value} />;
}

function Checking() {
  const late = useLate(true);
  return (
    <main id="content" class="page" aria-busy="true">
      {late && <p class="quiet">{appWords.signIn.checking}</p>}
    </main>
  );
}
