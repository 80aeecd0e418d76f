/**
 * The log: one JSON line on stdout for each event, with a closed set of fields. There is no free text that could
 * contain a name: a field is a code, a UID, an id of ours, a count or a time. Of an unexpected error only the kind and
 * the place are written, not the message.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { fstatSync } from 'node:fs';
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
   * `no-tls`: another machine connected, but TLS is not served and the machine is not a trusted proxy. `too-many`: the
   * ports have reached their limit of connections. Logged at most once a minute each.
   */
  | { event: 'connection-refused'; because: 'no-tls' | 'too-many' }
  /** The DIMSE listener is open. `inClearText`: other machines too may use it without TLS. */
  | { event: 'dimse-listening'; host: string; port: number; inClearText: boolean }
  /** A request for an association was refused. Logged at most once a minute. */
  | { event: 'dimse-refused'; because: string }
  /**
   * The certificate's files have changed. Either the new pair is served, or the files hold no valid pair and the last
   * good one stays in use.
   */
  | { event: 'certificate-renewed' | 'certificate-not-renewed' }
  /** The embedded database; `how`: an exit code or the name of a signal. */
  | { event: 'database-ended'; how: string }
  | { event: 'database-back' }
  | { event: 'backup-made'; name: string; bytes: number }
  | {
      event: 'backup-not-made';
      because: 'no-room' | 'failed';
      error?: string;
      code?: string;
      stack?: readonly string[];
    }
  | { event: 'retention-stopped'; kind: string; error: string; code?: string; stack: readonly string[] }
  | { event: 'not-compacted'; table: string; error: string; code?: string; stack: readonly string[] }
  | { event: 'backup-kept'; from: string; to: string; bytes: number }
  /** The name of a migration, and its place among those to run. */
  | { event: 'schema-climbs'; name: string; nth: number; count: number }
  | { event: 'database-not-back'; error: string; code?: string; stack: readonly string[] }
  | {
      event: 'request';
      method: string;
      route: string;
      status: number;
      ms: number;
      code?: AnyProblemCode;
      user?: string;
      /** How many refusals of this kind to strangers have not been logged since the last line about one. */
      leftOut?: number;
    }
  /** The database could not write. It continues when there is room on the disk. */
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
  /** The audit trail ends before its last signed head, at a start or while the gateway runs. */
  | { event: 'audit-restored'; to: number; lost: number }
  | { event: 'audit-cut'; rows: number; signed: number }
  | { event: 'audit-heads-changed' }
  | { event: 'audit-not-shipped'; error: string; code?: string; stack: readonly string[] }
  /** Studies or parcels that had no job to move them on, and have one again. */
  | { event: 'jobs-renewed'; queue: string; count: number }
  /** The built-in viewer's package could not be fetched or unpacked. */
  | { event: 'viewer-not-installed'; why: string; error: string; code?: string; stack: readonly string[] }
  | { event: 'inference-failed'; jobId: string; code: string; attempt: number; isLast: boolean }
  | { event: 'verified-report-left-out'; resultId: string; because: string }
  /** Annotations of a study that cannot be sent to the PACS. */
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

const ERROR = 3;
const WARNING = 4;
const INFORMATION = 6;
/** Severities (RFC 5424 §6.2.1) of the events that are more than information. */
const SEVERITIES: Partial<Record<LogEvent['event'], number>> = {
  'audit-cut': ERROR,
  'audit-heads-changed': ERROR,
  'backup-not-made': ERROR,
  'certificate-not-renewed': ERROR,
  'database-ended': ERROR,
  'database-not-back': ERROR,
  'disk-full': ERROR,
  'retention-stopped': ERROR,
  'unexpected-error': ERROR,
  'annotations-left-out': WARNING,
  'audit-not-shipped': WARNING,
  'audit-restored': WARNING,
  'connection-refused': WARNING,
  'dimse-refused': WARNING,
  'inference-failed': WARNING,
  'instances-not-verified': WARNING,
  'job-failed': WARNING,
  'jobs-renewed': WARNING,
  'not-compacted': WARNING,
  'pacs-does-not-give': WARNING,
  'pacs-does-not-search': WARNING,
  'pacs-in-clear-text': WARNING,
  'pacs-unreachable': WARNING,
  'parcel-damaged': WARNING,
  'unpromised-instances': WARNING,
  'verified-report-left-out': WARNING,
  'viewer-not-installed': WARNING,
};

/** Whether systemd's journal reads this descriptor (systemd.exec(5), JOURNAL_STREAM), or another program. */
export function isJournal(descriptor: number, stream: string | undefined): boolean {
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(descriptor);
  return stream === `${dev}:${ino}`;
}

const correlation = new AsyncLocalStorage<string>();

/** Runs `work` so that every line that it logs carries the id. */
export function withCorrelation<T>(id: string, work: () => T): T {
  return correlation.run(id, work);
}

/**
 * A log that writes lines with `write`; `now` gives their time. `isForJournal`: each begins with its severity
 * (sd-daemon(3)), by which the journal can be filtered.
 */
export function createLog(write: (line: string) => void, now: () => Date, isForJournal = false): Log {
  return (event) => {
    const id = correlation.getStore();
    const severity = isForJournal ? `<${SEVERITIES[event.event] ?? INFORMATION}>` : '';
    write(
      `${severity}${JSON.stringify({ at: now().toISOString(), ...event, ...(id === undefined ? {} : { correlationId: id }) })}\n`,
    );
  };
}

/** Frames of our own code and of packages: enough to find the place. A stack contains no values. */
const STACK_FRAMES = 8;

/** pg-boss reports errors as plain objects with the members of an Error. */
function isErrorLike(error: unknown): error is { name?: string; stack?: string; code?: unknown } {
  return (
    error instanceof Error ||
    (typeof error === 'object' && error !== null && 'stack' in error && typeof error.stack === 'string')
  );
}

/** A stack frame with only the last folder of its file's path. */
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
