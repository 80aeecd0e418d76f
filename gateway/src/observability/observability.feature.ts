/** The gateway's health, version and metrics. */
import { PROFILE_EDITION } from '#shared/deid/profile.generated.ts';
import type { Feature } from '../feature.ts';
import { observabilityRoutes, type ObservabilityTools } from './observability.routes.ts';

export function observabilityFeature(tools: Omit<ObservabilityTools, 'profileEdition'>): Feature {
  return { routes: [observabilityRoutes({ ...tools, profileEdition: PROFILE_EDITION })] };
}
