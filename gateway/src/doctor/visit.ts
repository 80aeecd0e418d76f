/** The probes' common ground while they look at one PACS: the connection, the questions, the time, the finds. */
import type { FoundInstance } from '../ports/pacs/pacs.ts';
import { ask, type Answer, type NoAnswer, type PacsConnection, type Question } from './ask.ts';
import { diagnose, type Finding } from './diagnoses.ts';
import type { Sample } from './sample.ts';

/** Time as the probes use it; a test brings its own. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
};

/** The destination asks for storage commitment; it is said to be an Orthanc with its REST API. */
export type Wants = { readonly commitment: boolean; readonly orthanc: boolean };

export type Visit = {
  readonly wants: Wants;
  readonly connection: PacsConnection;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  ask(question: Question): Promise<Answer | NoAnswer>;
  /** Finds of one probe that others need. */
  readonly found: Found;
};

type Found = {
  /** Root of Orthanc's REST API, where the PACS is an Orthanc that shows it. */
  orthancRest: string | null;
  /** A few instances that the PACS names. */
  instances: readonly FoundInstance[];
  /** Store requests are taken, as far as one without instances tells. */
  takesStores: boolean;
  /** A 5xx or silence to a store request without instances: then it says nothing of garbage, chunks and sizes. */
  failsStores: boolean;
  /** Instances that this visit stored, or tried to. */
  samples: readonly Sample[];
  /** The PACS said of all samples that it does not keep them. */
  isNoneTaken: boolean;
  /** The largest body that passed, in bytes. */
  bodyBytes: number | null;
  /** From the answer to a store until a search showed it; null: not measured, or never. */
  lagMs: number | null;
  /** A search did not show what was stored as long as we waited. */
  isNeverShown: boolean;
  /** Samples that the last search left out, so long after they were stored; null: shown, or it did not answer. */
  unlisted: { readonly count: number; readonly seconds: number } | null;
  /** The PACS confirmed samples and holds them no longer: no time brings them back. */
  hasLost: boolean;
  /** The PACS tells digests of its own. */
  tellsDigests: boolean;
  /** A stored instance came back unchanged; null: not tried. */
  returnsSameBytes: boolean | null;
};

/** A probe looks at one thing or at a few that belong together. A failed `isVital` one ends the visit. */
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

/** Same PACS, another end: for what must be done although the time is over. */
export function extend(visit: Visit, signal: AbortSignal): Visit {
  return { ...visit, signal, ask: (question) => ask(visit.connection, question, signal) };
}

/** A status as a fact for a sentence, or why there is none. */
export const outcomeOf = (answer: Answer | NoAnswer): string =>
  answer.kind === 'answer' ? `status ${answer.status}` : `no answer, ${answer.code}`;

export const mediaTypeOf = ({ headers }: Answer): string =>
  (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();

export const only = (...finding: Parameters<typeof diagnose>): readonly Finding[] => [diagnose(...finding)];
