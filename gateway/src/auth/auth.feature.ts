/** Signing in and out, and the right to send that a device keeps after its user's session has ended. */
import { SENDERS } from '#shared/protocol/policy.ts';
import type { Db } from '../database/database.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import { createAttempts } from './attempts.ts';
import { authRoutes } from './auth.routes.ts';
import type { Callers } from './callers.ts';
import { deviceRoutes } from './device.routes.ts';
import { createKnownDevices } from './known-device.ts';
import type { PasswordCost } from './password.ts';

type AuthFeatureTools = {
  readonly db: Db;
  readonly callers: Callers;
  readonly keys: Keys;
  readonly publicUrl: string;
  readonly passwordCost: PasswordCost;
  /** Requests a minute; null: nothing is limited. */
  readonly rateLimit: number | null;
  readonly clock: () => number;
  readonly now: () => Date;
  readonly newId: () => string;
};

export function authFeature(tools: AuthFeatureTools): Feature {
  const { callers, keys, publicUrl, rateLimit, clock } = tools;
  const signingIn = {
    ...tools,
    accessTokens: callers.accessTokens,
    attempts: createAttempts(rateLimit !== null, clock),
    knownDevices: createKnownDevices(keys.secretFor('known device')),
    refreshSecret: keys.secretFor('refresh token'),
    forget: callers.forgetAccount,
  };
  // RFC 7523 §3: the token endpoint's own URL may name the gateway too. Through the app's origin it is another.
  const audiences = [
    publicUrl,
    `${publicUrl}/auth/device-token`,
    `${publicUrl}/api/auth/device-token`,
  ] as const;
  return {
    routes: [
      authRoutes(signingIn),
      deviceRoutes({ ...signingIn, audiences, forget: callers.forgetDevices, senders: SENDERS }),
    ],
  };
}
