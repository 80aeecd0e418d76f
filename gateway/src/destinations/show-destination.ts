/** Shows a destination to administrators. */
import type { Destination, Tuning } from '#shared/protocol/destination.ts';
import type { DestinationRow, StudyCounts } from './destination.store.ts';

export const tuningOf = ({
  lag_minutes: lagMinutes,
  proof,
  batch_bytes: batchBytes,
}: DestinationRow): Tuning => ({
  lagMinutes,
  proof,
  batchBytes,
});

/** A refusal of everything takes precedence over a refusal of large requests. */
function refusalOf(row: DestinationRow): Destination['refused'] {
  const { refusal_status: status, refusal_code: code, refusal_since: since } = row;
  const { refused_bytes: bytes, refused_at: at, limit_measured: isMeasured } = row;
  if (since !== null) return { status, code, bytes: null, at: since.toISOString() };
  return bytes === null || at === null || isMeasured
    ? null
    : { status: 413, code: null, bytes, at: at.toISOString() };
}

const limitOf = ({
  limit_measured,
  refused_bytes: bytes,
  refused_at: at,
}: DestinationRow): Destination['limit'] =>
  limit_measured && bytes !== null && at !== null ? { bytes: bytes - 1, at: at.toISOString() } : null;

const unlistedOf = ({ unlisted: instances, unlistedAt: at }: StudyCounts): Destination['unlisted'] =>
  instances === 0 ? null : { instances, at: at?.toISOString() ?? null };

/** The destination without its secrets. */
export function toShown(row: DestinationRow & StudyCounts): Destination {
  const { id, version, kind, name, url, settings, viewers, worklist, need } = row;
  const { underWay, waiting, waitingSince, waitingInstances, waitingBytes, held } = row;
  const { copies, notTaken, deadLetters, givenUp, hasStudies } = row;
  return {
    ...settings,
    ...{ underWay, waiting, waitingInstances, waitingBytes, held, copies, givenUp, hasStudies },
    ...{ notTaken, deadLetters },
    waitingSince: waitingSince?.toISOString() ?? null,
    tuning: tuningOf(row),
    refused: refusalOf(row),
    limit: limitOf(row),
    unlisted: unlistedOf(row),
    viewers: [...viewers],
    ...{ id, version, kind, name, url, worklist, need },
    ...{ isPrimary: row.is_primary, fromEnvironment: row.from_environment },
  };
}
