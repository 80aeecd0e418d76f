/** The routes with which a device manages its uploads, and the events that report their progress. */
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { PipelineTools, SealingKeys } from '../pipeline/plan/pipeline-tools.ts';
import { carriedRoutes } from './carried.routes.ts';
import type { Arrivals } from './complete-upload.ts';
import { deadLetterRoutes } from './dead-letters.routes.ts';
import { createEvaluateThread } from './evaluate-thread.ts';
import { eventRoutes } from './events.routes.ts';
import { inPacsRoutes } from './in-pacs.routes.ts';
import { pseudonymRoutes } from './pseudonyms.routes.ts';
import { createPostedReader } from './read-posted.ts';
import { uploadRoutes } from './upload.routes.ts';

type UploadsFeatureTools = {
  readonly pipeline: PipelineTools;
  readonly parcels: Arrivals;
  /** The policy that a device chooses by default. */
  readonly policy: string;
  /** How long devices may keep the local label of a study, in hours; 0: not at all. */
  readonly labelHours: number;
  readonly lockMinutes: number;
  readonly keys: Pick<Keys, 'sealing'>;
  /** The private keys that open what devices have sealed. */
  readonly sealing: SealingKeys;
  /** Streams the events of an inference job, for `GET /events?job=`. */
  readonly streamJob: Parameters<typeof eventRoutes>[1];
};

export function uploadsFeature(tools: UploadsFeatureTools): Feature {
  const { pipeline, parcels, policy, labelHours, lockMinutes, keys, sealing, streamJob } = tools;
  const readPosted = createPostedReader();
  const uploads = uploadRoutes({
    tools: pipeline,
    parcels,
    defaultPolicy: policy,
    labelHours,
    lockMinutes,
    sealingKey: keys.sealing[0].jwk,
    readPosted,
  });
  const carried = carriedRoutes({ tools: pipeline, sealing, readPosted });
  return {
    routes: [
      carried,
      uploads,
      inPacsRoutes(pipeline),
      pseudonymRoutes(pipeline, createEvaluateThread()),
      eventRoutes(pipeline, streamJob),
      deadLetterRoutes(pipeline),
    ],
  };
}
