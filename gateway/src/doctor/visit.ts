/**
 * What the probes share during one examination of a PACS: the connection, the requests, the time, and what they have
 * found.
 */
import type { FoundInstance } from '../ports/pacs/pacs.ts';
import { ask, type Answer, type NoAnswer, type PacsConnection, type Question } from './ask.ts';
import { diagnose, type Finding } from './diagnoses.ts';
import type { Sample } from './sample.ts';

/** The clock of the probes, which tests can replace. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
};

/**
 * `commitment`: the destination asks for storage commitment. `orthanc`: it is configured as an Orthanc with its REST
 * API.
 */
export type Wants = { readonly commitment: boolean; readonly orthanc: boolean };

export type Visit = {
  readonly wants: Wants;
  readonly connection: PacsConnection;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  ask(question: Question): Promise<Answer | NoAnswer>;
  /** What one probe found and others need. */
  readonly found: Found;
};

type Found = {
  /** The root of Orthanc's REST API, if the PACS is an Orthanc that exposes it. */
  orthancRest: string | null;
  /** A few instances that the PACS listed. */
  instances: readonly FoundInstance[];
  /** The PACS seems to accept store requests, judging by one without instances. */
  takesStores: boolean;
  /**
   * The PACS answered a store request without instances with 5xx, or not at all. Then failures tell nothing about
   * garbage, chunks and sizes.
   */
  failsStores: boolean;
  /** Instances that this examination stored or tried to store. */
  samples: readonly Sample[];
  /** The PACS reported that it kept none of the samples. */
  isNoneTaken: boolean;
  /** The largest accepted body, in bytes. */
  bodyBytes: number | null;
  /**
   * Time from the answer to the store request until a search showed the instances; null: not measured, or never shown.
   */
  lagMs: number | null;
  /** No search showed the stored instances while we waited. */
  isNeverShown: boolean;
  /**
   * How many samples the last search left out, and how long after they were stored; null: all were shown, or the
   * search was not answered.
   */
  unlisted: { readonly count: number; readonly seconds: number } | null;
  /** The PACS confirmed samples and then lost them, so waiting longer does not help. */
  hasLost: boolean;
  /** The PACS reports its own digests. */
  tellsDigests: boolean;
  /** A stored instance came back unchanged; null: not tried. */
  returnsSameBytes: boolean | null;
};

/** A probe looks at one thing or at a few that belong together. A failed probe with `isVital` ends the examination. */
export type Probe = {
  readonly isVital?: boolean;
  readonly run: (visit: Visit) => Promise<readonly Finding[]>;
};

export const DICOM_JSON = 'application/dicom+json';

export function openVisit(
  connection: PacsConnection,
  wants: Wants,
  clock: Clock,
  signal: AbortSignal,
): Visit {
  return {
    wants,
    connection,
    clock,
    signal,
    ask: (question) => ask(connection, question, signal),
    found: {
      orthancRest: null,
      instances: [],
      takesStores: false,
      failsStores: false,
      samples: [],
      isNoneTaken: false,
      bodyBytes: null,
      lagMs: null,
      isNeverShown: false,
      unlisted: null,
      hasLost: false,
      tellsDigests: false,
      returnsSameBytes: null,
    },
  };
}

/** The same examination with another signal, for work that must be done even after the time is over. */
export function extend(visit: Visit, signal: AbortSignal): Visit {
  return { ...visit, signal, ask: (question) => ask(visit.connection, question, signal) };
}

/** The status, or the reason for a missing answer, as a fact for a sentence. */
export const outcomeOf = (answer: Answer | NoAnswer): string =>
  answer.kind === 'answer' ? `status ${answer.status}` : `no answer, ${answer.code}`;

export const mediaTypeOf = ({ headers }: Answer): string =>
  (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();

export const only = (...finding: Parameters<typeof diagnose>): readonly Finding[] => [diagnose(...finding)];
