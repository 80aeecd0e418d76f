/**
 * Looks at a PACS as the gateway and its people will meet it, one thing after the other, and says what is
 * wrong and what to change. Used by the command line, and by whoever sets up a destination.
 *
 * It promises: it ends within a minute; without `isStoring` nothing is sent that a PACS could store; with it,
 * two synthetic instances, which are removed where possible; no answer is believed before it was checked, and
 * no value of a patient is kept or told. It never throws for what a PACS does.
 */
import { setTimeout as after } from 'node:timers/promises';
import type { PacsConnection } from './ask.ts';
import { BODIES } from './bodies.ts';
import { CHECKS, type CheckName } from './checks.ts';
import { skipped, type Finding } from './diagnoses.ts';
import { REACH } from './reach.ts';
import { RETRIEVE } from './retrieve.ts';
import { ROOT, SEARCHES } from './search.ts';
import { COMPARE, lagMinutesOf, removeSamples, STORE } from './store-sample.ts';
import { extend, openVisit, type Clock, type Probe, type Visit } from './visit.ts';

/** Settings that fit the PACS; null where it did not say enough. */
export type FoundSettings = {
  readonly lagMinutes: number | null;
  readonly proof: 'digest' | 'read-back-sample' | 'found' | null;
  /** The largest body that passed; at most what was tried. */
  readonly bodyBytes: number | null;
};

export type PacsReport = {
  /** In the order of CHECKS; each check once. */
  readonly findings: readonly Finding[];
  readonly settings: FoundSettings;
  /** The name, the port and the certificate were right. */
  readonly isReached: boolean;
};

/** Together with the removal under a minute. */
const VISIT_MS = 48_000;
const REMOVAL_MS = 8_000;

const HARMLESS: readonly Probe[] = [ROOT, ...BODIES, ...SEARCHES, ...RETRIEVE];
const STORING: readonly Probe[] = [ROOT, ...BODIES, ...STORE, ...SEARCHES, ...RETRIEVE, ...COMPARE];

export async function examinePacs(
  connection: PacsConnection,
  { isStoring, clock = CLOCK }: { readonly isStoring: boolean; readonly clock?: Clock },
  signal: AbortSignal,
): Promise<PacsReport> {
  const late = AbortSignal.timeout(VISIT_MS);
  const visit = openVisit(connection, clock, AbortSignal.any([signal, late]));
  const findings: Finding[] = [];
  const isReached = await look(visit, REACH, findings);
  const isRoot = isReached && (await look(visit, isStoring ? STORING : HARMLESS, findings));
  // Also where a person interrupts the visit.
  findings.push(await removeSamples(extend(visit, AbortSignal.timeout(REMOVAL_MS))));
  signal.throwIfAborted();
  const why = late.aborted ? WHY.late : !isReached ? WHY.unreached : isRoot ? WHY.unstored : WHY.noRoot;
  return { findings: inOrder(findings, why), settings: settingsOf(visit), isReached };
}

/** Why a check was not made. */
const WHY = {
  late: 'There was no time left: the PACS answers too slowly.',
  unreached: 'The PACS was not reached.',
  noRoot: 'Searches do not work yet.',
  unstored: 'Needs a stored test instance, which was not asked for (--store).',
} as const;

const CLOCK: Clock = {
  now: () => Date.now(),
  wait: (ms, signal) => after(ms, undefined, { signal }),
};

/** False: one on which all others depend has failed. */
async function look(visit: Visit, probes: readonly Probe[], findings: Finding[]): Promise<boolean> {
  for (const { isVital, run } of probes) {
    if (visit.signal.aborted) return false;
    const found = await run(visit);
    // Silence at the end of the time is ours, not the PACS's.
    if (visit.signal.aborted) return false;
    findings.push(...found);
    if (isVital && found.some(({ result }) => result === 'fail')) return false;
  }
  return true;
}

/** The last finding of a check is the most telling one. */
function inOrder(findings: readonly Finding[], why: string): readonly Finding[] {
  const byCheck = new Map(findings.map((finding) => [finding.check, finding]));
  return (Object.keys(CHECKS) as CheckName[]).map((check) => byCheck.get(check) ?? skipped(check, why));
}

function settingsOf(visit: Visit): FoundSettings {
  const { tellsDigests, returnsSameBytes, lagMs, isNeverShown, bodyBytes } = visit.found;
  const readBack = returnsSameBytes === null ? null : returnsSameBytes ? 'read-back-sample' : 'found';
  return {
    lagMinutes: lagMs === null && !isNeverShown ? null : lagMinutesOf(visit),
    proof: tellsDigests ? 'digest' : readBack,
    bodyBytes,
  };
}
