/**
 * The manifest: the device's promise of what one study will contain, and the gateway's answer. The device sends it
 * before any bytes (hash first), and again whenever it is unsure: `POST /upload/init` is idempotent.
 */
import { z } from 'zod';
import {
  ACTION_CHARACTERS_LIMIT,
  charactersOf,
  REPORT_ACTION,
  REPORT_ACTIONS_LIMIT,
  REPORT_EDITION,
  REPORT_OPTIONS,
  REPORTS_CHARACTERS_LIMIT,
} from './deid-report.ts';
import { digestSchema, uidSchema, withheldSchema } from './forms.ts';
import { deviceTriageSchema } from './inference.ts';
import { MANIFEST_INSTANCE_LIMIT, PROTOCOL_VERSION } from './limits.ts';
import { describedSchema } from './rule.ts';
import { sendingReasonSchema } from './sending-reason.ts';
import { vaultEntriesSchema } from './vault.ts';

/**
 * The most bytes of a manifest with MANIFEST_INSTANCE_LIMIT instances. An instance takes 400 to 530 bytes, about 70
 * more with a report of its own, and the lists of actions come on top.
 */
export const MANIFEST_BYTES_LIMIT = 12 * 1024 * 1024;

/** 16 GiB: larger than any instance seen (whole slide images reach 6 GiB), and the limit of one tus upload. */
export const INSTANCE_BYTES_LIMIT = 16 * 1024 ** 3;

const manifestInstanceSchema = z.object({
  sopInstanceUID: uidSchema,
  seriesInstanceUID: uidSchema,
  sopClassUID: uidSchema,
  transferSyntaxUID: uidSchema,
  bytes: z
    .number()
    .int()
    .min(1)
    .max(INSTANCE_BYTES_LIMIT)
    .describe('Of the Part 10 file as it is sent: after de-identification, with File Meta Information.'),
  digest: digestSchema.describe('SHA-256 of these bytes in lower-case hexadecimal.'),
  originalDigest: digestSchema
    .optional()
    .describe(
      'Under a de-identifying policy: HMAC-SHA-256 of the original’s SHA-256 under the patient’s secret. The same original is known again under another version of the policy.',
    ),
  report: z
    .number()
    .int()
    .min(0)
    .max(MANIFEST_INSTANCE_LIMIT - 1)
    .optional()
    .describe('The index of its report in `deidentification.reports`, from 0.'),
  triage: deviceTriageSchema
    .optional()
    .describe(
      'The answers of the device’s own models before it was sent; for a plain film that none of them examined, its population alone. Absent otherwise.',
    ),
});
export type ManifestInstance = z.infer<typeof manifestInstanceSchema>;

/** An action has at most about 60 characters, in a form with no room for a value (deid-report.ts). */
export const reportActionsSchema = z
  .array(z.string().max(ACTION_CHARACTERS_LIMIT).regex(REPORT_ACTION))
  .max(REPORT_ACTIONS_LIMIT);
export const reportTermsSchema = z.object({
  edition: z.string().regex(REPORT_EDITION),
  options: z.array(z.enum(REPORT_OPTIONS)).max(REPORT_OPTIONS.length),
});

/** The device's reports, each distinct list of actions once; a list too long to send is given only by its digest. */
const deidentificationSchema = reportTermsSchema.extend({
  reports: z
    .array(z.union([reportActionsSchema, digestSchema]))
    .max(MANIFEST_INSTANCE_LIMIT)
    .refine(
      (reports) =>
        reports.reduce((sum, report) => sum + (typeof report === 'string' ? 0 : charactersOf(report)), 0) <=
        REPORTS_CHARACTERS_LIMIT,
      'too many actions',
    ),
});

export const manifestSchema = z
  .object({
    protocolVersion: z.literal(PROTOCOL_VERSION),
    policy: z.object({
      name: z.string().max(64),
      version: z.number().int().min(1),
      reason: sendingReasonSchema.optional().describe('Where the policy asks why names are kept.'),
    }),
    studyInstanceUID: uidSchema,
    instances: z
      .array(manifestInstanceSchema)
      .min(1)
      .max(MANIFEST_INSTANCE_LIMIT)
      .describe(
        'In the order they were chosen (path order). One SOP Instance UID may stand here with several digests: the first is taken, the others conflict.',
      ),
    withheld: withheldSchema
      .optional()
      .describe(
        'Instances of the study that are not promised; absent where there are none, or they are not known.',
      ),
    deidentification: deidentificationSchema.optional().describe('Under a de-identifying policy.'),
    described: describedSchema
      .optional()
      .describe('For the rules that choose the destinations of the study; not kept.'),
    vault: vaultEntriesSchema
      .optional()
      .describe('Where the policy feeds a vault: the sealed identities of the study’s patients.'),
  })
  .refine(
    ({ instances, deidentification }) =>
      instances.every(
        ({ report }) => report === undefined || report < (deidentification?.reports.length ?? 0),
      ),
    { path: ['instances', 'report'], message: 'names a report that is not there' },
  );
export type Manifest = z.infer<typeof manifestSchema>;

/** How the gateway names an instance. The UID alone is not enough, because in a conflict two digests share one UID. */
const instanceKeySchema = z.object({ sopInstanceUID: uidSchema, digest: digestSchema });

export const manifestAnswerSchema = z.object({
  uploadId: z.uuid(),
  studyInstanceUID: uidSchema,
  revision: z.number().int().min(1),
  have: z
    .array(instanceKeySchema.extend({ inPacs: z.boolean().optional() }))
    .describe(
      'Held by the gateway or, asked in this request, by the PACS: nothing to send. `inPacs`: seen there, so the device need not keep a copy.',
    ),
  need: z.array(instanceKeySchema).describe('To be sent.'),
  conflict: z
    .array(instanceKeySchema.extend({ reason: z.string() }))
    .describe('In quarantine or refused: not to be sent; a person decides.'),
  // The command line's ids are hashes in the form of a UUID.
  begun: z
    .array(z.guid())
    .optional()
    .describe(
      'The device’s names of parcels of this upload that the gateway has begun to receive, and not verified: a creation without a body tells their offset.',
    ),
});
export type ManifestAnswer = z.infer<typeof manifestAnswerSchema>;
