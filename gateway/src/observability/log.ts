/**
 * The log: one JSON line an event on stdout, each event with closed fields. There is no free text for a name
 * to hide in: a field is a code, a UID, an id of ours, a count or a time. Of an unexpected error only its
 * kind and place are written, not its message.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';

export type LogEvent =
  | {
      event: 'gateway-ready';
      api: string;
      web: string;
      version: string;
      database: 'embedded' | 'server';
      startMs: number;
    }
  | { event: 'gateway-stopping'; signal: string }
  | { event: 'gateway-stopped' }
  | { event: 'admin-created' }
  /**
   * `no-tls`: somebody called from elsewhere, and neither TLS is served nor is the caller a trusted proxy. `too-many`:
   * the ports hold all the connections they may. At most once a minute each.
   */
  | { event: 'connection-refused'; because: 'no-tls' | 'too-many' }
  /** The DIMSE listener is open; `inClearText`: to other machines too. */
  | { event: 'dimse-listening'; host: string; port: number; inClearText: boolean }
  /** Somebody asked for an association who gets none. At most once a minute. */
  | { event: 'dimse-refused'; because: string }
  /** The files of the certificate: a new pair is served; or they hold none, and the last good one still is. */
  | { event: 'certificate-renewed' | 'certificate-not-renewed' }
  /** The embedded database; `how`: an exit code or the name of a signal. */
  | { event: 'database-ended'; how: string }
  | { event: 'database-back' }
  | { event: 'database-not-back'; error: string; code?: string; stack: readonly string[] }
  | {
      event: 'request';
      method: string;
      route: string;
      status: number;
      ms: number;
      code?: AnyProblemCode;
      user?: string;
      /** Refusals of this kind that strangers had since the last line about one, and that have no line. */
      leftOut?: number;
    }
  /** The database refused to write; it continues when there is room. */
  | { event: 'disk-full'; where: string }
  | { event: 'unexpected-error'; where: string; error: string; code?: string; stack: readonly string[] }
  | {
      event: 'job-failed';
      queue: string;
      job: string;
      attempt: number;
      error: string;
      code?: string;
      stack: readonly string[];
    }
  | {
      event: 'stage-started' | 'stage-finished';
      stage: string;
      studyId: string;
      parcelId?: string;
      outcome?: string;
      ms?: number;
    }
  /** The audit trail ends before its last signed head: at a start, and while the gateway runs. */
  | { event: 'audit-restored'; to: number; lost: number }
  | { event: 'audit-cut'; rows: number; signed: number }
  | { event: 'audit-heads-changed' }
  | { event: 'audit-not-shipped'; error: string; code?: string; stack: readonly string[] }
  /** Studies or parcels that no job would have moved on. */
  | { event: 'jobs-renewed'; queue: string; count: number }
  /** The built-in viewer's package could not be fetched or unpacked. */
  | { event: 'viewer-not-installed'; why: string; error: string; code?: string; stack: readonly string[] }
  | { event: 'inference-failed'; jobId: string; code: string; attempt: number; isLast: boolean }
  | { event: 'verified-report-left-out'; resultId: string; because: string }
  /** A study's annotations that cannot go to the PACS. */
  | { event: 'annotations-left-out'; reviewId: string; because: string }
  | {
      event:
        | 'parcel-damaged'
        | 'instances-not-verified'
        | 'unpromised-instances'
        | 'pacs-unreachable'
        | 'pacs-does-not-search'
        | 'pacs-does-not-give'
        | 'pacs-in-clear-text'
        | 'pacs-back';
      [field: string]: string | number;
    };

export type Log = (event: LogEvent) => void;

const correlation = new AsyncLocalStorage<string>();

/** Runs `work` so that every line that it logs carries the id. */
export function withCorrelation<T>(id: string, work: () => T): T {
  return correlation.run(id, work);
}

/** A log that writes lines with `write`; `now` gives their time. */
export function createLog(write: (line: string) => void, now: () => Date): Log {
  return (event) => {
    const id = correlation.getStore();
    write(
      `${JSON.stringify({ at: now().toISOString(), ...event, ...(id === undefined ? {} : { correlationId: id }) })}\n`,
    );
  };
}

/** Frames of our own and of packages; deep enough to find the place, and a stack has no values in it. */
const STACK_FRAMES = 8;

/** pg-boss tells its troubles as plain objects that have the members of the error. */
function isErrorLike(error: unknown): error is { name?: string; stack?: string; code?: unknown } {
  return (
    error instanceof Error ||
    (typeof error === 'object' && error !== null && 'stack' in error && typeof error.stack === 'string')
  );
}

/** A frame with the last folder of its file alone. */
function withoutFolders(frame: string): string {
  const [called = '', ...address] = frame.split('file://');
  return called + address.join('').split('/').slice(-2).join('/');
}

/**
 * An unexpected error as it may be logged: its class, its code and its frames. Its message is left out: a
 * database, a parser or a URL may have put a patient's value there.
 */
export function describeError(error: unknown): { error: string; code?: string; stack: readonly string[] } {
  if (!isErrorLike(error)) return { error: typeof error, stack: [] };
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, STACK_FRAMES);
  const { code } = error;
  const described = {
    error: (error.name ?? 'Error').slice(0, 60),
    stack: frames.map((line) => withoutFolders(line.slice(7))),
  };
  return typeof code === 'string' && /^[A-Za-z0-9_-]{1,40}$/.test(code) ? { ...described, code } : described;
}
