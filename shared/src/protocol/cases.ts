/**
 * Cases: one or more studies of a patient, with people's notes on them. The gateway keeps typed text only as
 * ciphertext, and the patient's identity only in the PACS (protocol/cases.md).
 */
import { z } from 'zod';
import type { Role } from './api.ts';
import { patientSchema, uidSchema } from './forms.ts';
import { VERIFICATIONS } from './inference.ts';
import { lineSchema } from './line-schema.ts';
import { addedSchema } from './studies.ts';

/**
 * Roles that may open the list. Technicians see the cases of studies that they sent; researchers see no typed text and
 * no names.
 */
export const CASE_READERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'admin'];

export const CASE_STATUSES = ['open', 'on-hold', 'closed'] as const;
export type CaseStatus = (typeof CASE_STATUSES)[number];
/** In sort order. */
export const CASE_PRIORITIES = ['urgent', 'high', 'routine', 'low'] as const;
export type CasePriority = (typeof CASE_PRIORITIES)[number];
export const CASE_SORTS = ['newest', 'oldest', 'changed', 'due', 'priority'] as const;
export type CaseSort = (typeof CASE_SORTS)[number];
/**
 * `positive`: a model found something in one of the case's studies. `silent`: models examined the studies, but none
 * said whether there is something. `not-examined`: no model has examined them.
 */
export const CASE_FINDINGS = ['positive', 'negative', 'silent', 'hidden', 'not-examined'] as const;
export const CASE_READINGS = ['positive', 'negative'] as const;
/** Those Defined Terms of Modality (0008,0060) that follow from the SOP Class. */
export const CASE_MODALITIES = ['CR', 'CT', 'DX', 'MG', 'MR', 'NM', 'PT', 'US', 'XA'] as const;

/** The body parts that the model of image kinds can tell apart. */
export const CASE_BODY_PARTS = ['BREAST', 'CHEST', 'HAND', 'HEAD', 'TRUNK'] as const;
export type CaseBodyPart = (typeof CASE_BODY_PARTS)[number];

const TITLE_LENGTH = 200;
const TAGS = 10;
const TAG_LENGTH = 40;
export const NOTE_LENGTH = 10_000;
export const CASE_STUDIES = 20;

/** A person may type anything but control characters. Line feeds only in notes. */
export const noteTextSchema = z
  .string()
  .trim()
  .min(1)
  .max(NOTE_LENGTH)
  .regex(/^[\P{Cc}\n\t]*$/u, 'no control characters but line breaks and tabs');
export const caseTitleSchema = lineSchema(TITLE_LENGTH);
export const caseTagsSchema = z.array(lineSchema(TAG_LENGTH)).max(TAGS);
/** PS3.5 §6.2: no backslash. `*` and `?` are wildcards of a search (PS3.4 §C.2.2.2.4). */
const identifierSchema = (longest: number) =>
  lineSchema(longest).regex(/^[^\\*?]+$/, 'a number without * ? \\');

/** `POST /cases`: exactly one of `studies`, for studies in the PACS, and `expected`, for those still to come. */
export const newCaseSchema = z
  .object({
    title: caseTitleSchema,
    priority: z.enum(CASE_PRIORITIES).default('routine'),
    tags: caseTagsSchema.default([]),
    dueOn: z.iso.date().nullable().default(null),
    assigneeId: z.uuid().nullable().default(null),
    studies: z.array(uidSchema).min(1).max(CASE_STUDIES).optional(),
    /** Accession Number or Patient ID as in the PACS. The gateway keeps a keyed hash of it until the study arrives. */
    expected: z
      .union([
        z.object({ accessionNumber: identifierSchema(16) }).strict(),
        z.object({ patientId: identifierSchema(64) }).strict(),
      ])
      .optional(),
  })
  .refine(
    ({ studies, expected }) => (studies === undefined) !== (expected === undefined),
    'either studies or expected',
  );
export type NewCase = z.infer<typeof newCaseSchema>;

/** `PATCH /cases/{id}`: the changed fields, and the version that the person saw. */
export const caseChangeSchema = z.object({
  version: z.number().int().min(1),
  title: caseTitleSchema.optional(),
  status: z.enum(['open', 'on-hold']).optional(),
  priority: z.enum(CASE_PRIORITIES).optional(),
  tags: caseTagsSchema.optional(),
  dueOn: z.iso.date().nullable().optional(),
  assigneeId: z.uuid().nullable().optional(),
});
export type CaseChange = z.infer<typeof caseChangeSchema>;

/** `POST /cases/{id}/close`. The reason becomes a note. */
export const closeCaseSchema = z.object({
  version: z.number().int().min(1),
  reason: noteTextSchema.optional(),
});
/** `POST /cases/{id}/reopen`. */
export const reopenCaseSchema = z.object({ version: z.number().int().min(1), reason: noteTextSchema });

const personSchema = z.object({ id: z.uuid(), username: z.string() });

/** The parts that an answer can leave out because the caller may not see them or did not ask for them. */
const CASE_PARTS = ['title', 'tags', 'notes', 'attachments', 'patient', 'people'] as const;
export type CasePart = (typeof CASE_PARTS)[number];

const listedCaseSchema = z.object({
  id: z.uuid(),
  /** Shown to people. Unlike the title it reveals nothing, so everybody may see it. */
  number: z.number().int(),
  version: z.number().int(),
  /** Null: withheld, or the case's key is gone. */
  title: z.string().nullable(),
  tags: z.array(z.string()).nullable(),
  status: z.enum(CASE_STATUSES),
  priority: z.enum(CASE_PRIORITIES),
  dueOn: z.iso.date().nullable(),
  assignee: personSchema.nullable(),
  /** The same for all cases of one Patient ID; null: not yet known from the PACS. */
  pseudonym: z.string().nullable(),
  /** The kind of number that the case waits for; null: it waits for no study. */
  expects: z.enum(['accession-number', 'patient-id']).nullable(),
  modalities: z.array(z.string()),
  /** Studies that the caller may see. */
  studyCount: z.number().int(),
  /** A study of the case is marked for early reading. */
  isEarly: z.boolean(),
  finding: z.enum(CASE_FINDINGS),
  /**
   * Whether the settled reviews of the case, by the outcome that stands, found something; null: none says so, they
   * contradict each other, or the caller may not know.
   */
  reading: z.enum(CASE_READINGS).nullable(),
  /** Readings of the case contradict each other and nobody has decided between them, as far as the caller may know. */
  isDisputed: z.boolean(),
  createdBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
  closedAt: z.iso.datetime().nullable(),
});
export type ListedCase = z.infer<typeof listedCaseSchema>;

/** `GET /cases`. `next`: the cursor of the next page; null: there is none. */
export const caseListSchema = z.object({
  cases: z.array(listedCaseSchema),
  withheld: z.array(z.enum(CASE_PARTS)),
  next: z.string().nullable(),
});
export type CaseList = z.infer<typeof caseListSchema>;

/** Counting stops at this many cases. */
export const NOT_SHOWN_LIMIT = 1000;
/** `GET /cases/not-shown`. `cases` null: there are some, but fewer than SMALLEST_CELL. */
export const notShownSchema = z.object({ cases: z.int().nullable(), isMore: z.boolean() });
export type NotShown = z.infer<typeof notShownSchema>;

/** `POST /cases/of-patient`: also the number of a case, which may be one digit. */
export const casesOfPatientSchema = z.object({ patient: patientSchema.or(z.string().trim().regex(/^\d$/)) });
/**
 * `isCut`: the PACS may have more studies of this patient than were searched. `isPacsAway`: it could not be asked, and
 * only numbers of cases and UIDs were searched.
 */
export const foundCaseListSchema = caseListSchema.extend({ isCut: z.boolean(), isPacsAway: z.boolean() });

const caseStudySchema = z.object({
  studyInstanceUID: uidSchema,
  addedAt: z.iso.datetime(),
  modalities: z.array(z.string()),
  /** Body parts that models recognised, in the results that the caller may see. */
  bodyParts: z.array(z.enum(CASE_BODY_PARTS)),
  /** The sending device's automatic check marked the study for early reading. False where results are hidden. */
  isEarly: z.boolean(),
  /** The caller has yet to sign a reading of the study that hides what models found. */
  hidesResults: z.boolean(),
  /** The newest results of models, newest first. */
  results: z.array(
    z.object({
      id: z.uuid(),
      model: z.string(),
      /** Null: the model does not say whether there is something. */
      positive: z.boolean().nullable(),
      /** According to the model, the image is not a chest film. */
      isOfOtherImage: z.boolean(),
      createdAt: z.iso.datetime(),
      /** A radiologist's verdict; null: none yet. */
      verdict: z.enum(VERIFICATIONS).nullable(),
      /** Signed reviews of the study contradict each other: neither they nor the verdict stand. */
      isDisputed: z.boolean(),
      /** The finding that a radiologist gave in place of the model's. */
      correctedFinding: z.string().nullable(),
    }),
  ),
});
export const caseSchema = listedCaseSchema.omit({ reading: true, isDisputed: true }).extend({
  studies: z.array(caseStudySchema),
  withheld: z.array(z.enum(CASE_PARTS)),
});
export type Case = z.infer<typeof caseSchema>;

/** `GET /cases/{id}/patients`: read from the PACS for this answer and not stored. */
export const casePatientsSchema = z.object({
  studies: z.array(
    z.object({
      studyInstanceUID: uidSchema,
      /** Values as in DICOM: a Person Name, dates as YYYYMMDD. Null: the PACS does not say. */
      patientName: z.string().nullable(),
      patientId: z.string().nullable(),
      /** Issuer of Patient ID (0010,0021). */
      issuer: z.string().nullable(),
      birthDate: z.string().nullable(),
      sex: z.string().nullable(),
      accessionNumber: z.string().nullable(),
      studyDate: z.string().nullable(),
      description: z.string().nullable(),
    }),
  ),
});
export type CasePatients = z.infer<typeof casePatientsSchema>;

/** The most cases, and the most studies, in one request: more rows than a screen shows. */
export const PATIENTS_AT_ONCE = 25;
/** `POST /cases/patients`: the patients of cases, and of studies without a case. */
export const askedPatientsSchema = z.object({
  cases: z.array(z.uuid()).max(PATIENTS_AT_ONCE),
  studies: z.array(uidSchema).max(PATIENTS_AT_ONCE),
});
/**
 * Cases and studies that the caller may not see are left out. `later`: cases that the caller should request again on
 * their own.
 */
export const manyPatientsSchema = z.object({
  cases: z.array(casePatientsSchema.extend({ id: z.uuid() })),
  studies: casePatientsSchema.shape.studies,
  later: z.array(z.uuid()),
});
export type ManyPatients = z.infer<typeof manyPatientsSchema>;

export const NOTE_KINDS = ['note', 'closed', 'reopened'] as const;
export const caseNoteSchema = z.object({
  id: z.uuid(),
  kind: z.enum(NOTE_KINDS),
  /** Null: the case's key is gone, or the answer is anonymous. */
  text: z.string().nullable(),
  /** Null: the author is a reader in a review that the caller adjudicates. */
  by: z.string().nullable(),
  at: z.iso.datetime(),
});
/** The number of notes that other readers of a blinded review wrote, hidden from the caller until they have signed. */
const hiddenCountSchema = z.int();
/** `GET /cases/{id}/notes`: oldest first. */
export const caseNotesSchema = z.object({ notes: z.array(caseNoteSchema), hidden: hiddenCountSchema });
export type CaseNotes = z.infer<typeof caseNotesSchema>;
/** Larger than any scanned report. An attachment is held in memory while it is encrypted or decrypted. */
export const ATTACHMENT_BYTES_LIMIT = 10 * 1024 * 1024;
export const ATTACHMENTS_LIMIT = 20;
/** One answer holds all notes of a case. */
export const NOTES_LIMIT = 500;
const ATTACHMENT_KINDS = ['pdf', 'png', 'jpeg'] as const;
export type AttachmentKind = (typeof ATTACHMENT_KINDS)[number];
export const attachmentNameSchema = lineSchema(200);
/** `GET /cases/{id}/attachments`: oldest first. */
export const caseAttachmentsSchema = z.object({
  attachments: z.array(
    z.object({
      id: z.uuid(),
      kind: z.enum(ATTACHMENT_KINDS),
      bytes: z.number().int(),
      /** Null: the case's key is gone. */
      name: z.string().nullable(),
      /** Null for the same reason as in a note. */
      by: z.string().nullable(),
      at: z.iso.datetime(),
    }),
  ),
  hidden: hiddenCountSchema,
});
export type CaseAttachments = z.infer<typeof caseAttachmentsSchema>;

/** `POST /cases/{id}/notes`. */
export const newNoteSchema = z.object({ text: noteTextSchema });

/** `GET /cases/{id}/timeline`: the audit trail's events about the case and its studies, oldest first. */
export const caseTimelineSchema = z.object({
  events: z.array(
    z.object({
      at: z.iso.datetime(),
      event: z.string(),
      /** The account's user name; null: the gateway itself, or withheld. */
      by: z.string().nullable(),
      fields: z.record(z.string(), z.unknown()),
      /** Set if the event is only about objects that the gateway itself added to a study. */
      added: addedSchema.optional(),
    }),
  ),
});
export type CaseTimeline = z.infer<typeof caseTimelineSchema>;

/** `GET /case-assignees`. */
export const assigneesSchema = z.object({ accounts: z.array(personSchema) });
export type Assignees = z.infer<typeof assigneesSchema>;
