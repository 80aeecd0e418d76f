/**
 * Schemas for rules. A rule says which studies it is about, and what follows for them. All kinds have one form:
 *
 * - `forwarding`: the further destinations of a study. The first matching rule decides when an upload first promises
 *   the study; if none matches, each destination's own need applies.
 * - `inference`: the models that look at a delivered study. Every matching rule starts its models.
 * - `cases`: the cases that are opened, once per study, when it is delivered or when a model finds something.
 */
import { z } from 'zod';
import { CASE_PRIORITIES, caseTagsSchema, caseTitleSchema } from './cases.ts';
import { COERCED_ATTRIBUTES, coercionSchema } from './coercion.ts';
import { needSchema, uidSchema } from './forms.ts';
import { reviewTypeNameSchema } from './reviews.ts';

export const RULE_KINDS = ['forwarding', 'inference', 'cases'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** The conditions that a rule may set. Each is compared with the values that the study has for it. */
export const CONDITIONS = [
  'policy',
  'modality',
  'sopClass',
  'bodyPart',
  /** The gateway's name for the sending device. */
  'device',
  /** The user name of the sending account. */
  'account',
  /** Study Description. */
  'description',
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** The most rules of each kind. A person can still read this many. */
export const RULES_LIMIT = 50;
/** The most values of one condition. A pattern says more than a longer list. */
export const VALUES_LIMIT = 32;
/** A UID, a policy name and a Study Description (LO) have at most 64 characters. */
const VALUE_CHARACTERS_LIMIT = 64;
const DESTINATIONS_LIMIT = 16;
const MODELS_LIMIT = 8;

const isPrintable = (text: string): boolean => !/\p{Cc}/u.test(text);
const valueSchema = z
  .string()
  .trim()
  .min(1)
  .max(VALUE_CHARACTERS_LIMIT)
  .refine(isPrintable, 'has a control character');
/** One of these values must match, ignoring case; `*` stands for any text, including none. */
const valuesSchema = z.array(valueSchema).min(1).max(VALUES_LIMIT);

const forEach = <Schema extends z.ZodType>(schema: Schema) => ({
  policy: schema,
  modality: schema,
  sopClass: schema,
  bodyPart: schema,
  device: schema,
  account: schema,
  description: schema,
});

/** All given conditions must be met. A rule without conditions is about every study. */
export const whenSchema = z.strictObject(forEach(valuesSchema.optional()));
export type When = z.infer<typeof whenSchema>;

const common = {
  name: z.string().trim().min(1).max(64).refine(isPrintable, 'has a control character'),
  /** False: the rule is kept but has no effect. */
  enabled: z.boolean(),
  when: whenSchema,
};

/**
 * A destination that gets the study besides the primary one. The primary one always gets it, and the receipt always
 * waits for it.
 */
const chosenDestinationSchema = z.strictObject({
  destination: z.uuid(),
  need: needSchema,
  /** Applied only under policies that keep names. */
  coerce: coercionSchema.optional(),
});

export const forwardingRuleSchema = z.strictObject({
  ...common,
  /** Empty: the study goes only to the primary destination. */
  to: z
    .array(chosenDestinationSchema)
    .max(DESTINATIONS_LIMIT)
    .refine(
      (to) => new Set(to.map(({ destination }) => destination)).size === to.length,
      'a destination stands there twice',
    ),
});
export type ForwardingRule = z.infer<typeof forwardingRuleSchema>;

export const inferenceRuleSchema = z.strictObject({
  ...common,
  models: z.array(z.string().min(1).max(64)).min(1).max(MODELS_LIMIT),
  /** Priority of the models' jobs: higher numbers go first. */
  priority: z.number().int().min(-100).max(100).default(0),
});
export type InferenceRule = z.infer<typeof inferenceRuleSchema>;

/** `disagreement`: device and gateway came to different findings on one image. */
const CASE_OCCASIONS = ['delivered', 'finding', 'disagreement'] as const;
export type CaseOccasion = (typeof CASE_OCCASIONS)[number];
export const caseRuleSchema = z.strictObject({
  ...common,
  occasion: z.enum(CASE_OCCASIONS),
  /** Title of the case. Rules are stored in clear text, so it must not name a patient. */
  title: caseTitleSchema,
  casePriority: z.enum(CASE_PRIORITIES),
  tags: caseTagsSchema,
  /** The type of the review that is opened with the case; null: none. */
  review: reviewTypeNameSchema.nullable(),
});
export type CaseRule = z.infer<typeof caseRuleSchema>;

const ruleSchema = z.union([forwardingRuleSchema, inferenceRuleSchema, caseRuleSchema]);
export type Rule = z.infer<typeof ruleSchema>;

/** The version of the whole list: it changes with any rule. */
const versionSchema = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case');
export const rulesSchema = z.object({
  /** In the order in which they apply. */
  rules: z.array(ruleSchema),
  version: versionSchema,
});
export type Rules = z.infer<typeof rulesSchema>;

/**
 * Replaces all rules of a kind. `version`: the version of the list that was edited; without it, the list is replaced
 * whatever its version.
 */
export const rulesWishSchema = z.strictObject({
  rules: z.array(ruleSchema).max(RULES_LIMIT),
  version: versionSchema.optional(),
});

/**
 * The device's description of a study before its instances arrive. Rules decide by it, and it is not stored. Where
 * names are removed, it holds only codes that the standard defines.
 */
export const describedSchema = z.object({
  modalities: z.array(z.string().max(16)).max(VALUES_LIMIT),
  bodyParts: z.array(z.string().max(16)).max(VALUES_LIMIT),
  descriptions: z.array(z.string().max(64)).max(VALUES_LIMIT),
});
export type Described = z.infer<typeof describedSchema>;

const attributesSchema = z.strictObject(forEach(z.array(valueSchema).max(VALUES_LIMIT).optional()));

/**
 * Input of a dry run: a study that was sent through this gateway, attributes, or both. Attributes given here override
 * those of the study.
 */
export const dryRunWishSchema = z.strictObject({
  studyInstanceUID: uidSchema.optional(),
  attributes: attributesSchema.optional(),
});
export type DryRunWish = z.infer<typeof dryRunWishSchema>;

const verdictSchema = z.object({
  name: z.string(),
  takes: z.boolean(),
  /** Null: the rule applies to the study. */
  because: z
    .discriminatedUnion('kind', [
      /** `isMet`: the study would meet the rule's conditions. */
      z.object({ kind: z.literal('disabled'), isMet: z.boolean() }),
      /** An earlier rule already decided on the study. */
      z.object({ kind: z.literal('earlier'), rule: z.string() }),
      /** The first condition that is not met, with the study's values (`has`) and those of the rule. */
      z.object({
        kind: z.literal('condition'),
        condition: z.enum(CONDITIONS),
        has: z.array(z.string()),
        wants: z.array(z.string()),
      }),
      /** The study was delivered, but the occasion did not occur. */
      z.object({ kind: z.literal('occasion'), occasion: z.enum(CASE_OCCASIONS) }),
      /** The rule waits for a model's finding, and no model has looked at the study. */
      z.object({ kind: z.literal('not-examined') }),
      /** The rule has already opened a case for the study. */
      z.object({ kind: z.literal('done') }),
    ])
    .nullable(),
});
export type Verdict = z.infer<typeof verdictSchema>;

export const dryRunSchema = z.object({
  /** The values that the study was judged by; an empty list: no value is known. */
  attributes: z.object(forEach(z.array(z.string()))),
  /** The verdict of every rule, in the order of the rules. */
  verdicts: z.array(verdictSchema),
  /** Forwarding rules only: the destinations, primary first. `byRule` false: each destination's own need decided. */
  forwarding: z
    .object({
      byRule: z.boolean(),
      destinations: z.array(
        z.object({
          name: z.string(),
          need: z.enum(['primary', ...needSchema.options]),
          /** Attributes that the rule changes for this destination, where names are kept. */
          coerced: z.array(z.enum(COERCED_ATTRIBUTES)).optional(),
        }),
      ),
    })
    .nullable(),
  /** Inference rules only: the models that look at the study, each once. */
  models: z.array(z.string()).nullable(),
  /** Case rules only: the titles of the cases that would be opened. */
  cases: z.array(z.string()).nullable(),
});
export type DryRun = z.infer<typeof dryRunSchema>;
