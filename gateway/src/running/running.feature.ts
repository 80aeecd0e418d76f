/** The gateway's health, version and metrics. */
import { PROFILE_EDITION } from '#shared/deid/profile.generated.ts';
import type { Feature } from '../feature.ts';
import { runningRoutes, type RunningTools } from './running.routes.ts';

export function runningFeature(tools: Omit<RunningTools, 'profileEdition'>): Feature {
  return { routes: [runningRoutes({ ...tools, profileEdition: PROFILE_EDITION })] };
}
