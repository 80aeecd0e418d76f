/**
 * Exports: data of many cases as one file, for a purpose that somebody states. A template says which fields it has and
 * how much it tells of people (protocol/cases.md, *Exports*).
 */
import { z } from 'zod';
import type { Role } from './api.ts';
import {
  CASE_BODY_PARTS,
  CASE_FINDINGS,
  CASE_KEEPERS,
  CASE_MODALITIES,
  CASE_PRIORITIES,
  CASE_STATUSES,
} from './cases.ts';
import { lineSchema } from './line-schema.ts';
import { policyNameSchema } from './policy.ts';

/**
 * `full`: with identities. `limited`: pseudonyms instead, and nothing that somebody typed. `anonymous`: no row can be
 * told from four others by what it says of its subject.
 */
const REDACTIONS = ['full', 'limited', 'anonymous'] as const;
export type Redaction = (typeof REDACTIONS)[number];

/** Roles that make exports, each only those of its redactions. */
export const EXPORTERS: readonly Role[] = [...CASE_KEEPERS, 'researcher'];
const REDACTIONS_OF: { readonly [role in Role]?: readonly Redaction[] } = {
  radiologist: REDACTIONS,
  admin: REDACTIONS,
  researcher: ['anonymous'],
};
export const mayExport = (roles: readonly Role[], redaction: Redaction): boolean =>
  roles.some((role) => REDACTIONS_OF[role]?.includes(redaction));

/** `pdf`: a report, with images. `dicom`: a set of instances under a policy that removes names, with a table. */
const EXPORT_FORMATS = ['csv', 'jsonl', 'pdf', 'dicom'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
/** The ending of the name under which a file is saved. */
export const EXPORT_ENDINGS: Readonly<Record<ExportFormat, string>> = {
  csv: 'csv',
  jsonl: 'jsonl',
  pdf: 'pdf',
  dicom: 'zip',
};

/** All fields, each with the redaction up to which it is told, but for anonymous ones. A row is a case. */
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
  /** The text of each. */
  notes: 'full',
  /** Their names. */
  attachments: 'full',
  site: 'limited',
  // Fields of the patient, as the PACS says.
  pseudonym: 'limited',
  patientName: 'full',
  patientId: 'full',
  birthDate: 'full',
  /** A band of ten years in which the patient's age lies, at the time of the first study. */
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
  /** Body parts that a model saw. */
  bodyParts: 'limited',
  // Fields of the models' results, newest first: a value for each in every one of these lists. The model `hidden`, as
  // the finding: there are more that the reader is not shown before they have signed.
  finding: 'limited',
  models: 'limited',
  modelVersions: 'limited',
  scores: 'limited',
  positives: 'limited',
  resultTimes: 'limited',
  verdicts: 'limited',
  correctedFindings: 'limited',
  // Fields of the reviews that are settled, oldest first: a value for each in every list but that of answers.
  reviewTypes: 'limited',
  decisions: 'limited',
  /**
   * Chosen and measured ones, as `type.question=answer`; in a full export also typed ones. Of the second review of a
   * type `type#2.question=answer`; of the first reader of several, where others' answers stand after an adjudication,
   * `type@reader-1.question=answer`.
   */
  answers: 'limited',
  reasons: 'full',
  /** The reader of the answers that stand; where others signed too, a list with them behind, by their places. */
  readers: 'full',
  /** `reader` or `adjudicator`: whose answers stand. */
  readerRoles: 'limited',
  settledAt: 'limited',
} as const satisfies Readonly<Record<string, Redaction>>;
export type ExportField = keyof typeof EXPORT_FIELDS;
export const EXPORT_FIELD_NAMES = Object.keys(EXPORT_FIELDS) as [ExportField, ...ExportField[]];

/** How an anonymous export tells a field; the others are in none. No number, no moment, and nothing of an account. */
export const ANONYMOUS_FIELDS = {
  // In groups of cases (gateway/src/exports/anonymous/make-anonymous.ts).
  ageBand: 'in-groups',
  sex: 'in-groups',
  modalities: 'in-groups',
  bodyParts: 'in-groups',
  month: 'in-groups',
  site: 'in-groups',
  finding: 'as-it-is',
  models: 'as-it-is',
  modelVersions: 'as-it-is',
  /** With two decimals: more would tell one result from all others. */
  scores: 'rounded',
  positives: 'as-it-is',
  verdicts: 'as-it-is',
  reviewTypes: 'as-it-is',
  decisions: 'as-it-is',
  readerRoles: 'as-it-is',
  // Harmless words alone (clean-typed-text.ts).
  correctedFindings: 'cleaned',
  answers: 'cleaned',
  reasons: 'cleaned',
  notes: 'cleaned',
  /** A description names modality and body part. Cleaned, and only where enough people of the group have the same. */
  descriptions: 'in-common',
} as const satisfies {
  readonly [field in ExportField]?: 'in-groups' | 'as-it-is' | 'rounded' | 'cleaned' | 'in-common';
};
export type AnonymousField = keyof typeof ANONYMOUS_FIELDS;
export const isAnonymousField = (field: ExportField): field is AnonymousField =>
  Object.hasOwn(ANONYMOUS_FIELDS, field);

/** Fields that tell when something was. */
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
    /** The policy by which names are removed from a set of instances. */
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
      // The instances' own dates are moved: a true one would tell by how much.
      if (isSet && DATED_FIELDS.includes(field)) refuse(path, 'not in a set of instances');
      seen.add(field);
    }
  });
export type ExportDefinition = z.infer<typeof exportDefinitionSchema>;

const exportTemplateSchema = z.object({
  name: exportTemplateNameSchema,
  version: z.int(),
  /** Null: it comes with the gateway. */
  madeBy: z.string().nullable(),
  madeAt: z.iso.datetime().nullable(),
  definition: exportDefinitionSchema,
});
export type ExportTemplate = z.infer<typeof exportTemplateSchema>;
/** `GET /export-templates`: the newest version of each that the caller may use, by name. */
export const exportTemplatesSchema = z.object({ templates: z.array(exportTemplateSchema) });
export type ExportTemplates = z.infer<typeof exportTemplatesSchema>;
/** `POST /export-templates`. */
export const newExportTemplateSchema = z.object({
  name: exportTemplateNameSchema,
  definition: exportDefinitionSchema,
});
/** `PUT /export-templates/{name}`: `version` is the one that was looked at. */
export const exportTemplateChangeSchema = z.object({
  version: z.int().min(1),
  definition: exportDefinitionSchema,
});

/** The most cases that a person picks; more are named by a filter. */
const EXPORTED_CASES_LIMIT = 1000;
/** Cases of one export. A report has pages and images of each, and is read by people. */
export const EXPORT_CASES_LIMITS: Readonly<Record<ExportFormat, number>> = {
  csv: 100_000,
  jsonl: 100_000,
  pdf: 1000,
  dicom: 1000,
};
/** The most instances of one set. */
export const EXPORT_INSTANCES_LIMIT = 19_000;
/** People of whom an anonymous export tells the same: k of k-anonymity. */
export const ANONYMOUS_GROUP = 5;
export const PURPOSE_LENGTH = 500;
/** How long a file is kept. */
export const EXPORT_KEPT_HOURS = 24;

/** A moment that the database can hold. */
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

/** `POST /exports`. The device makes the id, so that a request that is sent again is known. */
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
 * Why it failed, or why it waits. `identity-found`: the file would have told whose a case is, so it was destroyed.
 * `too-large`: a set of more instances than there may be. `case-deleted`: a case in it was deleted after it was made.
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
   * Where an identity was found, and never which. Rows count from 1, that of the columns included; in a report cases.
   */
  found: z.object({ field: z.enum(EXPORT_FIELD_NAMES), row: z.int() }).nullable(),
  /** Cases that were read, of the cases that there were when it was asked for. */
  done: z.int(),
  total: z.int(),
  /** Rows of the file, and its bytes; null: there is no file yet. */
  rows: z.int().nullable(),
  bytes: z.int().nullable(),
  /** Hexadecimal. */
  sha256: z.string().nullable(),
  /** Instances that are not in a set, by the code of their reason; `gone`: the PACS no longer has them. */
  leftOut: z.array(z.object({ because: z.string(), count: z.int() })),
  /** Null: the key under which it was sealed is gone. */
  purpose: z.string().nullable(),
  by: z.string(),
  /** The caller asked for it, and may read its file. */
  isMine: z.boolean(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable(),
});
export type Export = z.infer<typeof exportSchema>;
export type LeftOut = Export['leftOut'];
/** `GET /exports`: the caller's own, newest first; an administrator is shown everybody's. */
export const exportListSchema = z.object({ exports: z.array(exportSchema), next: z.string().nullable() });
export type ExportList = z.infer<typeof exportListSchema>;
