/** Reads this browser's abilities and its storage, for the settings page. Nothing here throws. */
import { countKeptParts } from '../pipeline/triage/kept-parts.ts';
import type { DeviceFacts, Kept } from './device-report.ts';

export async function readKept({ storage }: Navigator): Promise<Kept> {
  const { usage, quota } = (await storage?.estimate?.().catch(() => null)) ?? {};
  return {
    usedBytes: usage ?? null,
    freeBytes: quota === undefined ? null : Math.max(0, quota - (usage ?? 0)),
    isPersisted: (await storage?.persisted?.().catch(() => null)) ?? null,
    models: await countKeptParts(globalThis.caches).catch(() => 0),
  };
}

type OfBrowser = Pick<DeviceFacts, 'browser' | 'window' | 'isInstalled' | 'apis'>;

export function browserFacts(window: Window): OfBrowser {
  const { navigator, innerWidth, innerHeight, devicePixelRatio } = window;
  return {
    browser: navigator.userAgent,
    window: `${innerWidth}×${innerHeight} at ${devicePixelRatio}`,
    isInstalled: window.matchMedia('(display-mode: standalone)').matches,
    apis: {
      'service worker': 'serviceWorker' in navigator,
      controlled: Boolean(navigator.serviceWorker?.controller),
      'background sync': 'SyncManager' in window,
      'periodic sync': 'PeriodicSyncManager' in window,
      'folder picker': 'showDirectoryPicker' in window,
      'launch queue': 'launchQueue' in window,
      'wake lock': 'wakeLock' in navigator,
      locks: 'locks' in navigator,
      'network information': 'connection' in navigator,
      'barcode detector': 'BarcodeDetector' in window,
      WebGPU: 'gpu' in navigator,
      'secure context': window.isSecureContext,
    },
  };
}
