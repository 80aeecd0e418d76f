/**
 * Exports: data of many cases in one file, for a stated purpose. A template says which fields the file has and how much
 * it reveals about people (protocol/cases.md, *Exports*).
 */
import { z } from 'zod';
import type { Role } from './api.ts';
import { CASE_BODY_PARTS, CASE_FINDINGS, CASE_MODALITIES, CASE_PRIORITIES, CASE_STATUSES } from './cases.ts';
import { lineSchema } from './line-schema.ts';
import { policyNameSchema } from './policy.ts';

/**
 * `full`: with identities. `limited`: pseudonyms instead, and no typed text. `anonymous`: by what a row says of its
 * subject, it cannot be told from four others.
 */
const REDACTIONS = ['full', 'limited', 'anonymous'] as const;
export type Redaction = (typeof REDACTIONS)[number];

const REDACTIONS_OF: { readonly [role in Role]?: readonly Redaction[] } = {
  radiologist: REDACTIONS,
  admin: REDACTIONS,
  researcher: ['anonymous'],
};
export const mayExport = (roles: readonly Role[], redaction: Redaction): boolean =>
  roles.some((role) => REDACTIONS_OF[role]?.includes(redaction));

/** `pdf`: a report with images. `dicom`: a set of instances under a policy that removes names, with a table. */
const EXPORT_FORMATS = ['csv', 'jsonl', 'pdf', 'dicom'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
/** The extension of the saved file. */
export const EXPORT_ENDINGS: Readonly<Record<ExportFormat, string>> = {
  csv: 'csv',
  jsonl: 'jsonl',
  pdf: 'pdf',
  dicom: 'zip',
};

/**
 * All fields, each with the strictest redaction that still includes it; anonymous exports have a list of their own. One
 * row is one case.
 */
const EXPORT_FIELDS = {
  caseId: 'full',
  caseNumber: 'limited',
  title: 'full',
  tags: 'full',
  status: 'limited',
  priority: 'limited',
  dueOn: 'limited',
  assignee: 'full',
  openedBy: 'full',
  openedAt: 'limited',
  changedAt: 'limited',
  closedAt: 'limited',
  /** The text of each note. */
  notes: 'full',
  /** The names of the attachments. */
  attachments: 'full',
  site: 'limited',
  // Fields of the patient, from the PACS.
  pseudonym: 'limited',
  patientName: 'full',
  patientId: 'full',
  birthDate: 'full',
  /** The ten-year band of the patient's age at the time of the first study. */
  ageBand: 'limited',
  sex: 'limited',
  // Fields of the studies.
  studies: 'full',
  studyCount: 'limited',
  accessionNumbers: 'full',
  studyDates: 'full',
  /** The month of the first study. */
  month: 'limited',
  descriptions: 'full',
  modalities: 'limited',
  /** Body parts that a model recognised. */
  bodyParts: 'limited',
  // Fields of the models' results, newest first: each list has one value for each result. `hidden` as the model and as
  // the finding: there are more results, which the reader may not see before signing.
  finding: 'limited',
  models: 'limited',
  modelVersions: 'limited',
  scores: 'limited',
  positives: 'limited',
  resultTimes: 'limited',
  verdicts: 'limited',
  correctedFindings: 'limited',
  // Fields of the settled reviews, oldest first: each list but `answers` has one value for each review.
  reviewTypes: 'limited',
  decisions: 'limited',
  /**
   * Chosen and measured answers as `type.question=answer`; a full export has typed answers too. The second review of a
   * type is `type#2.question=answer`. Where an adjudication decided between several readers, those of the first reader
   * are `type@reader-1.question=answer`.
   */
  answers: 'limited',
  reasons: 'full',
  /** The reader whose answers stand; where others signed too, a list of all readers follows, by place. */
  readers: 'full',
  /** Whose answers stand: `reader` or `adjudicator`. */
  readerRoles: 'limited',
  settledAt: 'limited',
} as const satisfies Readonly<Record<string, Redaction>>;
export type ExportField = keyof typeof EXPORT_FIELDS;
export const EXPORT_FIELD_NAMES = Object.keys(EXPORT_FIELDS) as [ExportField, ...ExportField[]];

/**
 * How an anonymous export gives each field; fields that are not listed are never in one. It has no numbers of cases, no
 * times, and nothing about accounts.
 */
export const ANONYMOUS_FIELDS = {
  // Given for groups of cases (gateway/src/exports/anonymous/make-anonymous.ts).
  ageBand: 'in-groups',
  sex: 'in-groups',
  modalities: 'in-groups',
  bodyParts: 'in-groups',
  month: 'in-groups',
  site: 'in-groups',
  finding: 'as-it-is',
  models: 'as-it-is',
  modelVersions: 'as-it-is',
  /** With two decimals: more would single out one result. */
  scores: 'rounded',
  positives: 'as-it-is',
  verdicts: 'as-it-is',
  reviewTypes: 'as-it-is',
  decisions: 'as-it-is',
  readerRoles: 'as-it-is',
  // Reduced to harmless words (clean-typed-text.ts).
  correctedFindings: 'cleaned',
  answers: 'cleaned',
  reasons: 'cleaned',
  notes: 'cleaned',
  /**
   * A description names modality and body part. It is cleaned, and given only if enough people of the group share it.
   */
  descriptions: 'in-common',
} as const satisfies {
  readonly [field in ExportField]?: 'in-groups' | 'as-it-is' | 'rounded' | 'cleaned' | 'in-common';
};
export type AnonymousField = keyof typeof ANONYMOUS_FIELDS;
export const isAnonymousField = (field: ExportField): field is AnonymousField =>
  Object.hasOwn(ANONYMOUS_FIELDS, field);

/** Fields that say when something happened. */
const DATED_FIELDS: readonly ExportField[] = [
  ...(['dueOn', 'openedAt', 'changedAt', 'closedAt', 'month', 'resultTimes', 'settledAt'] as const),
];

/** Whether an export of this redaction may have the field. */
export const tellsField = (redaction: Redaction, field: ExportField): boolean =>
  redaction === 'anonymous'
    ? isAnonymousField(field)
    : REDACTIONS.indexOf(redaction) <= REDACTIONS.indexOf(EXPORT_FIELDS[field]);

export const exportTemplateNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens, beginning with a letter');
const exportDefinitionSchema = z
  .object({
    title: lineSchema(120),
    redaction: z.enum(REDACTIONS),
    format: z.enum(EXPORT_FORMATS),
    /** In the order of the columns. */
    fields: z.array(z.enum(EXPORT_FIELD_NAMES)).min(1),
    /** The policy that removes names from a set of instances. */
    policy: policyNameSchema.optional(),
  })
  .superRefine(({ redaction, format, fields, policy }, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const isSet = format === 'dicom';
    if (isSet !== (policy !== undefined)) refuse(['policy'], 'of a set of instances, and of that alone');
    if (isSet && redaction !== 'limited') refuse(['redaction'], 'a set of instances is limited');
    const seen = new Set<ExportField>();
    for (const [at, field] of fields.entries()) {
      const path = ['fields', at];
      if (seen.has(field)) refuse(path, 'named twice');
      if (!tellsField(redaction, field)) refuse(path, `not in a ${redaction} export`);
      // Dates in the instances are shifted: a true date beside them would reveal the shift.
      if (isSet && DATED_FIELDS.includes(field)) refuse(path, 'not in a set of instances');
      seen.add(field);
    }
  });
export type ExportDefinition = z.infer<typeof exportDefinitionSchema>;

const exportTemplateSchema = z.object({
  name: exportTemplateNameSchema,
  version: z.int(),
  /** Null: the template comes with the gateway. */
  madeBy: z.string().nullable(),
  madeAt: z.iso.datetime().nullable(),
  definition: exportDefinitionSchema,
});
export type ExportTemplate = z.infer<typeof exportTemplateSchema>;
/** `GET /export-templates`: the newest version of each template that the caller may use, by name. */
export const exportTemplatesSchema = z.object({ templates: z.array(exportTemplateSchema) });
export type ExportTemplates = z.infer<typeof exportTemplatesSchema>;
/** `POST /export-templates`. */
export const newExportTemplateSchema = z.object({
  name: exportTemplateNameSchema,
  definition: exportDefinitionSchema,
});
/** `PUT /export-templates/{name}`: `version` is the version that the person saw. */
export const exportTemplateChangeSchema = z.object({
  version: z.int().min(1),
  definition: exportDefinitionSchema,
});

/** The most cases that can be picked one by one; a filter can name more. */
const EXPORTED_CASES_LIMIT = 1000;
/** The most cases of one export. A report has pages and images for each case, and people read it. */
export const EXPORT_CASES_LIMITS: Readonly<Record<ExportFormat, number>> = {
  csv: 100_000,
  jsonl: 100_000,
  pdf: 1000,
  dicom: 1000,
};
/** The most instances in one set. */
export const EXPORT_INSTANCES_LIMIT = 19_000;
/** The smallest number of people with the same values in an anonymous export: the k of k-anonymity. */
export const ANONYMOUS_GROUP = 5;
export const PURPOSE_LENGTH = 500;
/** How long a file is kept. */
export const EXPORT_KEPT_HOURS = 24;

/** A time that the database can store. */
const momentSchema = z.iso.datetime({ offset: true }).regex(/^(19|[2-9]\d)/, 'a moment after 1900');
/** The filters of the list of cases, as `GET /cases` takes them. `to` is not included. */
const exportFilterSchema = z.strictObject({
  q: z
    .string()
    .regex(/^[\d.]{1,64}$/, 'digits and dots')
    .optional(),
  status: z.enum(['active', ...CASE_STATUSES]).optional(),
  priority: z.enum(CASE_PRIORITIES).optional(),
  assignee: z.union([z.enum(['me', 'nobody']), z.uuid()]).optional(),
  dueUntil: z.iso.date().optional(),
  modality: z.enum(CASE_MODALITIES).optional(),
  bodyPart: z.enum(CASE_BODY_PARTS).optional(),
  early: z.literal('marked').optional(),
  finding: z.enum(CASE_FINDINGS).optional(),
  from: momentSchema.optional(),
  to: momentSchema.optional(),
});
const casesSchema = z
  .array(z.uuid())
  .min(1)
  .max(EXPORTED_CASES_LIMIT)
  .refine((ids) => new Set(ids).size === ids.length, 'named twice');
export const exportSelectionSchema = z.union([
  z.strictObject({ filter: exportFilterSchema }),
  z.strictObject({ cases: casesSchema }),
]);
export type ExportSelection = z.infer<typeof exportSelectionSchema>;

/** `POST /exports`. The device makes the id, so that a repeated request is recognised. */
export const newExportSchema = z.object({
  id: z.uuid().toLowerCase(),
  template: exportTemplateNameSchema,
  selection: exportSelectionSchema,
  purpose: z
    .string()
    .trim()
    .min(1)
    .max(PURPOSE_LENGTH)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|[\n\t])*$/u, 'no control characters but line breaks and tabs'),
});
export type NewExport = z.infer<typeof newExportSchema>;

const EXPORT_STATES = ['queued', 'running', 'ready', 'failed', 'cancelled', 'expired'] as const;
export type ExportState = (typeof EXPORT_STATES)[number];
/**
 * Why the export failed or waits. `identity-found`: the file would have revealed whose a case is, so it was destroyed.
 * `too-large`: the set would exceed EXPORT_INSTANCES_LIMIT. `case-deleted`: one of its cases was deleted after the file
 * was made.
 */
const EXPORT_TROUBLES = [
  ...([
    'pacs-unreachable',
    'storage-full',
    'not-allowed',
    'identity-found',
    'too-large',
    'case-deleted',
    'unexpected',
  ] as const),
] as const;
export type ExportTrouble = (typeof EXPORT_TROUBLES)[number];

export const exportSchema = z.object({
  id: z.uuid(),
  template: exportTemplateNameSchema,
  templateVersion: z.int(),
  definition: exportDefinitionSchema,
  state: z.enum(EXPORT_STATES),
  trouble: z.enum(EXPORT_TROUBLES).nullable(),
  /**
   * Where an identity was found, but never the identity itself. Rows count from 1, including the header row; in a
   * report, cases are counted instead.
   */
  found: z.object({ field: z.enum(EXPORT_FIELD_NAMES), row: z.int() }).nullable(),
  /** How many cases were read, of the number at the time of the request. */
  done: z.int(),
  total: z.int(),
  /** Rows and bytes of the file; null: there is no file yet. */
  rows: z.int().nullable(),
  bytes: z.int().nullable(),
  /** Hexadecimal. */
  sha256: z.string().nullable(),
  /** Instances left out of a set, by reason code; `gone`: the PACS no longer has them. */
  leftOut: z.array(z.object({ because: z.string(), count: z.int() })),
  /** Null: the key that encrypted the purpose is gone. */
  purpose: z.string().nullable(),
  by: z.string(),
  /** The caller requested the export and may read its file. */
  isMine: z.boolean(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable(),
});
export type Export = z.infer<typeof exportSchema>;
export type LeftOut = Export['leftOut'];
/** `GET /exports`: the caller's own exports, newest first; administrators see everybody's. */
export const exportListSchema = z.object({ exports: z.array(exportSchema), next: z.string().nullable() });
export type ExportList = z.infer<typeof exportListSchema>;
