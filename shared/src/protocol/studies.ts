/**
 * A person's studies, as the gateway lists them: `GET /studies`, newest first, with one entry per Study Instance UID
 * however many uploads it came in; also `GET /studies/{studyInstanceUID}/timeline` and `…/destinations`.
 */
import { z } from 'zod';
import { countsSchema, uploadStatusSchema, waitingBecauseSchema } from './api.ts';
import { needSchema, patientSchema, uidSchema } from './forms.ts';

/** More uploads of one study than any set of accounts and devices makes. */
export const UPLOADS_SHOWN = 20;

/**
 * `needs-you`: something in an upload waits for a person, or the sender of the newest upload holds something back.
 * `ended`: every upload has its receipt and nothing waits. `under-way`: everything else. Results that the gateway
 * stores in the study do not change this.
 */
export const STUDY_STANDINGS = ['needs-you', 'under-way', 'ended'] as const;
export type StudyStanding = (typeof STUDY_STANDINGS)[number];

const sentStudySchema = z.object({
  studyInstanceUID: uidSchema,
  standing: z.enum(STUDY_STANDINGS),
  /** When the first and the newest upload of the study began. */
  firstSentAt: z.iso.datetime(),
  lastSentAt: z.iso.datetime(),
  /** SOP Classes of the study's instances, each once and sorted. */
  sopClassUIDs: z.array(uidSchema),
  /** Counts over all uploads except cancelled ones, each SOP Instance UID once; absent: there is only one upload. */
  counts: countsSchema.optional(),
  /**
   * The newest `UPLOADS_SHOWN` uploads, newest first; the other fields cover all uploads. `device`: the sending device;
   * null: a signed-in person sent it. `receipt`: until the receipt of the study with its results exists, the one that
   * covers everything the upload promised.
   */
  uploads: z.array(
    uploadStatusSchema.extend({
      device: z.uuid().nullable(),
      /** Only in a list of everybody's studies: the account that sent the upload, and whether it kept names. */
      sender: z.object({ username: z.string(), keptNames: z.boolean() }).optional(),
      /** Only in a list of one's own studies: true if names were kept, else absent. */
      keptNames: z.literal(true).optional(),
    }),
  ),
});
export type SentStudy = z.infer<typeof sentStudySchema>;

/** `next`: the cursor of the next page; null: there is none. */
export const sentStudiesSchema = z.object({
  studies: z.array(sentStudySchema),
  next: z.string().nullable(),
});

/** What may be searched for: a part of a Study Instance UID, the beginning of an id, or a part of an account name. */
export const SOUGHT = /^[\p{L}\p{N}_.@ -]{1,64}$/u;

/**
 * `POST /studies/search`: searches everybody's studies, by patient or by the same text as `q` of `GET /studies?all=1`.
 */
export const siteSearchSchema = z.discriminatedUnion('by', [
  z.object({ by: z.literal('patient'), text: patientSchema }),
  z.object({ by: z.literal('sending'), text: z.string().regex(SOUGHT) }),
]);
export type SiteSearch = z.infer<typeof siteSearchSchema>;

/** The patient of a study, from the PACS, to be shown and never stored. Null: the PACS does not say. */
const studyPatientSchema = z.object({
  patientName: z.string().nullable(),
  patientId: z.string().nullable(),
  birthDate: z.string().nullable(),
  studyDate: z.string().nullable(),
  description: z.string().nullable(),
});
export type StudyPatient = z.infer<typeof studyPatientSchema>;

/** Newest first. `patient` null: the PACS was not asked. `isCut`: there may be more studies. */
export const foundStudiesSchema = z.object({
  studies: z.array(sentStudySchema.extend({ patient: studyPatientSchema.nullable() })),
  isCut: z.boolean(),
});
export type FoundStudies = z.infer<typeof foundStudiesSchema>;

/** What the gateway itself added to a study: marks of readers, and reports of these models. Empty: not known yet. */
export const addedSchema = z.object({ marks: z.boolean(), models: z.array(z.string()) });
export type Added = z.infer<typeof addedSchema>;

export const timelineSchema = z.object({
  /** The audit trail's events about this study's uploads, oldest first. */
  events: z.array(
    z.object({
      at: z.iso.datetime(),
      event: z.string(),
      /**
       * The upload that the event is about; for a step of the whole study, its oldest upload; null: it is about no
       * upload.
       */
      uploadId: z.uuid().nullable(),
      fields: z.record(z.string(), z.unknown()),
      /** The name of the destination that the event is about; absent: none, or it was deleted. */
      destination: z.string().optional(),
      /**
       * The person who caused the event, shown only to callers who oversee the site; absent: the gateway acted by
       * itself.
       */
      account: z.string().optional(),
      /** Set if the event is only about objects that the gateway itself added. */
      added: addedSchema.optional(),
    }),
  ),
});

/** Instances of a study at one destination. `need` `first`: the destination that gets the study before all others. */
const studyDestinationSchema = z.object({
  /** Null: the destination was deleted. */
  name: z.string().nullable(),
  need: needSchema.or(z.literal('first')),
  /** All instances that belong there. The next three fields count some of them; the rest are under way. */
  of: z.number().int(),
  inPacs: z.number().int(),
  /** Refused by the destination, or held for a person. */
  failed: z.number().int(),
  leftOut: z.number().int(),
  waiting: waitingBecauseSchema.nullable(),
  /** An administrator gave the destination up for this study: nothing more is sent there. */
  givenUp: z.boolean(),
});
export type StudyDestination = z.infer<typeof studyDestinationSchema>;

/** The first destination, then those that must have the study, then the others; each group by name. */
export const studyDestinationsSchema = z.object({ destinations: z.array(studyDestinationSchema) });
