/** The models that may answer: those that come with the gateway, and those that an administrator adds. */
import type { Feature } from '../feature.ts';
import { modelRoutes, type ModelRouteTools } from './models.routes.ts';

export function modelsFeature(tools: ModelRouteTools): Feature {
  return { routes: [modelRoutes(tools)] };
}
