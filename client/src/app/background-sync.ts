/**
 * Asks the browser to wake the service worker for the queue when no page is open. Background Sync wakes it when there
 * is a network again. Periodic Background Sync wakes it now and then, where the person has installed the app and the
 * browser grants it. Safari and Firefox have neither.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { effect, type ReadonlySignal } from '@preact/signals';
import { QUEUE_TAG } from './worker-messages.ts';

/** The DOM's types lack both APIs (Background Sync §5.1, Periodic Background Sync §5.1). */
type Registration = ServiceWorkerRegistration & {
  readonly sync?: { register(tag: string): Promise<void> };
  readonly periodicSync?: { register(tag: string, options: { minInterval: number }): Promise<void> };
};

/** Twice a day. A browser does it less often where the app is rarely used. */
const PERIOD_MS = 12 * 60 * 60 * 1000;
const REFUSED = 'if the person forbids it, sending resumes when the page is opened';

/** Whether the browser can send the queue without a page. */
export function goesOnAlone(scope: typeof globalThis): boolean {
  return 'ServiceWorkerRegistration' in scope && 'sync' in scope.ServiceWorkerRegistration.prototype;
}

interface BackgroundSyncTools {
  readonly workers: ServiceWorkerContainer | undefined;
  /** Whether something waits on this device. */
  readonly waits: ReadonlySignal<boolean>;
  readonly isHidden: () => boolean;
  readonly onChange: (listener: () => void) => void;
}

/**
 * Asks as soon as something waits. Asks again when the page is hidden, because the browser drops a request once it has
 * been served.
 */
export function askForBackgroundSync({ workers, waits, isHidden, onChange }: BackgroundSyncTools): void {
  if (!workers) return;
  const ask = async (): Promise<void> => {
    const registration: Registration = await workers.ready;
    const { sync, periodicSync } = registration;
    if (sync) await ignoreFailure(sync.register(QUEUE_TAG), REFUSED);
    if (periodicSync)
      await ignoreFailure(periodicSync.register(QUEUE_TAG, { minInterval: PERIOD_MS }), REFUSED);
  };
  effect(() => void (waits.value && ask()));
  onChange(() => void (isHidden() && waits.peek() && ask()));
}
