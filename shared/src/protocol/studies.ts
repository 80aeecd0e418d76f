/**
 * A person's studies as the gateway tells them: `GET /studies`, newest first, one entry for a Study Instance UID
 * however many uploads it came in; and `GET /studies/{studyInstanceUID}/timeline` and `…/destinations`.
 */
import { z } from 'zod';
import { countsSchema, uploadStatusSchema, waitingBecauseSchema } from './api.ts';
import { needSchema, patientSchema, uidSchema } from './forms.ts';

/** More accounts and devices than these do not send one study. */
export const UPLOADS_SHOWN = 20;

/**
 * `needs-you`: something that an upload brought waits for a person, or the sender of the newest one holds something
 * back; `ended`: every upload has its receipt and nothing waits; `under-way`: all others. Results that the gateway
 * stores in the study change nothing of it.
 */
export const STUDY_STANDINGS = ['needs-you', 'under-way', 'ended'] as const;
export type StudyStanding = (typeof STUDY_STANDINGS)[number];

const sentStudySchema = z.object({
  studyInstanceUID: uidSchema,
  standing: z.enum(STUDY_STANDINGS),
  /** When its first and its newest upload began. */
  firstSentAt: z.iso.datetime(),
  lastSentAt: z.iso.datetime(),
  /** SOP Classes of the study's instances; each once, in order. */
  sopClassUIDs: z.array(uidSchema),
  /** Counts over these uploads but cancelled ones, each SOP Instance UID once; absent: there are not several. */
  counts: countsSchema.optional(),
  /**
   * The newest `UPLOADS_SHOWN`, newest first; the other fields are of all. `device`: the device that sends it; null:
   * sent by a signed-in person. `receipt`: the one that says the truth of all that the upload promised, while the next
   * one, of the study with its results, is not there yet.
   */
  uploads: z.array(
    uploadStatusSchema.extend({
      device: z.uuid().nullable(),
      /** Only in a list of everybody's studies: the account that sent it, and whether its names were kept. */
      sender: z.object({ username: z.string(), keptNames: z.boolean() }).optional(),
      /** Only in a list of one's own studies: the names were kept. Absent: they were not. */
      keptNames: z.literal(true).optional(),
    }),
  ),
});
export type SentStudy = z.infer<typeof sentStudySchema>;

/** `next`: the cursor of the following page; null: there is none. */
export const sentStudiesSchema = z.object({
  studies: z.array(sentStudySchema),
  next: z.string().nullable(),
});

/** A part of a Study Instance UID, the beginning of an id, a part of an account name. */
export const SOUGHT = /^[\p{L}\p{N}_.@ -]{1,64}$/u;

/** `POST /studies/search`: of everybody's studies, by their patient, or by what `q` of `GET /studies?all=1` is. */
export const siteSearchSchema = z.discriminatedUnion('by', [
  z.object({ by: z.literal('patient'), text: patientSchema }),
  z.object({ by: z.literal('sending'), text: z.string().regex(SOUGHT) }),
]);
export type SiteSearch = z.infer<typeof siteSearchSchema>;

/** The patient of a study as the PACS has them, to be shown and never kept. Null: it does not say. */
const studyPatientSchema = z.object({
  patientName: z.string().nullable(),
  patientId: z.string().nullable(),
  birthDate: z.string().nullable(),
  studyDate: z.string().nullable(),
  description: z.string().nullable(),
});
export type StudyPatient = z.infer<typeof studyPatientSchema>;

/** The newest first. `patient` null: nobody asked the PACS. `isCut`: there may be more. */
export const foundStudiesSchema = z.object({
  studies: z.array(sentStudySchema.extend({ patient: studyPatientSchema.nullable() })),
  isCut: z.boolean(),
});
export type FoundStudies = z.infer<typeof foundStudiesSchema>;

/**
 * Additions of the gateway itself to a study: marks of readers, and reports of these models. Empty where that is not
 * known yet.
 */
export const addedSchema = z.object({ marks: z.boolean(), models: z.array(z.string()) });
export type Added = z.infer<typeof addedSchema>;

export const timelineSchema = z.object({
  /** Oldest first: the events of the audit trail that belong to the uploads of this study. */
  events: z.array(
    z.object({
      at: z.iso.datetime(),
      event: z.string(),
      /** The upload that it is about, or of a step of the whole study its oldest one; null: it is of no upload. */
      uploadId: z.uuid().nullable(),
      fields: z.record(z.string(), z.unknown()),
      /** The destination that it is about, by its name; absent: none, or it was deleted. */
      destination: z.string().optional(),
      /** The person behind it, told only to those who watch the site; absent: the gateway did it by itself. */
      account: z.string().optional(),
      /** The event is about what the gateway itself added, and nothing else. */
      added: addedSchema.optional(),
    }),
  ),
});

/** Instances of a study at one destination. `need` `first`: the one that the study goes to before all others. */
const studyDestinationSchema = z.object({
  /** Null: the destination was deleted. */
  name: z.string().nullable(),
  need: needSchema.or(z.literal('first')),
  /** All that belong there; of them those in the next three, and the rest under way. */
  of: z.number().int(),
  inPacs: z.number().int(),
  /** Refused there, or held for a person. */
  failed: z.number().int(),
  leftOut: z.number().int(),
  waiting: waitingBecauseSchema.nullable(),
  /** An administrator gave it up: nothing more goes there. */
  givenUp: z.boolean(),
});
export type StudyDestination = z.infer<typeof studyDestinationSchema>;

/** The first one, those that must have the study, then the others; each group by name. */
export const studyDestinationsSchema = z.object({ destinations: z.array(studyDestinationSchema) });
