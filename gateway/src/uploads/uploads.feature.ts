/** What a device asks about its uploads, the parcels that it sends, and the events that tell it how they fare. */
import { SENDERS } from '#shared/protocol/policy.ts';
import type { Feature } from '../feature.ts';
import { createRouter, type Router } from '../http/route.ts';
import type { Keys } from '../keys.ts';
import { describeTus } from '../pipeline/intake/describe-tus.ts';
import type { ParcelReceiver } from '../pipeline/intake/receive-parcel.ts';
import type { PipelineTools } from '../pipeline/tools.ts';
import { eventRoutes } from './events.routes.ts';
import { uploadRoutes } from './upload.routes.ts';

export type UploadsFeatureTools = {
  readonly pipeline: PipelineTools;
  readonly parcels: ParcelReceiver;
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
  });
  return { routes: [uploads, eventRoutes(pipeline, streamJob), tusContract()] };
}

/** tus is served without schemas, so its part of the contract is written out. */
function tusContract(): Router {
  const router = createRouter();
  describeTus(router, SENDERS);
  return router;
}
