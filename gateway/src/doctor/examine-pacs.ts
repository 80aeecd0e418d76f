/**
 * Examines a PACS step by step, as the gateway and its users will use it, and reports what is wrong and what to
 * change. Used by the command line, and by *Test* of a destination.
 *
 * It guarantees that it ends within a minute; that nothing is sent that a PACS could store, except two synthetic
 * instances in the scope `store`, which are removed where possible; that no answer is believed before it was checked;
 * and that no patient data is kept or reported. It never throws because of anything that a PACS does.
 */
import { setTimeout as after } from 'node:timers/promises';
import {
  BATCH_BYTES_LEAST,
  BATCH_BYTES_LIMIT,
  type ExaminationWish,
  type WantedProof,
} from '#shared/protocol/destination.ts';
import { proxyTo, type PacsProxy } from '../ports/pacs/pacs-agent.ts';
import type { PacsConnection } from './ask.ts';
import { BODIES } from './bodies.ts';
import { checksOf, type CheckName } from './checks.ts';
import { ASSOCIATE, CONTEXTS, isDimse, SERVICES } from './dimse.ts';
import { diagnose, skipped, type Finding } from './diagnoses.ts';
import { REACH } from './reach.ts';
import { NEEDED, RETRIEVE } from './retrieve.ts';
import { removeSamples } from './remove-samples.ts';
import { ROOT, SEARCHES } from './search.ts';
import { COMPARE, lagMinutesOf, STORE } from './store-sample.ts';
import { STORE_OVER_DIMSE } from './store-over-dimse.ts';
import { extend, openVisit, type Clock, type Probe, type Visit, type Wants } from './visit.ts';

export type Scope = ExaminationWish['scope'];

/** Settings that suit the PACS. Null: the PACS did not reveal enough, or the default suits it. */
type FoundSettings = {
  readonly lagMinutes: number | null;
  readonly proof: WantedProof | null;
  /** Bytes of instances in one store request. */
  readonly batchBytes: number | null;
  /** The largest accepted body; at most the largest size tried. */
  readonly bodyBytes: number | null;
};

export type PacsReport = {
  /** In the order of CHECKS. Each check is listed once; in the scope `reach`, only the checks that were made. */
  readonly findings: readonly Finding[];
  readonly settings: FoundSettings;
  /** The name, the port and the certificate are right. */
  readonly isReached: boolean;
};

/** Together with the removal, less than a minute. */
const VISIT_MS = 48_000;
/** A person waits for this result on the page. */
const REACH_MS = 25_000;
const REMOVAL_MS = 8_000;

const PROBES: Readonly<Record<'web' | 'dimse', Readonly<Record<Scope, readonly Probe[]>>>> = {
  web: {
    reach: [ROOT, ...NEEDED],
    all: [ROOT, ...BODIES, ...SEARCHES, ...RETRIEVE],
    store: [ROOT, ...BODIES, ...STORE, ...SEARCHES, ...RETRIEVE, ...COMPARE],
  },
  dimse: {
    reach: [ASSOCIATE, SERVICES],
    all: [ASSOCIATE, SERVICES, CONTEXTS],
    store: [ASSOCIATE, SERVICES, CONTEXTS, STORE_OVER_DIMSE],
  },
};

/** `proxy`: the proxy for web addresses. */
type Examination = {
  readonly scope: Scope;
  readonly wants?: Wants;
  readonly clock?: Clock;
  readonly proxy?: PacsProxy | null;
};
const NOTHING_WANTED: Wants = { commitment: false, orthanc: false };

export async function examinePacs(
  { url, ...connection }: PacsConnection,
  { scope, wants = NOTHING_WANTED, clock = CLOCK, proxy = null }: Examination,
  signal: AbortSignal,
): Promise<PacsReport> {
  const late = AbortSignal.timeout(scope === 'reach' ? REACH_MS : VISIT_MS);
  const way = isDimse(url) ? 'dimse' : 'web';
  const through = way === 'dimse' ? null : await proxyTo(url, proxy);
  const visit = openVisit(
    { ...connection, url, proxy: through },
    wants,
    clock,
    AbortSignal.any([signal, late]),
  );
  const findings: Finding[] = [];
  const isReached = await look(visit, REACH, findings);
  const isRoot = isReached && (await look(visit, PROBES[way][scope], findings));
  if (late.aborted && !findings.some(isAnswer)) findings.push(diagnose('too-slow'));
  // Samples are removed even if a person interrupts the examination.
  findings.push(await removeSamples(extend(visit, AbortSignal.timeout(REMOVAL_MS))));
  signal.throwIfAborted();
  const why = late.aborted ? WHY.late : !isReached ? WHY.unreached : isRoot ? WHY.unstored : WHY.noRoot;
  const ordered = inOrder(findings, checksOf(way, wants.orthanc), why);
  const told = scope === 'reach' ? ordered.filter(({ result }) => result !== 'skipped') : ordered;
  return { findings: told, settings: settingsOf(visit, way), isReached };
}

/** Whether the PACS answers in the protocol of the request. */
const isAnswer = ({ code }: Finding): boolean => code === 'searches' || code === 'association-accepted';

/** Why a check was not made. */
const WHY = {
  late: 'Not tested in time, because the PACS responds too slowly.',
  unreached: 'The PACS was not reached.',
  noRoot: 'The PACS cannot be asked yet.',
  unstored: 'Needs a test with test instances.',
} as const;

const CLOCK: Clock = {
  now: () => Date.now(),
  wait: (ms, signal) => after(ms, undefined, { signal }),
};

/** Runs the probes. False: time is up, or a probe failed on which all others depend. */
async function look(visit: Visit, probes: readonly Probe[], findings: Finding[]): Promise<boolean> {
  for (const { isVital, run } of probes) {
    if (visit.signal.aborted) return false;
    const found = await run(visit).catch((error: unknown) => {
      if (visit.signal.aborted) return [];
      throw error;
    });
    // If the time has run out, the missing answer is not the PACS's fault.
    if (visit.signal.aborted) return false;
    findings.push(...found);
    if (isVital && found.some(({ result }) => result === 'fail')) return false;
  }
  return true;
}

/** The last finding of each check is used, because it is the most informative. */
function inOrder(
  findings: readonly Finding[],
  checks: readonly CheckName[],
  why: string,
): readonly Finding[] {
  const byCheck = new Map(findings.map((finding) => [finding.check, finding]));
  return checks.map((check) => byCheck.get(check) ?? skipped(check, why));
}

/** Subtracts the headers of the instances, which make up less than a sixteenth of a body. */
function batchOf(bodyBytes: number | null): number | null {
  const bytes = bodyBytes === null ? Infinity : Math.floor((bodyBytes * 15) / 16);
  return bytes >= BATCH_BYTES_LIMIT ? null : Math.max(BATCH_BYTES_LEAST, bytes);
}

/** The proof to use for a PACS that reports no digests. */
function proofBy(returnsSameBytes: boolean | null, way: 'web' | 'dimse'): WantedProof | null {
  if (returnsSameBytes === null) return null;
  if (!returnsSameBytes) return 'found';
  return way === 'dimse' ? 'read-back' : 'read-back-sample';
}

function settingsOf(visit: Visit, way: 'web' | 'dimse'): FoundSettings {
  const { tellsDigests, returnsSameBytes, lagMs, isNeverShown, hasLost, bodyBytes } = visit.found;
  return {
    lagMinutes: hasLost || (lagMs === null && !isNeverShown) ? null : lagMinutesOf(visit),
    proof: tellsDigests ? 'digest' : proofBy(returnsSameBytes, way),
    batchBytes: batchOf(bodyBytes),
    bodyBytes,
  };
}
