/**
 * A destination that accepts no large requests still works for every instance that fits into one. A limit found by
 * *Test* is therefore no fault of the destination as a whole, but says which instances arrive. Pure.
 */
import type { Destination, DestinationExamination } from '#shared/protocol/destination.ts';

type Found = Pick<DestinationExamination, 'findings' | 'settings'>;

const TOO_SMALL = 'bodies-too-small';
const LIMITED: readonly string[] = [TOO_SMALL, 'bodies-limited'];

/** The largest request that the destination accepts, as the test found; null: no limit was found. */
export function limitFound({ findings, settings }: Found): number | null {
  return findings.some(({ code }) => LIMITED.includes(code)) ? (settings?.bodyBytes ?? null) : null;
}

/** Whether nothing arrives there, however small. `found` null: not tested. */
export function isUnusable(found: Found | null): boolean {
  if (found === null) return false;
  const isPassable = (limitFound(found) ?? 0) > 0;
  return found.findings.some(({ result, code }) => result === 'fail' && !(code === TOO_SMALL && isPassable));
}

/** The chest film of the sample study and its heat map, each with the overhead of a request. */
const SAMPLE_BYTES = 1024 * 1024;

/** The known limit of the destination, if the sample study does not fit into it; null: it fits. */
export function tooSmallForSample(
  { limit, refused }: Pick<Destination, 'limit' | 'refused'>,
  found: Found | null,
): number | null {
  const known = [found && limitFound(found), limit?.bytes ?? null, refused?.bytes ?? null];
  const least = Math.min(...known.map((bytes) => bytes ?? Infinity));
  return least < SAMPLE_BYTES ? least : null;
}
