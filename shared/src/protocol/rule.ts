/**
 * Rules on the wire. A rule says which studies it is about, and what follows for them; all kinds have one form:
 *
 *   forwarding   the destinations of a study besides the primary one. The first rule that fits decides, when an
 *                upload first promises the study; where none fits, each destination's own need holds
 *   inference    the models that look at a delivered study. Every rule that fits starts its models
 *   cases        the cases that are opened, once for a study: when it is delivered, or when a model finds something
 */
import { z } from 'zod';
import { CASE_PRIORITIES, caseTagsSchema, caseTitleSchema } from './cases.ts';
import { COERCED_ATTRIBUTES, coercionSchema } from './coercion.ts';
import { needSchema, uidSchema } from './forms.ts';
import { reviewTypeNameSchema } from './reviews.ts';

export const RULE_KINDS = ['forwarding', 'inference', 'cases'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** A rule may ask for these of a study: each by the values that the study has of it. */
export const CONDITIONS = [
  'policy',
  'modality',
  'sopClass',
  'bodyPart',
  /** The gateway's name for the device that sends it. */
  'device',
  /** The user name of the account that sends it. */
  'account',
  /** Study Description. */
  'description',
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** The most rules of each kind: a person still reads them through. */
export const RULES_LIMIT = 50;
/** For one condition: a list longer than this is better said by a pattern. */
export const VALUES_LIMIT = 32;
/** A UID, a policy and a Study Description (LO) have at most 64. */
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
/** Values of which one must fit, whatever its case; `*` stands for any text, none too. */
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

/** All that are there must be met; a rule with none is about every study. */
export const whenSchema = z.strictObject(forEach(valuesSchema.optional()));
export type When = z.infer<typeof whenSchema>;

const common = {
  name: z.string().trim().min(1).max(64).refine(isPrintable, 'has a control character'),
  /** False: it is kept, and decides nothing. */
  enabled: z.boolean(),
  when: whenSchema,
};

/** A destination that gets the study. The primary one always does, and the receipt always waits for it. */
const chosenDestinationSchema = z.strictObject({
  destination: z.uuid(),
  need: needSchema,
  /** Under policies that keep names. */
  coerce: coercionSchema.optional(),
});

export const forwardingRuleSchema = z.strictObject({
  ...common,
  /** None: the study goes to the primary destination alone. */
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
  /** Priority of the models' jobs: the higher goes first. */
  priority: z.number().int().min(-100).max(100).default(0),
});
export type InferenceRule = z.infer<typeof inferenceRuleSchema>;

/** `disagreement`: the device and the gateway found different things on one image. */
const CASE_OCCASIONS = ['delivered', 'finding', 'disagreement'] as const;
export type CaseOccasion = (typeof CASE_OCCASIONS)[number];
export const caseRuleSchema = z.strictObject({
  ...common,
  occasion: z.enum(CASE_OCCASIONS),
  /** Title of the case. A rule is kept in the clear: no patient belongs in it. */
  title: caseTitleSchema,
  casePriority: z.enum(CASE_PRIORITIES),
  tags: caseTagsSchema,
  /** The type of the review that is opened with it; null: none is. */
  review: reviewTypeNameSchema.nullable(),
});
export type CaseRule = z.infer<typeof caseRuleSchema>;

const ruleSchema = z.union([forwardingRuleSchema, inferenceRuleSchema, caseRuleSchema]);
export type Rule = z.infer<typeof ruleSchema>;

/** Names the whole list: it changes with every rule. */
const versionSchema = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case');
export const rulesSchema = z.object({
  /** In their order. */
  rules: z.array(ruleSchema),
  version: versionSchema,
});
export type Rules = z.infer<typeof rulesSchema>;

/** All rules of a kind. `version`: of the list that was changed; without it, whatever is there is replaced. */
export const rulesWishSchema = z.strictObject({
  rules: z.array(ruleSchema).max(RULES_LIMIT),
  version: versionSchema.optional(),
});

/**
 * A study as its device describes it before its instances come: rules decide by it, and it is not kept. Where names are
 * removed, only codes that the standard defines are among it.
 */
export const describedSchema = z.object({
  modalities: z.array(z.string().max(16)).max(VALUES_LIMIT),
  bodyParts: z.array(z.string().max(16)).max(VALUES_LIMIT),
  descriptions: z.array(z.string().max(64)).max(VALUES_LIMIT),
});
export type Described = z.infer<typeof describedSchema>;

const attributesSchema = z.strictObject(forEach(z.array(valueSchema).max(VALUES_LIMIT).optional()));

/** A dry run of a study that was sent through here, of attributes, or of both: then the attributes given here count. */
export const dryRunWishSchema = z.strictObject({
  studyInstanceUID: uidSchema.optional(),
  attributes: attributesSchema.optional(),
});
export type DryRunWish = z.infer<typeof dryRunWishSchema>;

const verdictSchema = z.object({
  name: z.string(),
  takes: z.boolean(),
  /** Null: it takes the study. */
  because: z
    .discriminatedUnion('kind', [
      /** `isMet`: the study meets its conditions. */
      z.object({ kind: z.literal('disabled'), isMet: z.boolean() }),
      /** A rule before it took the study. */
      z.object({ kind: z.literal('earlier'), rule: z.string() }),
      /** The first condition that is not met: the values of the study, and those of the rule. */
      z.object({
        kind: z.literal('condition'),
        condition: z.enum(CONDITIONS),
        has: z.array(z.string()),
        wants: z.array(z.string()),
      }),
      /** The study was delivered, and this has not happened to it. */
      z.object({ kind: z.literal('occasion'), occasion: z.enum(CASE_OCCASIONS) }),
      /** The rule waits for what a model says, and none has looked at the study. */
      z.object({ kind: z.literal('not-examined') }),
      /** The rule has opened a case for the study before. */
      z.object({ kind: z.literal('done') }),
    ])
    .nullable(),
});
export type Verdict = z.infer<typeof verdictSchema>;

export const dryRunSchema = z.object({
  /** The values by which the study was judged; an empty list: none is known. */
  attributes: z.object(forEach(z.array(z.string()))),
  /** The verdict of every rule, in the order of the rules. */
  verdicts: z.array(verdictSchema),
  /** Forwarding rules alone: the destinations, the primary one first. `byRule` false: by each one's own need. */
  forwarding: z
    .object({
      byRule: z.boolean(),
      destinations: z.array(
        z.object({
          name: z.string(),
          need: z.enum(['primary', ...needSchema.options]),
          /** Attributes that the rule has changed there, where names are kept. */
          coerced: z.array(z.enum(COERCED_ATTRIBUTES)).optional(),
        }),
      ),
    })
    .nullable(),
  /** Inference rules alone: the models that look at the study, each once. */
  models: z.array(z.string()).nullable(),
  /** Case rules alone: the titles of the cases that would be opened. */
  cases: z.array(z.string()).nullable(),
});
export type DryRun = z.infer<typeof dryRunSchema>;
