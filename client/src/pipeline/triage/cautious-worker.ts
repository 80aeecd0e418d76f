/**
 * A worker for the models that records on the device how it ended. If the worker and the page share a process
 * (WebKit), a worker that runs out of memory takes the page with it, and nothing is left to count. So a note is
 * written before the work starts and deleted after the answer. A page that finds such a note while no page is working
 * knows that one died. After several deaths the models pause on this device for a week, and the gateway does the
 * work.
 *  The notes contain times and nothing of a study.
 */
import { DAY_MS } from '#shared/day.ts';
import { ModelWorkerFault, type ModelWorker } from './model-worker.ts';

/** The number of deaths after which the models pause: one may be a flat battery, two a coincidence. */
export const DEATHS_LIMIT = 3;
/** A limited time, because devices get updates, and a model that never runs again would not be noticed. */
export const REST_MS = 7 * DAY_MS;

const PLACE = 'relaypacs-models-at-work';

interface CautiousWorkerTools {
  /** Storage that outlives the page: local storage. */
  readonly place: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly locks: Pick<LockManager, 'request'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls `work` when a person leaves or reloads the page, which does not count as a death. */
  readonly onLeaving: (work: () => void) => void;
}

/** The times of deaths, the latest last, and the time since which a page has been working. */
interface Written {
  readonly deaths: readonly number[];
  readonly since: number | null;
}

/** Wraps `worker`. While the models pause, `examine` throws a ModelWorkerFault `PageDied`. */
export function createCautiousWorker(
  worker: ModelWorker,
  { place, locks, now, onLeaving }: CautiousWorkerTools,
): ModelWorker {
  let isAtWork = false;

  function read(): Written {
    const { deaths, since } = parseWritten(place.getItem(PLACE));
    return {
      deaths: [...deaths, ...(since === null ? [] : [since])].filter((at) => now() - at < REST_MS),
      since: null,
    };
  }

  function write(written: Written): void {
    isAtWork = written.since !== null;
    try {
      if (written.since === null && written.deaths.length === 0) place.removeItem(PLACE);
      else place.setItem(PLACE, JSON.stringify(written));
    } catch {
      // The storage is full or forbidden, so nothing is remembered.
    }
  }

  onLeaving(() => {
    if (isAtWork) write({ ...parseWritten(place.getItem(PLACE)), since: null });
  });

  return {
    ...worker,
    // While another tab is working, the note belongs to that tab.
    examine: (ref, signal) =>
      locks.request(PLACE, { ifAvailable: true }, async (lock) => {
        if (lock === null) return worker.examine(ref, signal);
        const { deaths } = read();
        write({ deaths, since: null });
        if (deaths.length >= DEATHS_LIMIT) throw new ModelWorkerFault('PageDied');
        write({ deaths, since: now() });
        try {
          return await worker.examine(ref, signal);
        } finally {
          write({ deaths, since: null });
        }
      }),
  };
}

/** An unreadable note counts as none. */
function parseWritten(text: string | null): Written {
  try {
    const { deaths, since } = JSON.parse(text ?? '{}') as {
      readonly deaths?: unknown;
      readonly since?: unknown;
    };
    return {
      deaths: Array.isArray(deaths) ? deaths.filter((at) => Number.isFinite(at)).slice(-DEATHS_LIMIT) : [],
      since: typeof since === 'number' ? since : null,
    };
  } catch {
    return { deaths: [], since: null };
  }
}
