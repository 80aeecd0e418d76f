/** The settings of administrators: who may sign in, and under which policies devices send. */
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import type { Callers } from '../auth/callers.ts';
import type { Db } from '../database/database.ts';
import type { Feature } from '../feature.ts';
import { policyRoutes } from './policies.routes.ts';
import { quotaRoutes } from './quotas.routes.ts';
import { userRoutes } from './users.routes.ts';

export type AdminFeatureTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly callers: Pick<Callers, 'forgetAccount'>;
  readonly pseudonyms: Pseudonyms;
};

export function adminFeature({ db, now, callers, pseudonyms }: AdminFeatureTools): Feature {
  return {
    routes: [
      userRoutes({ db, now, forget: callers.forgetAccount }),
      policyRoutes({ db, now, pseudonyms }),
      quotaRoutes({ db, now }),
    ],
  };
}
