/** Why a destination cannot be deleted, as the gateway decides it (`deleteDestination`); null: it can. */
import type { Destination } from '#shared/protocol/destination.ts';

export type WhyKept = 'environment' | 'primary' | 'studies';

export function whyKept({
  fromEnvironment,
  isPrimary,
  hasStudies,
}: Pick<Destination, 'fromEnvironment' | 'isPrimary' | 'hasStudies'>): WhyKept | null {
  if (fromEnvironment) return 'environment';
  if (isPrimary) return 'primary';
  return hasStudies ? 'studies' : null;
}
