/**
 * Upload policies as data, in one set of schemas: an administrator writes a policy as JSON, the gateway keeps versions
 * of it and a device applies it. These schemas check the form; `createRules` (deid/rules.ts) decides whether the
 * options can be carried out.
 *
 * All objects are strict: a rule that is not understood would not be obeyed.
 */
import { z } from 'zod';

/** Policies that come with the program. Nobody can change or withdraw them. */
export const BUILT_IN_NAMES = ['identified', 'deidentified'] as const;

/** The policy under which the gateway adds model reports and readers' marks to a study. */
export const RESULTS_POLICY_NAME = 'gateway.results';

/** The roles that may send. Auditors only read. */
export const SENDERS = ['technician', 'radiologist', 'researcher', 'admin'] as const;

/** Policy names appear in addresses, receipts and the audit trail. The limit of 64 characters is that of a manifest. */
const POLICY_NAME_LIMIT = 64;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const OPTIONS_LIMIT = 20;
/** Table E.1-1 has some 700 rows: a policy that names more attributes than this should be a profile of its own. */
export const POLICY_ATTRIBUTES_LIMIT = 1000;

/**
 * Attributes whose value the pipeline itself decides: the character set of all other attributes, the identifiers of the
 * instance, and the markers of de-identification (PS3.15 E.1.1).
 */
const DECIDED_BY_THE_ROAD = new Set([
  '00080005',
  '00080016',
  '00080018',
  '0020000d',
  '0020000e',
  '00120062',
  '00120063',
  '00120064',
  '00280303',
]);

/**
 * Whether a policy may name the tag: an exact tag of a Data Set, not of a message, a file or a directory (PS3.5 §7.1),
 * and no group length, delimiter or Pixel Data.
 */
function mayBeNamed(tag: string): boolean {
  const group = Number.parseInt(tag.slice(0, 4), 16);
  const element = tag.slice(4);
  return (
    group >= 0x0008 &&
    group !== 0xfffe &&
    group !== 0x7fe0 &&
    element !== '0000' &&
    !DECIDED_BY_THE_ROAD.has(tag)
  );
}

export const policyNameSchema = z
  .string()
  .max(POLICY_NAME_LIMIT)
  .regex(KEBAB, 'lower-case letters and digits, in parts joined by single hyphens');
const tagSchema = z
  .string()
  .regex(/^[0-9a-f]{8}$/, '8 hexadecimal digits in lower case')
  .refine(mayBeNamed, 'not for a policy to decide');

/** Refinements of the profile: `RulesSettings` of deid/rules.ts. */
export const policyRulesSchema = z.strictObject({
  /** Attributes that neither Table E.1-1 nor PS3.6 names. */
  unknownAttributes: z.enum(['remove', 'keep']).optional(),
  /** By tag, `ggggeeee` in lower case. These override the profile and its options. */
  attributes: z
    .record(tagSchema, z.enum(['keep', 'remove', 'empty', 'replace']))
    .refine((attributes) => Object.keys(attributes).length <= POLICY_ATTRIBUTES_LIMIT, 'too many attributes')
    .optional(),
  /** Encapsulated documents (PDF, CDA, STL …): held for a person, unless kept. */
  documents: z.enum(['quarantine', 'keep']).optional(),
  /** Free text next to waveforms. */
  waveformAnnotations: z.enum(['quarantine', 'clean']).optional(),
  /**
   * Images of kinds that often have names in their pixels (ultrasound, photographs, captured screens) and do not say
   * whether they do: held for a person, unless this says otherwise.
   */
  undeclaredText: z.enum(['hold', 'warn', 'send']).optional(),
});
export type PolicyRules = z.infer<typeof policyRulesSchema>;

/** How a policy tells patients apart (deid/patient-key.ts). */
export const patientDomainSchema = z.enum(['id', 'id-and-issuer']);
/**
 * Where pseudonyms are made. `device`: on the devices of people who see identities anyway, even offline; others ask the
 * gateway. `gateway`: everybody asks the gateway, and no device has the key.
 */
export const pseudonymPlaceSchema = z.enum(['device', 'gateway']);
/** The roles whose devices may hold the key of a policy. */
export const KEY_HOLDERS = ['technician', 'admin'] as const;
/** An account with this role never holds a key, whatever its other roles: a researcher must not re-identify. */
export const NEVER_KEY_HOLDER = 'researcher';

/**
 * One line for people to read, without control characters (general category Cc). The pattern has no flags, because JSON
 * Schema has none.
 */
const lineOf = (limit: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(limit)
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'no control characters');
export const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length;

/** A policy as an administrator writes it. */
export const policyDocumentSchema = z
  .strictObject({
    name: policyNameSchema.refine(
      (name) => !BUILT_IN_NAMES.includes(name as (typeof BUILT_IN_NAMES)[number]),
      'the name of a built-in policy',
    ),
    /** Title and description help a person to choose. */
    title: lineOf(80),
    description: lineOf(500).optional(),
    /** Whether the device removes names. */
    deidentify: z.boolean(),
    /** Options of PS3.15 E.3 in kebab-case; empty: the plain Basic Profile. */
    options: z
      .array(
        z
          .string()
          .max(POLICY_NAME_LIMIT)
          .regex(KEBAB, 'lower-case letters and digits, in parts joined by single hyphens'),
      )
      .max(OPTIONS_LIMIT)
      .refine(distinct, 'named twice'),
    /**
     * Odd instances that a PACS would store (irregularities.ts) are held for a person. Absent: they are sent with a
     * warning, unless names are removed.
     */
    strict: z.boolean().optional(),
    /** The sender must say why names are kept (sending-reason.ts). Absent: nobody is asked. */
    asksReason: z.boolean().optional(),
    roles: z.array(z.enum(SENDERS)).min(1).max(SENDERS.length).refine(distinct, 'named twice'),
    rules: policyRulesSchema.optional(),
    /** Absent: `id`. */
    patientDomain: patientDomainSchema.optional(),
    /** Absent: `device`. */
    pseudonyms: pseudonymPlaceSchema.optional(),
    /**
     * The number of the policy's pseudonym key; absent: 1. A version with another number uses another key, so nobody
     * can link the pseudonyms of the two versions.
     */
    key: z.number().int().min(1).max(1_000_000).optional(),
    /** If the site has a vault, devices leave each patient's sealed identity in it. Absent: they do not. */
    vault: z.boolean().optional(),
  })
  // A policy that sends instances unchanged applies no rules, so any rules in it would be a false promise.
  .refine(({ deidentify, options }) => deidentify || options.length === 0, {
    path: ['options'],
    error: 'only where names are removed',
  })
  .refine(({ deidentify, rules }) => deidentify || rules === undefined, {
    path: ['rules'],
    error: 'only where names are removed',
  })
  .refine(
    ({ deidentify, patientDomain, pseudonyms, key, vault }) =>
      deidentify || [patientDomain, pseudonyms, key, vault].every((each) => each === undefined),
    { path: ['pseudonyms'], error: 'only where names are removed' },
  )
  .refine(({ deidentify, asksReason }) => !deidentify || asksReason === undefined, {
    path: ['asksReason'],
    error: 'only where names are kept',
  });
export type PolicyDocument = z.infer<typeof policyDocumentSchema>;

/** A version in the administrator's list. */
const policyVersionSchema = z.object({
  version: z.number().int(),
  /** The id of an account. */
  madeBy: z.uuid(),
  madeAt: z.iso.datetime(),
  withdrawnAt: z.iso.datetime().nullable(),
  /** null: a later gateway wrote the policy, with rules that this one does not know. */
  policy: policyDocumentSchema.nullable(),
});

/** A policy with all its versions, the newest first. */
export const adminPolicySchema = z.object({
  name: z.string(),
  /** The policy cannot be changed or withdrawn. It has the program's version, so no versions are listed. */
  builtIn: z.boolean(),
  /** The current version; null: withdrawn. */
  inForce: z.number().int().nullable(),
  versions: z.array(policyVersionSchema),
});
export type AdminPolicy = z.infer<typeof adminPolicySchema>;

/** The effect of a policy on one sample instance: tags and codes, no values. */
const policyTrialSchema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('ready'),
    /** By action code (PS3.15 Table E.1-1a) and reason. */
    counts: z.array(z.object({ action: z.string(), because: z.string(), count: z.number().int() })),
    /** `gggg,eeee`; inside a sequence the path comes first. */
    actions: z.array(z.object({ path: z.string(), action: z.string(), because: z.string() })),
    /** The number of actions that are counted but not listed. */
    more: z.number().int(),
  }),
  z.object({ outcome: z.enum(['quarantined', 'refused']), reason: z.string() }),
]);
export type PolicyTrial = z.infer<typeof policyTrialSchema>;
/** In the order of the instances in the request. */
export const policyTrialsSchema = z.object({ instances: z.array(policyTrialSchema) });
