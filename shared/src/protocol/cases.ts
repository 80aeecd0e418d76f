/**
 * Cases: a study, or several of one patient, with people's notes on it. All that people type is ciphertext in the
 * gateway, and the patient's identity stands in the PACS alone (protocol/cases.md).
 */
import { z } from 'zod';
import type { Role } from './api.ts';
import { patientSchema, uidSchema } from './forms.ts';
import { VERIFICATIONS } from './inference.ts';
import { lineSchema } from './line-schema.ts';
import { addedSchema } from './studies.ts';

/** Roles that open, change and assign cases, and see who the patient is. */
export const CASE_KEEPERS: readonly Role[] = ['radiologist', 'admin'];
/** Roles that may open the list: technicians see cases of what they sent, researchers see no words and no names. */
export const CASE_READERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'admin'];

export const CASE_STATUSES = ['open', 'on-hold', 'closed'] as const;
export type CaseStatus = (typeof CASE_STATUSES)[number];
/** In the order of the sort. */
export const CASE_PRIORITIES = ['urgent', 'high', 'routine', 'low'] as const;
export type CasePriority = (typeof CASE_PRIORITIES)[number];
export const CASE_SORTS = ['newest', 'oldest', 'changed', 'due', 'priority'] as const;
export type CaseSort = (typeof CASE_SORTS)[number];
/**
 * `positive`: a model found something in one of its studies; `silent`: models looked, and none said whether there is
 * something; `not-examined`: no model has looked.
 */
export const CASE_FINDINGS = ['positive', 'negative', 'silent', 'hidden', 'not-examined'] as const;
export const CASE_READINGS = ['positive', 'negative'] as const;
/** Defined Terms of Modality (0008,0060), as far as SOP Classes tell them. */
export const CASE_MODALITIES = ['CR', 'CT', 'DX', 'MG', 'MR', 'NM', 'PT', 'US', 'XA'] as const;

/** Body parts, as far as a model of image kinds tells them apart. */
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

/** `POST /cases`: for studies in the PACS, or before they are there: exactly one of both. */
export const newCaseSchema = z
  .object({
    title: caseTitleSchema,
    priority: z.enum(CASE_PRIORITIES).default('routine'),
    tags: caseTagsSchema.default([]),
    dueOn: z.iso.date().nullable().default(null),
    assigneeId: z.uuid().nullable().default(null),
    studies: z.array(uidSchema).min(1).max(CASE_STUDIES).optional(),
    /** Accession Number or Patient ID as the PACS holds it. The gateway keeps a keyed hash until the study is there. */
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

/** `PATCH /cases/{id}`: the fields that change, and the version that the person has seen. */
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

/** The parts that this answer leaves out: the caller's roles do not see them, or the caller asked for none. */
const CASE_PARTS = ['title', 'tags', 'notes', 'attachments', 'patient', 'people'] as const;
export type CasePart = (typeof CASE_PARTS)[number];

const listedCaseSchema = z.object({
  id: z.uuid(),
  /** For people: unlike the title it tells nothing, and everybody may see it. */
  number: z.number().int(),
  version: z.number().int(),
  /** Null: withheld, or its key is gone. */
  title: z.string().nullable(),
  tags: z.array(z.string()).nullable(),
  status: z.enum(CASE_STATUSES),
  priority: z.enum(CASE_PRIORITIES),
  dueOn: z.iso.date().nullable(),
  assignee: personSchema.nullable(),
  /** The same for all cases of one Patient ID; null: the PACS has not told it yet. */
  pseudonym: z.string().nullable(),
  /** The kind of number by which the case waits for a study; null: it waits for none. */
  expects: z.enum(['accession-number', 'patient-id']).nullable(),
  modalities: z.array(z.string()),
  /** Studies that the caller may see. */
  studyCount: z.number().int(),
  /** A study of the case is marked for early reading. */
  isEarly: z.boolean(),
  finding: z.enum(CASE_FINDINGS),
  /**
   * The outcome that stands of its settled reviews: whether there is something; null: none says so, they contradict
   * each other, or the caller is not to know.
   */
  reading: z.enum(CASE_READINGS).nullable(),
  /** Readings of it contradict each other, and nobody has decided, as far as the caller may know. */
  isDisputed: z.boolean(),
  createdBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
  closedAt: z.iso.datetime().nullable(),
});
export type ListedCase = z.infer<typeof listedCaseSchema>;

/** `GET /cases`. `next`: the cursor of the following page; null: there is none. */
export const caseListSchema = z.object({
  cases: z.array(listedCaseSchema),
  withheld: z.array(z.enum(CASE_PARTS)),
  next: z.string().nullable(),
});
export type CaseList = z.infer<typeof caseListSchema>;

/** Cases are counted so far. */
export const NOT_SHOWN_LIMIT = 1000;
/** `GET /cases/not-shown`. `cases` null: a few, fewer than the smallest cell of figures. */
export const notShownSchema = z.object({ cases: z.int().nullable(), isMore: z.boolean() });
export type NotShown = z.infer<typeof notShownSchema>;

/** Studies are listed so long after they were sent, and so many. */
/** `POST /cases/of-patient`. */
export const casesOfPatientSchema = z.object({ patient: patientSchema });
/** `isCut`: the PACS may have more studies of this name than were looked at. */
export const foundCaseListSchema = caseListSchema.extend({ isCut: z.boolean() });

const caseStudySchema = z.object({
  studyInstanceUID: uidSchema,
  addedAt: z.iso.datetime(),
  modalities: z.array(z.string()),
  /** Body parts that models saw, in the results that the caller may know. */
  bodyParts: z.array(z.enum(CASE_BODY_PARTS)),
  /** The automatic check on the device that sent it marked it for early reading. False where results are hidden. */
  isEarly: z.boolean(),
  /** The caller reads it for a review that hides what models found, until the reading is signed. */
  hidesResults: z.boolean(),
  /** The newest results of models, newest first. */
  results: z.array(
    z.object({
      id: z.uuid(),
      model: z.string(),
      /** Null: the model does not say whether there is something. */
      positive: z.boolean().nullable(),
      /** The image is no chest film, as a model sees it. */
      isOfOtherImage: z.boolean(),
      createdAt: z.iso.datetime(),
      /** A radiologist's; null: none yet. */
      verdict: z.enum(VERIFICATIONS).nullable(),
      /** The finding that a radiologist gave instead. */
      correctedFinding: z.string().nullable(),
    }),
  ),
});
export const caseSchema = listedCaseSchema.omit({ reading: true, isDisputed: true }).extend({
  studies: z.array(caseStudySchema),
  withheld: z.array(z.enum(CASE_PARTS)),
});
export type Case = z.infer<typeof caseSchema>;

/** `GET /cases/{id}/patients`: read from the PACS for this answer, and kept nowhere. */
export const casePatientsSchema = z.object({
  studies: z.array(
    z.object({
      studyInstanceUID: uidSchema,
      /** Null: the PACS does not say. As in DICOM: a Person Name, dates as YYYYMMDD. */
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

/** Rows of a list, of each kind: more than a screen shows. */
export const PATIENTS_AT_ONCE = 25;
/** `POST /cases/patients`: of cases, and of studies without one. */
export const askedPatientsSchema = z.object({
  cases: z.array(z.uuid()).max(PATIENTS_AT_ONCE),
  studies: z.array(uidSchema).max(PATIENTS_AT_ONCE),
});
/** Without the cases and studies that the caller does not see. `later`: cases to ask for again, by themselves. */
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
  /** Null: its key is gone, or the answer is anonymous. */
  text: z.string().nullable(),
  /** Null: a reader of a review between whose readers the caller decides. */
  by: z.string().nullable(),
  at: z.iso.datetime(),
});
/** Notes of other readers of a blinded review that the caller is not shown before they have signed. */
const hiddenCountSchema = z.int();
/** `GET /cases/{id}/notes`: oldest first. */
export const caseNotesSchema = z.object({ notes: z.array(caseNoteSchema), hidden: hiddenCountSchema });
export type CaseNotes = z.infer<typeof caseNotesSchema>;
/** More than a scanned report has; each is held in memory while it is sealed or opened. */
export const ATTACHMENT_BYTES_LIMIT = 10 * 1024 * 1024;
export const ATTACHMENTS_LIMIT = 20;
/** All notes of a case are answered at once. */
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
      /** Null: its key is gone. */
      name: z.string().nullable(),
      /** Null as of notes. */
      by: z.string().nullable(),
      at: z.iso.datetime(),
    }),
  ),
  hidden: hiddenCountSchema,
});
export type CaseAttachments = z.infer<typeof caseAttachmentsSchema>;

/** `POST /cases/{id}/notes`. */
export const newNoteSchema = z.object({ text: noteTextSchema });

/** `GET /cases/{id}/timeline`: events of the audit trail, of the case and of its studies, oldest first. */
export const caseTimelineSchema = z.object({
  events: z.array(
    z.object({
      at: z.iso.datetime(),
      event: z.string(),
      /** The account's name; null: the gateway itself, or withheld. */
      by: z.string().nullable(),
      fields: z.record(z.string(), z.unknown()),
      /** The event is about what the gateway itself added to a study, and nothing else. */
      added: addedSchema.optional(),
    }),
  ),
});
export type CaseTimeline = z.infer<typeof caseTimelineSchema>;

/** `GET /case-assignees`. */
export const assigneesSchema = z.object({ accounts: z.array(personSchema) });
export type Assignees = z.infer<typeof assigneesSchema>;
