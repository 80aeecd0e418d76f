/**
 * API keys, for scripts and for PACSs that cannot renew a session. A key acts for one account, within the roles
 * that the account has and the scopes that the key was given.
 */
import { z } from 'zod';
import { policyNameSchema } from './policy.ts';

/**
 * `upload`: send studies and follow what the account has sent. `read`: see uploads, studies and receipts, and search
 * and retrieve over DICOMweb, within the account's roles. `metrics`: read the gateway's metrics.
 */
export const API_KEY_SCOPES = ['upload', 'read', 'metrics'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];
const scopeSchema = z.enum(API_KEY_SCOPES);

/** Every key expires. After two years nobody remembers what a key is for. */
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
  /** The account that the key acts for. */
  accountId: z.uuid(),
  scopes: z
    .array(scopeSchema)
    .min(1)
    .max(API_KEY_SCOPES.length)
    .transform((scopes) => API_KEY_SCOPES.filter((scope) => scopes.includes(scope))),
  /** The policy for requests that name none; null: the gateway's default. */
  policy: policyNameSchema.nullable().default(null),
  expiresInDays: z.number().int().min(1).max(API_KEY_DAYS_MOST),
});

/**
 * `account-ended`: the account has been disabled, got a new password or was signed out everywhere, and its keys ended
 * with that.
 */
const API_KEY_STATES = ['active', 'expired', 'revoked', 'account-ended'] as const;
export type ApiKeyState = (typeof API_KEY_STATES)[number];

export const apiKeySchema = z.object({
  id: z.uuid(),
  name: z.string(),
  account: z.object({ id: z.uuid(), username: z.string() }),
  scopes: z.array(scopeSchema),
  /** The policy for requests that name none; null: the gateway's default. */
  policy: z.string().nullable(),
  state: z.enum(API_KEY_STATES),
  createdAt: z.iso.datetime(),
  /** The user name of whoever made the key. */
  createdBy: z.string(),
  expiresAt: z.iso.datetime(),
  /** Accurate to the minute; null: never. */
  lastUsedAt: z.iso.datetime().nullable(),
});
export type ListedApiKey = z.infer<typeof apiKeySchema>;

/**
 * `GET /admin/api-keys`: newest first; active keys, or all others with `ended=1`. `next`: the last id of this page, to
 * be sent as `after` for the next page; null: this is the last page.
 */
export const apiKeyListSchema = z.object({ keys: z.array(apiKeySchema), next: z.uuid().nullable() });
export type ApiKeyList = z.infer<typeof apiKeyListSchema>;
/** The only answer that holds the key itself: the gateway stores only its digest. */
export const madeApiKeySchema = z.object({ ...apiKeySchema.shape, key: z.string() });
