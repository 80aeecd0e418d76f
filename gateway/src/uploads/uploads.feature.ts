/** A device's questions about its uploads, and the events that tell it how they fare. */
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';
import type { Arrivals } from './complete-upload.ts';
import { eventRoutes } from './events.routes.ts';
import { createPostedReader } from './read-posted.ts';
import { uploadRoutes } from './upload.routes.ts';

export type UploadsFeatureTools = {
  readonly pipeline: PipelineTools;
  readonly parcels: Arrivals;
  /** The name of the policy that a device chooses when nobody says otherwise. */
  readonly policy: string;
  readonly keys: Pick<Keys, 'projectKey' | 'projectKeyId' | 'sealing'>;
  /** The events of an inference job, which `GET /events?job=` tells too. */
  readonly streamJob: Parameters<typeof eventRoutes>[1];
};

export function uploadsFeature({ pipeline, parcels, policy, keys, streamJob }: UploadsFeatureTools): Feature {
  const uploads = uploadRoutes({
    tools: pipeline,
    parcels,
    defaultPolicy: policy,
    project: { key: keys.projectKey, id: keys.projectKeyId },
    sealingKey: keys.sealing[0].jwk,
    readPosted: createPostedReader(),
  });
  return { routes: [uploads, eventRoutes(pipeline, streamJob)] };
}
