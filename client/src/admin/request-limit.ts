/**
 * A destination that takes no large requests works for every instance that fits into one. So a limit that *Test* finds
 * is no fault of the destination as a whole: it says which instances get there. Pure.
 */
import type { Destination, DestinationExamination } from '#shared/protocol/destination.ts';

type Found = Pick<DestinationExamination, 'findings' | 'settings'>;

const TOO_SMALL = 'bodies-too-small';
const LIMITED: readonly string[] = [TOO_SMALL, 'bodies-limited'];

/** The largest request that it takes, as the test found; null: it found no limit. */
export function limitFound({ findings, settings }: Found): number | null {
  return findings.some(({ code }) => LIMITED.includes(code)) ? (settings?.bodyBytes ?? null) : null;
}

/** Nothing gets there, however small. Null: not tested. */
export function isUnusable(found: Found | null): boolean {
  if (found === null) return false;
  const isPassable = (limitFound(found) ?? 0) > 0;
  return found.findings.some(({ result, code }) => result === 'fail' && !(code === TOO_SMALL && isPassable));
}

/** The chest film of the sample study and the heat map of it, each with what a request adds. */
const SAMPLE_BYTES = 1024 * 1024;

/** The destination's limit, as far as known, where the sample study does not fit into it; null: it fits. */
export function tooSmallForSample(
  { limit, refused }: Pick<Destination, 'limit' | 'refused'>,
  found: Found | null,
): number | null {
  const known = [found && limitFound(found), limit?.bytes ?? null, refused?.bytes ?? null];
  const least = Math.min(...known.map((bytes) => bytes ?? Infinity));
  return least < SAMPLE_BYTES ? least : null;
}
