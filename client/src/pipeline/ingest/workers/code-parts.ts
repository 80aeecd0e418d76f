/**
 * Decides whether the instances of a parcel are coded for transport, and codes them. The decision is made for each
 * parcel from the last measured speed of the connection and of this device's coding. It is final once the parcel is
 * stored.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { codeHeld, codeInstance, type CodingTools } from '#shared/transfer/coding/code-instance.ts';
import { codingPays } from '#shared/transfer/coding/coding-pays.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { knownRate, rememberRate } from '../../queue/rows/device-notes.ts';
import type { LocalDatabase } from '../../queue/rows/local-database.ts';
import type { Outgoing, PreparedInstance } from '#shared/ingest/outgoing.ts';

/** The usual compression ratio of CT and MR. It is too optimistic for noisy pixels, where coding gains least. */
const EXPECTED_RATIO = 0.45;
/**
 * The weight of the newest measurement: one parcel that was slow because the tablet was rendering must not dominate.
 */
const NEWEST = 0.3;
/** With fewer coded bytes the speed is not measured, because most of the time went into starting. */
const MEASURABLE_BYTES = 1024 * 1024;

interface CodingWork {
  readonly database: LocalDatabase;
  readonly tools: CodingTools;
  /** Milliseconds, from any clock that does not jump. */
  readonly now: () => number;
}

type Part = Outgoing<PreparedInstance> & { readonly position: number };

/** Returns the same instances, coded where that makes them smaller. `workers`: how many workers code in parallel. */
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
