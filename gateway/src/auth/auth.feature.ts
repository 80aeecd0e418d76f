/** Signing in and out, and the right to send that a device keeps after its user's session has ended. */
import { SENDERS } from '#shared/protocol/policy.ts';
import type { Db } from '../database/database.ts';
import type { Feature } from '../feature.ts';
import { createRateLimit } from '../http/rate-limit.ts';
import type { Keys } from '../keys.ts';
import { authRoutes } from './auth.routes.ts';
import type { Callers } from './callers.ts';
import { deviceRoutes } from './device.routes.ts';

/**
 * Attempts to sign in, a minute: for one name from one address, and from one address in all (a clinic behind
 * one proxy is one address).
 */
const ATTEMPTS = { perName: 10, perAddress: 120 } as const;

export type AuthFeatureTools = {
  readonly db: Db;
  readonly callers: Callers;
  readonly keys: Keys;
  readonly publicUrl: string;
  /** Requests a minute; null: nothing is limited. */
  readonly rateLimit: number | null;
  readonly clock: () => number;
  readonly now: () => Date;
  readonly newId: () => string;
};

export function authFeature(tools: AuthFeatureTools): Feature {
  const { callers, publicUrl, rateLimit, clock } = tools;
  const limit = (perMinute: number) => createRateLimit(rateLimit === null ? null : perMinute, clock);
  const attempts = { perName: limit(ATTEMPTS.perName), perAddress: limit(ATTEMPTS.perAddress) };
  const signingIn = { ...tools, accessTokens: callers.accessTokens, attempts };
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
