/**
 * API keys, for scripts and for PACSs that cannot renew a session. A key acts for one account, within the roles
 * that the account has and the scopes that the key was given.
 */
import { z } from 'zod';
import { policyNameSchema } from './policy.ts';

/**
 * `upload`: send studies, and follow those that the account sent. `read`: see uploads, studies and receipts, and
 * search and retrieve over DICOMweb, as the account's roles do. `metrics`: how busy the gateway is.
 */
export const API_KEY_SCOPES = ['upload', 'read', 'metrics'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];
const scopeSchema = z.enum(API_KEY_SCOPES);

/** Every key ends. Beyond two years nobody remembers what one is for. */
const API_KEY_DAYS_MOST = 730;

/** The purpose of a key, in an administrator's words. */
const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'no control characters');

/** `POST /admin/api-keys`. */
export const newApiKeySchema = z.object({
  name: nameSchema,
  /** The account for which it acts. */
  accountId: z.uuid(),
  scopes: z
    .array(scopeSchema)
    .min(1)
    .max(API_KEY_SCOPES.length)
    .transform((scopes) => API_KEY_SCOPES.filter((scope) => scopes.includes(scope))),
  /** The policy of requests that name none; null: the gateway's default. */
  policy: policyNameSchema.nullable().default(null),
  expiresInDays: z.number().int().min(1).max(API_KEY_DAYS_MOST),
});

/**
 * `account-ended`: the account was disabled, got a new password or was signed out everywhere since, and its keys ended
 * with that.
 */
const API_KEY_STATES = ['active', 'expired', 'revoked', 'account-ended'] as const;
export type ApiKeyState = (typeof API_KEY_STATES)[number];

export const apiKeySchema = z.object({
  id: z.uuid(),
  name: z.string(),
  account: z.object({ id: z.uuid(), username: z.string() }),
  scopes: z.array(scopeSchema),
  /** Policy of requests that name none; null: the gateway's default. */
  policy: z.string().nullable(),
  state: z.enum(API_KEY_STATES),
  createdAt: z.iso.datetime(),
  /** The name of its maker. */
  createdBy: z.string(),
  expiresAt: z.iso.datetime(),
  /** To the minute; null: never. */
  lastUsedAt: z.iso.datetime().nullable(),
});
export type ListedApiKey = z.infer<typeof apiKeySchema>;

/**
 * `GET /admin/api-keys`: the newest first; active ones, or with `ended=1` the others. `next`: the last of them, to be
 * given as `after` for those that follow; null: there are no more.
 */
export const apiKeyListSchema = z.object({ keys: z.array(apiKeySchema), next: z.uuid().nullable() });
export type ApiKeyList = z.infer<typeof apiKeyListSchema>;
/** The only answer that holds the key itself: the gateway keeps its digest alone. */
export const madeApiKeySchema = z.object({ ...apiKeySchema.shape, key: z.string() });
