/**
 * Schemas of `/admin/config`: what a site has set, as one document. Parts that a document lacks are left as they are.
 * Secrets are not in it: it names a variable of the gateway's environment, or a file, that holds one.
 */
import { z } from 'zod';
import { trimEnd } from '../trim-end.ts';
import { backupPlanSchema } from './backups.ts';
import { destinationWishSchema, tuningSchema } from './destination.ts';
import { newExportTemplateSchema } from './exports.ts';
import { needSchema } from './forms.ts';
import { policyDocumentSchema, policyNameSchema } from './policy.ts';
import { quotaSchema } from './quota.ts';
import { retentionDaysSchema } from './retention.ts';
import { newReviewTypeSchema } from './reviews.ts';
import { caseRuleSchema, forwardingRuleSchema, inferenceRuleSchema, RULES_LIMIT } from './rule.ts';
import { viewersSchema } from './viewer.ts';
import { worklistAddressSchema } from './worklist.ts';

/** `kept`: the secret that the gateway has; a gateway without it refuses the document. */
export const secretReferenceSchema = z.union([
  z.strictObject({ env: z.string().regex(/^RELAY_SECRET_[A-Z0-9_]{1,80}$/) }),
  z.strictObject({ file: z.string().regex(/^[\w-][\w.-]{0,99}$/) }),
  z.strictObject({ kept: z.literal(true) }),
]);
export type SecretReference = z.infer<typeof secretReferenceSchema>;

const wish = destinationWishSchema.shape;
const authenticationSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('basic'),
    username: z.string().max(255),
    password: secretReferenceSchema,
  }),
  z.strictObject({ kind: z.literal('bearer'), token: secretReferenceSchema }),
  z.strictObject({
    ...{ kind: z.literal('oauth'), tokenUrl: z.string(), clientId: z.string() },
    ...{ scope: z.string().nullable(), clientSecret: secretReferenceSchema },
  }),
]);

export const configuredDestinationSchema = z.strictObject({
  name: policyNameSchema,
  /** Null: set by the environment (`PACS_URL`). */
  connection: z
    .strictObject({
      // As it is stored.
      ...{ kind: wish.kind, url: wish.url.overwrite((url) => trimEnd(url, '/')) },
      authentication: authenticationSchema,
      ...{ ca: wish.ca, certificate: wish.certificate, key: secretReferenceSchema.optional() },
      commitment: wish.commitment,
    })
    .refine(({ certificate, key }) => (certificate === null) === (key === undefined), {
      path: ['key'],
      message: 'a certificate and its key, or neither',
    })
    .nullable(),
  /** The size of requests is left out: the gateway measures it. */
  tuning: tuningSchema.pick({ lagMinutes: true, proof: true }),
  viewers: viewersSchema.shape.viewers,
  worklist: worklistAddressSchema.shape.address,
  isPrimary: z.boolean(),
  need: needSchema.nullable(),
});
export type ConfiguredDestination = z.infer<typeof configuredDestinationSchema>;

/** Forwarding rules name their destinations. */
const namedForwardingSchema = z.strictObject({
  ...forwardingRuleSchema.shape,
  to: z
    .array(z.strictObject({ ...forwardingRuleSchema.shape.to.element.shape, destination: policyNameSchema }))
    .max(16),
});
const rulesOf = <S extends z.ZodType>(rule: S) =>
  z
    .array(rule)
    .max(RULES_LIMIT)
    .refine((rules) => {
      const names = rules.map((one) => (one as { readonly name?: unknown }).name);
      return new Set(names).size === names.length;
    }, 'two rules have one name');

export const configuredRulesSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('forwarding'), rules: rulesOf(namedForwardingSchema) }),
  z.strictObject({ kind: z.literal('inference'), rules: rulesOf(inferenceRuleSchema) }),
  z.strictObject({ kind: z.literal('cases'), rules: rulesOf(caseRuleSchema) }),
]);
export type ConfiguredRules = z.infer<typeof configuredRulesSchema>;

/** `account` null: every account without a quota of its own. */
export const configuredQuotaSchema = z.strictObject({
  account: z
    .string()
    .min(1)
    .max(128)
    .regex(/^\P{Cc}*$/u, 'no control characters')
    .overwrite((name) => name.toLowerCase())
    .nullable(),
  quota: quotaSchema.strict(),
});
export type ConfiguredQuota = z.infer<typeof configuredQuotaSchema>;

/** Who can open the backups is no part of it: that needs a password. */
export const configuredBackupsSchema = z.strictObject({
  everyHours: backupPlanSchema.shape.everyHours,
  keep: backupPlanSchema.shape.keep,
});
export type ConfiguredBackups = z.infer<typeof configuredBackupsSchema>;

/** A mistyped name of a field must not be passed over. */
export const configuredTypeSchema = z.strictObject({
  name: newReviewTypeSchema.shape.name,
  definition: newReviewTypeSchema.shape.definition.strict(),
});
export const configuredTemplateSchema = z.strictObject({
  name: newExportTemplateSchema.shape.name,
  definition: newExportTemplateSchema.shape.definition.strict(),
});

/** The most entries of a part. */
export const ENTRIES_LIMIT = 5000;
const many = <S extends z.ZodType>(entry: S) => z.array(entry).max(ENTRIES_LIMIT).optional();

export const configurationSchema = z.strictObject({
  format: z.literal(1),
  policies: many(policyDocumentSchema),
  reviewTypes: many(configuredTypeSchema),
  exportTemplates: many(configuredTemplateSchema),
  destinations: many(configuredDestinationSchema),
  rules: many(configuredRulesSchema),
  quotas: many(configuredQuotaSchema),
  backups: configuredBackupsSchema.optional(),
  retention: retentionDaysSchema.optional(),
});
export type Configuration = z.infer<typeof configurationSchema>;
export type ConfigurationPart = Exclude<keyof Configuration, 'format'>;

export const configurationOutcomeSchema = z.object({
  /** False: it was only planned. */
  isApplied: z.boolean(),
  changes: z.array(
    z.object({
      part: z.string(),
      name: z.string(),
      change: z.enum(['add', 'change', 'remove']),
      /** What differs, as paths, without values. */
      fields: z.array(z.string()),
    }),
  ),
});
export type ConfigurationOutcome = z.infer<typeof configurationOutcomeSchema>;
