/**
 * Decides whether the instances of a parcel are coded for transport, and codes them. It decides for each
 * parcel, and never again once the parcel is stored, by the last measured link and by this device's speed at
 * coding.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { codeHeld, codeInstance, type CodingTools } from '#shared/transfer/coding/code-instance.ts';
import { codingPays } from '#shared/transfer/coding/coding-pays.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { knownRate, rememberRate } from '../queue/rows/device-notes.ts';
import type { LocalDatabase } from '../queue/rows/local-database.ts';
import type { Outgoing, PreparedInstance } from '#shared/ingest/outgoing.ts';

/** The usual ratio of CT and MR; too optimistic for noisy pixels, where coding is worth least. */
const EXPECTED_RATIO = 0.45;
/** The newest measurement weighs so much: one slow parcel, while the tablet draws, is not the device. */
const NEWEST = 0.3;
/** Fewer coded bytes say nothing of the speed: most of the time went into starting. */
const MEASURABLE_BYTES = 1024 * 1024;

interface CodingWork {
  readonly database: LocalDatabase;
  readonly tools: CodingTools;
  /** Milliseconds, of any clock that does not jump. */
  readonly now: () => number;
}

type Part = Outgoing<PreparedInstance> & { readonly position: number };

/** The same instances, coded where that makes them smaller. `workers`: how many code side by side. */
export async function codeParts(
  { database, tools, now }: CodingWork,
  workers: number,
  parts: readonly Part[],
): Promise<readonly Part[]> {
  const linkBytesPerSecond = await knownRate(database, 'link-rate');
  const speed = await knownRate(database, 'coding-rate');
  if (
    !codingPays({
      linkBytesPerSecond,
      codeBytesPerSecond: speed === null ? null : speed * workers,
      expectedRatio: EXPECTED_RATIO,
    })
  )
    return parts;
  const coded: Part[] = [];
  let bytes = 0;
  let milliseconds = 0;
  for (const part of parts) {
    const from = now();
    const { encoding, bytes: code } = await (part.bytes instanceof Blob
      ? codeInstance(part.bytes, tools)
      : codeHeld(part.bytes, tools));
    if (encoding === null) {
      coded.push(part);
      continue;
    }
    milliseconds += now() - from;
    bytes += sizeOf(part.bytes);
    coded.push({ ...part, coding: { encoding, bytes: code } });
  }
  if (bytes >= MEASURABLE_BYTES && milliseconds > 0) {
    const measured = (bytes / milliseconds) * 1000;
    const average = speed === null ? measured : NEWEST * measured + (1 - NEWEST) * speed;
    await ignoreFailure(rememberRate(database, 'coding-rate', average), 'the next parcel measures again');
  }
  return coded;
}
