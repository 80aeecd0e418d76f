/** The settings that fit a destination: what its newest test measured, and otherwise the current values. Pure. */
import type { DestinationExamination, Tuning } from '#shared/protocol/destination.ts';

export function fittingOf(
  measured: NonNullable<DestinationExamination['settings']>,
  { lagMinutes, proof, batchBytes }: Tuning,
): Tuning {
  return {
    lagMinutes: measured.lagMinutes ?? lagMinutes,
    proof: measured.proof ?? proof,
    // Null with a measured body size: requests of the default size pass, whatever was refused before.
    batchBytes: measured.bodyBytes === null ? batchBytes : measured.batchBytes,
  };
}
