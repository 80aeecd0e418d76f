/** Signing in and out, and a device's right to send, which remains after its user's session has ended. */
import { SENDERS } from '#shared/protocol/policy.ts';
import type { Db } from '../database/database.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { Attempts } from './attempts.ts';
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
  readonly attempts: Attempts;
  readonly now: () => Date;
  readonly newId: () => string;
};

export function authFeature(tools: AuthFeatureTools): Feature {
  const { callers, keys, publicUrl } = tools;
  const signingIn = {
    ...tools,
    accessTokens: callers.accessTokens,
    knownDevices: createKnownDevices(keys.secretFor('known device')),
    refreshSecret: keys.secretFor('refresh token'),
    forget: callers.forgetAccount,
  };
  // RFC 7523 §3: the URL of the token endpoint may also name the gateway. Through the app's origin it is a different
  // URL.
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
