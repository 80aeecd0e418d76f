/**
 * Looks at a PACS as the gateway and its people will meet it, one thing after the other, and says what is
 * wrong and what to change. Used by the command line, and by *Test* of a destination.
 *
 * It promises: it ends within a minute; nothing is sent that a PACS could store, but in the scope `store` two
 * synthetic instances, which are removed where possible; no answer is believed before it was checked, and
 * no value of a patient is kept or told. It never throws for what a PACS does.
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

/** Settings that fit the PACS; null where it did not say enough, or the usual one fits. */
type FoundSettings = {
  readonly lagMinutes: number | null;
  readonly proof: WantedProof | null;
  /** Bytes of instances in one store request. */
  readonly batchBytes: number | null;
  /** The largest body that passed; at most what was tried. */
  readonly bodyBytes: number | null;
};

export type PacsReport = {
  /** In the order of CHECKS; each check once, in the scope `reach` those that were made. */
  readonly findings: readonly Finding[];
  readonly settings: FoundSettings;
  /** The name, the port and the certificate were right. */
  readonly isReached: boolean;
};

/** Together with the removal under a minute. */
const VISIT_MS = 48_000;
/** A person looks at the page meanwhile. */
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

/** `proxy`: the way of web addresses. */
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
  // Samples are removed also where a person interrupts the visit.
  findings.push(await removeSamples(extend(visit, AbortSignal.timeout(REMOVAL_MS))));
  signal.throwIfAborted();
  const why = late.aborted ? WHY.late : !isReached ? WHY.unreached : isRoot ? WHY.unstored : WHY.noRoot;
  const ordered = inOrder(findings, checksOf(way, wants.orthanc), why);
  const told = scope === 'reach' ? ordered.filter(({ result }) => result !== 'skipped') : ordered;
  return { findings: told, settings: settingsOf(visit, way), isReached };
}

/** The PACS answers in the protocol in which it is asked. */
const isAnswer = ({ code }: Finding): boolean => code === 'searches' || code === 'association-accepted';

/** Why a check was not made. */
const WHY = {
  late: 'There was no time left: the PACS answers too slowly.',
  unreached: 'The PACS was not reached.',
  noRoot: 'The PACS cannot be asked yet.',
  unstored: 'Needs a test with test instances.',
} as const;

const CLOCK: Clock = {
  now: () => Date.now(),
  wait: (ms, signal) => after(ms, undefined, { signal }),
};

/** False: one on which all others depend has failed. */
async function look(visit: Visit, probes: readonly Probe[], findings: Finding[]): Promise<boolean> {
  for (const { isVital, run } of probes) {
    if (visit.signal.aborted) return false;
    const found = await run(visit).catch((error: unknown) => {
      if (visit.signal.aborted) return [];
      throw error;
    });
    // Silence at the end of the time is ours, not the PACS's.
    if (visit.signal.aborted) return false;
    findings.push(...found);
    if (isVital && found.some(({ result }) => result === 'fail')) return false;
  }
  return true;
}

/** The last finding of a check is the most telling one. */
function inOrder(
  findings: readonly Finding[],
  checks: readonly CheckName[],
  why: string,
): readonly Finding[] {
  const byCheck = new Map(findings.map((finding) => [finding.check, finding]));
  return checks.map((check) => byCheck.get(check) ?? skipped(check, why));
}

/** Besides the instances a body has their headers: less than a sixteenth. */
function batchOf(bodyBytes: number | null): number | null {
  const bytes = bodyBytes === null ? Infinity : Math.floor((bodyBytes * 15) / 16);
  return bytes >= BATCH_BYTES_LIMIT ? null : Math.max(BATCH_BYTES_LEAST, bytes);
}

/** The proof for a PACS that tells no digests. */
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
