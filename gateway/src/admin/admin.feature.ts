/** The settings of administrators: who may sign in, and under which policies devices send. */
import type { Callers } from '../auth/callers.ts';
import type { Db } from '../database/database.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import { policyRoutes } from './policies.routes.ts';
import { quotaRoutes } from './quotas.routes.ts';
import { createTryThread } from './try-thread.ts';
import { userRoutes } from './users.routes.ts';

export type AdminFeatureTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly callers: Pick<Callers, 'forgetAccount'>;
  readonly keys: Pick<Keys, 'projectKey'>;
};

export function adminFeature({ db, now, callers, keys }: AdminFeatureTools): Feature {
  return {
    routes: [
      userRoutes({ db, now, forget: callers.forgetAccount }),
      policyRoutes({ db, now, tryPolicy: createTryThread(keys.projectKey) }),
      quotaRoutes({ db, now }),
    ],
  };
}
