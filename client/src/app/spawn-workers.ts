/** The page's workers. Their addresses are written out, because the build looks for them in this form. */

export function spawnIngest(): Worker {
  return reportingMissing(
    new Worker(new URL('../pipeline/ingest/ingest.worker.ts', import.meta.url), { type: 'module' }),
  );
}

export function spawnSender(): Worker {
  return reportingMissing(
    new Worker(new URL('../pipeline/upload/sender/sender.worker.ts', import.meta.url), { type: 'module' }),
  );
}

/** The build reports other parts of the page that cannot be fetched (main.tsx), but not workers. */
function reportingMissing(worker: Worker): Worker {
  worker.addEventListener('error', (event) => {
    // An error of the script has a message; a script that could not be fetched has none.
    if (!('message' in event)) globalThis.dispatchEvent(new Event('vite:preloadError'));
  });
  return worker;
}
