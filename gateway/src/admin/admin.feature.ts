/** The settings of administrators: who may sign in, and under which policies devices send. */
import type { Callers } from '../auth/callers.ts';
import type { Db } from '../database/database.ts';
import type { Feature } from '../feature.ts';
import { policyRoutes } from './policies.routes.ts';
import { quotaRoutes } from './quotas.routes.ts';
import { createTryThread } from './try-thread.ts';
import { userRoutes } from './users.routes.ts';

export type AdminFeatureTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly callers: Pick<Callers, 'forgetAccount'>;
};

export function adminFeature({ db, now, callers }: AdminFeatureTools): Feature {
  return {
    routes: [
      userRoutes({ db, now, forget: callers.forgetAccount }),
      policyRoutes({ db, now, tryPolicy: createTryThread() }),
      quotaRoutes({ db, now }),
    ],
  };
}
