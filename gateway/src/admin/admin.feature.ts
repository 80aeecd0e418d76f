/**
 * The administrators' settings: who may sign in, the API keys of scripts, and the policies under which devices send.
 */
import type { Callers } from '../auth/callers.ts';
import type { PasswordCost } from '../auth/password.ts';
import type { Db } from '../database/database.ts';
import type { Feature } from '../feature.ts';
import { apiKeyRoutes } from './api-keys.routes.ts';
import { policyRoutes } from './policies.routes.ts';
import { quotaRoutes } from './quotas.routes.ts';
import { createTryThread } from './try-thread.ts';
import { userRoutes, type UserRouteTools } from './users.routes.ts';

type AdminFeatureTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly passwordCost: PasswordCost;
  readonly callers: Pick<Callers, 'forgetAccount' | 'forgetApiKey' | 'keyTexts'>;
  readonly handBack: UserRouteTools['handBack'];
};

export function adminFeature({ db, now, passwordCost, callers, handBack }: AdminFeatureTools): Feature {
  return {
    routes: [
      userRoutes({ db, now, passwordCost, handBack, forget: callers.forgetAccount }),
      policyRoutes({ db, now, tryPolicy: createTryThread() }),
      quotaRoutes({ db, now }),
      apiKeyRoutes({ db, now, keyTexts: callers.keyTexts, forget: callers.forgetApiKey }),
    ],
  };
}
