/** The appearance of the app, what this device stores and whether it keeps it, the lock, and a report for IT staff. */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { linkFactsOf } from '../net/metered.ts';
import { useSession } from '../net/net-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { KEPT_DAYS } from '../pipeline/queue/rows/forget-finished.ts';
import { accountWords } from './account-words.ts';
import { browserFacts, readKept } from './browser-facts.ts';
import { countHoldings } from './count-holdings.ts';
import { deviceReport, type Kept } from './device-report.ts';
import type { Install } from './install-offer.ts';
import { LooksChoice } from './LooksChoice.tsx';
import { TEXT_SIZES, THEMES, useLooks } from './looks.ts';
import { settingsWords as words } from './settings-words.ts';
import './settings.css';

/** Written by the build (vite.config.ts). */
declare const RELAY_WEB_VERSION: string;

export type SettingsViewProps = {
  readonly install: ReadonlySignal<Install | null>;
  readonly lockMinutes: ReadonlySignal<number | null>;
};

export function SettingsView({ install, lockMinutes }: SettingsViewProps) {
  const looks = useLooks();
  const kept = useSignal<Kept | null>(null);
  const measure = async () => {
    kept.value = await readKept(navigator);
  };
  useEffect(() => void measure(), []);
  return (
    <main id="content" class="page settings">
      <h1 tabIndex={-1}>{kitWords.pages.settings}</h1>
      <section class="settings-part" aria-labelledby="settings-looks">
        <h2 id="settings-looks">{words.appearance}</h2>
        <LooksChoice title={words.theme} choices={THEMES} words={accountWords.themes} chosen={looks.theme} />
        <LooksChoice title={words.text} choices={TEXT_SIZES} words={words.texts} chosen={looks.text} />
      </section>
      {linkFactsOf(navigator) !== null && <SendingPart />}
      <StoragePart kept={kept.value} install={install.value} onChanged={measure} />
      <section class="settings-part" aria-labelledby="settings-lock">
        <h2 id="settings-lock">{words.lock}</h2>
        <p>{lockSentence(lockMinutes.value)}</p>
      </section>
      <ReportPart kept={kept.value} lockMinutes={lockMinutes.value} />
    </main>
  );
}

function lockSentence(minutes: number | null): string {
  if (minutes === null) return words.lockUnknown;
  return minutes === 0 ? words.lockNever : words.lockAfter(minutes);
}

/** Shown only where the browser tells what kind of link it has. */
function SendingPart() {
  const queue = useQueue();
  return (
    <section class="settings-part" aria-labelledby="settings-sending">
      <h2 id="settings-sending">{words.sending}</h2>
      <label class="choice">
        <input
          type="checkbox"
          class="tick"
          checked={queue.wifiOnly.value}
          onChange={({ currentTarget }) => void queue.setWifiOnly(currentTarget.checked)}
        />
        <span>{words.wifiOnly}</span>
      </label>
      <p class="quiet">{words.wifiOnlyWhat}</p>
    </section>
  );
}

type StoragePartProps = {
  readonly kept: Kept | null;
  readonly install: Install | null;
  /** Called after a request to the browser: reads its answer again. */
  readonly onChanged: () => Promise<void>;
};

function StoragePart({ kept, install, onChanged }: StoragePartProps) {
  return (
    <section class="settings-part" aria-labelledby="settings-storage">
      <h2 id="settings-storage">{words.storage}</h2>
      {kept === null ? (
        <p class="quiet">{words.reading}</p>
      ) : (
        <>
          <p class="numbers">
            {kept.usedBytes === null || kept.freeBytes === null
              ? words.spaceUnknown
              : words.space(kept.usedBytes, kept.freeBytes)}
          </p>
          <Holdings models={kept.models} />
          <p class="quiet">{words.finished(KEPT_DAYS)}</p>
          <Persistence isPersisted={kept.isPersisted} onChanged={onChanged} />
        </>
      )}
      {install ? (
        <>
          <p>{words.installWhat}</p>
          <p>
            <button type="button" class="button" onClick={() => void install().then(onChanged)}>
              {words.install}
            </button>
          </p>
        </>
      ) : (
        <p>{browserFacts(window).isInstalled ? words.installed : words.installHow}</p>
      )}
    </section>
  );
}

function Holdings({ models }: { readonly models: number }) {
  const queue = useQueue();
  const { waiting, safe, arrived } = countHoldings(queue.studies.value);
  const facts: readonly (readonly [string, string])[] = [
    [words.holds.waiting, words.waiting(waiting, safe)],
    [words.holds.receipts, words.count(arrived)],
    [words.holds.others, words.count(queue.others.value + queue.othersWaiting.value)],
    [words.holds.models, words.files(models)],
  ];
  return (
    <dl class="settings-facts">
      {facts.map(([what, count]) => (
        <div key={what} class="hairline">
          <dt>{what}</dt>
          <dd class="numbers quiet">{count}</dd>
        </div>
      ))}
    </dl>
  );
}

type PersistenceProps = { readonly isPersisted: boolean | null } & Pick<StoragePartProps, 'onChanged'>;

function Persistence({ isPersisted, onChanged }: PersistenceProps) {
  const refused = useSignal(false);
  const ask = async () => {
    refused.value = !(await navigator.storage.persist().catch(() => false));
    await onChanged();
  };
  if (isPersisted === null) return <p>{words.keptUnknown}</p>;
  return (
    <>
      <p role="status">{isPersisted ? words.kept : refused.value ? words.keepRefused : words.notKept}</p>
      {!isPersisted && (
        <p>
          <button type="button" class="button" onClick={() => void ask()}>
            {words.keep}
          </button>
        </p>
      )}
    </>
  );
}

type ReportPartProps = { readonly kept: Kept | null; readonly lockMinutes: number | null };

function ReportPart({ kept, lockMinutes }: ReportPartProps) {
  const session = useSession();
  const queue = useQueue();
  if (kept === null) return null;
  const report = deviceReport({
    ...browserFacts(window),
    version: RELAY_WEB_VERSION,
    at: new Date(),
    link: queue.link.value,
    session: session.state.value,
    roles: session.user.value?.roles ?? [],
    lockMinutes,
    kept,
    studies: queue.studies.value,
    others: queue.others.value + queue.othersWaiting.value,
  });
  return (
    <section class="settings-part" aria-labelledby="settings-about">
      <h2 id="settings-about">{words.about}</h2>
      <p>{words.version(RELAY_WEB_VERSION)}</p>
      <details class="disclosure">
        <summary>
          <span class="disclosure-mark">
            <Icon name="chevron" size={20} turns />
          </span>
          <span>{words.report}</span>
        </summary>
        <p class="quiet">{words.reportWhat}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also from the keyboard */}
        <pre class="settings-report code" tabIndex={0}>
          {report}
        </pre>
        <ReportActions report={report} />
      </details>
    </section>
  );
}

function ReportActions({ report }: { readonly report: string }) {
  const copied = useSignal(false);
  const copy = async () => {
    // Where the clipboard is forbidden, the report can still be saved as a file.
    copied.value = await navigator.clipboard.writeText(report).then(
      () => true,
      () => false,
    );
  };
  const href = `data:text/plain;charset=utf-8,${encodeURIComponent(report)}`;
  return (
    <p class="row">
      <button type="button" class="button" onClick={() => void copy()}>
        <Icon name="copy" size={20} />
        <span aria-live="polite">{copied.value ? words.copied : words.copy}</span>
      </button>
      <a class="button" href={href} download={words.fileName}>
        <Icon name="save" size={20} />
        {words.save}
      </a>
    </p>
  );
}
