/** A device's questions about its uploads, and the events that tell it how they fare. */
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { PipelineTools, SealingKeys } from '../pipeline/pipeline-tools.ts';
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
  /** The name of the policy that a device chooses when nobody says otherwise. */
  readonly policy: string;
  /** How long devices may keep the local label of a study, in hours; 0: not at all. */
  readonly labelHours: number;
  readonly lockMinutes: number;
  readonly keys: Pick<Keys, 'sealing'>;
  /** The private keys that open what devices have sealed. */
  readonly sealing: SealingKeys;
  /** The events of an inference job, which `GET /events?job=` tells too. */
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
