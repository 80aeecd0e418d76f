/**
 * Reviews: one or more people read a case and answer the form of a review type. Readers do not see each other's answers
 * until all have signed; where they differ, another person decides (protocol/reviews.md).
 */
import { z } from 'zod';
import type { Role } from './api.ts';
import { CASE_BODY_PARTS, CASE_MODALITIES, CASE_PRIORITIES, caseNoteSchema } from './cases.ts';
import { answersSchema, reviewFormSchema } from './review-forms.ts';
import { PLACE_STATES, REVIEW_STATES } from './review-state.ts';
import { digestSchema } from './forms.ts';
import { lineSchema } from './line-schema.ts';
import { distinct } from './policy.ts';

/** Roles that read and sign. The roles in CASE_KEEPERS open and assign reviews. */
export const REVIEWERS: readonly Role[] = ['radiologist'];

export const READERS_LIMIT = 5;
/** `hand`: whoever opens a review names the readers or leaves places open for anyone to take. */
const ASSIGNMENTS = ['hand', 'turn', 'load'] as const;
export type Assignment = (typeof ASSIGNMENTS)[number];
/** `correct`: the earlier finding is wrong; `reject`: the case cannot be judged. Both need a reason. */
export const DECISIONS = ['accept', 'correct', 'reject'] as const;
export type Decision = (typeof DECISIONS)[number];
const REASON_LENGTH = 2000;

/** A list of one or more of these names, each at most once. */
const namesOf = <const N extends readonly [string, ...string[]]>(names: N) =>
  z.array(z.enum(names)).min(1).max(names.length).refine(distinct, 'named twice');

export const reviewTypeNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens, beginning with a letter');
export const reviewDefinitionSchema = z.object({
  title: lineSchema(120),
  readers: z.int().min(1).max(READERS_LIMIT),
  /** Readers do not see what models found until they have signed. */
  hidesFinding: z.boolean(),
  assignment: z.enum(ASSIGNMENTS),
  /**
   * The modalities and body parts that the type is for; undefined: any. A type that does not fit a case is offered
   * last.
   */
  modalities: namesOf(CASE_MODALITIES).optional(),
  bodyParts: namesOf(CASE_BODY_PARTS).optional(),
  form: reviewFormSchema,
});
export type ReviewDefinition = z.infer<typeof reviewDefinitionSchema>;

const reviewTypeSchema = z.object({
  name: reviewTypeNameSchema,
  version: z.int(),
  /** Null: the type comes with the gateway. */
  madeBy: z.string().nullable(),
  madeAt: z.iso.datetime().nullable(),
  definition: reviewDefinitionSchema,
});
export type ReviewType = z.infer<typeof reviewTypeSchema>;
const personSchema = z.object({ id: z.uuid(), username: z.string() });
/** `GET /review-types`: the newest version of each type, by name, and the accounts that may read. */
export const reviewTypesSchema = z.object({
  types: z.array(reviewTypeSchema),
  readers: z.array(personSchema),
});
export type ReviewTypes = z.infer<typeof reviewTypesSchema>;
/**
 * `GET /cases/{id}/readers`: ids of accounts that may already have seen what a blinded reading must not know. `isTold`
 * false: the caller may not know such accounts, although there may be some.
 */
export const caseReadersSchema = z.object({ seen: z.array(z.uuid()), isTold: z.boolean() });
/** `POST /review-types`. */
export const newReviewTypeSchema = z.object({
  name: reviewTypeNameSchema,
  definition: reviewDefinitionSchema,
});
/**
 * `PUT /review-types/{name}`: `version` is the version that the person saw. Open reviews of this type continue
 * unchanged.
 */
export const reviewTypeChangeSchema = z.object({
  version: z.int().min(1),
  definition: reviewDefinitionSchema,
});

/** Made by the device, so that a repeated request is recognised. */
const requestIdSchema = z.uuid();
/** `POST /cases/{id}/reviews`. `readers`: chosen by hand; without it, as the type says. */
export const newReviewSchema = z.object({
  id: requestIdSchema,
  type: reviewTypeNameSchema,
  readers: z.array(z.uuid()).max(READERS_LIMIT).optional(),
  /** The person who decides if readers differ. If nobody is named, the review type decides who. */
  adjudicator: z.uuid().optional(),
});
export type NewReview = z.infer<typeof newReviewSchema>;

/** `version`: the version of the place that the person saw. */
const stepShape = { id: requestIdSchema, place: z.int().min(0).max(READERS_LIMIT), version: z.int().min(1) };
/** `POST /reviews/{id}/assign`. */
export const assignSchema = z.object({ ...stepShape, accountId: z.uuid() });
export type Assign = z.infer<typeof assignSchema>;
const reasonSchema = z
  .string()
  .trim()
  .max(REASON_LENGTH)
  .regex(/^[\P{Cc}\n\t]*$/u, 'no control characters but line breaks and tabs');
/** `POST /reviews/{id}/decision`. */
export const decideSchema = z
  .object({
    ...stepShape,
    decision: z.enum(DECISIONS),
    /** Empty if the case cannot be judged. */
    answers: answersSchema,
    reason: reasonSchema.default(''),
  })
  .refine(({ decision, reason }) => decision === 'accept' || reason !== '', 'a reason')
  .refine(
    ({ decision, answers }) => decision !== 'reject' || Object.keys(answers).length === 0,
    'no answers to what cannot be judged',
  );
export type Decide = z.infer<typeof decideSchema>;
/**
 * `POST /reviews/{id}/sign`. `isMeant`: the person signs even though decision and answers contradict each other.
 * `marksDigest`: the digest of the marks that the person saw (annotations.ts); without it, the gateway does not check
 * them.
 */
export const signSchema = z.object({
  ...stepShape,
  isMeant: z.boolean().default(false),
  marksDigest: digestSchema.optional(),
});
export type Sign = z.infer<typeof signSchema>;
/** `POST /reviews/{id}/withdraw`. */
export const withdrawSchema = z.object({ id: requestIdSchema });

const saidSchema = z.object({
  decision: z.enum(DECISIONS),
  /** Null: withheld, as all typed text is, or the key of the case is gone. */
  answers: answersSchema,
  reason: z.string().nullable(),
  at: z.iso.datetime(),
});
export type Said = z.infer<typeof saidSchema>;
const reviewPlaceSchema = z.object({
  /** 0 is the adjudicator's place. */
  place: z.int(),
  state: z.enum(PLACE_STATES),
  version: z.int(),
  isMine: z.boolean(),
  /** Null: nobody has the place, or the reader is withheld. */
  reader: personSchema.nullable(),
  /** Null: nothing was said yet, or it is withheld. */
  said: saidSchema.nullable(),
  signedAt: z.iso.datetime().nullable(),
});
export type ReviewPlace = z.infer<typeof reviewPlaceSchema>;

export const REVIEW_STEPS = [
  'open',
  'assign',
  'release',
  'decide',
  'sign',
  'settle',
  'adjudicate',
  'withdraw',
] as const;
/**
 * How an outcome stands now. If two outcomes for the same case and question disagree on whether there is something,
 * both are `contradicted` until somebody reads the case again; then one of them is `overruled`. `replaced`: the same
 * readers have read the case again.
 */
const OUTCOMES_NOW = ['stands', 'contradicted', 'overruled', 'replaced'] as const;
const listedReviewSchema = z.object({
  id: z.uuid(),
  number: z.int(),
  caseId: z.uuid(),
  caseNumber: z.int(),
  pseudonym: z.string().nullable(),
  /** Modalities of the case's studies. */
  modalities: z.array(z.string()),
  priority: z.enum(CASE_PRIORITIES),
  dueOn: z.iso.date().nullable(),
  type: reviewTypeNameSchema,
  typeVersion: z.int(),
  title: z.string(),
  state: z.enum(REVIEW_STATES),
  /** The sending device marked a study of the case for early reading, as far as the caller may know. */
  isEarly: z.boolean(),
  /**
   * How the outcome stands beside later readings of the case; null: there is no outcome, or the caller may not know it.
   */
  outcomeNow: z.enum(OUTCOMES_NOW).nullable(),
  /**
   * Whether there is something, according to the outcome; null: it does not say, there is none, or the caller may not
   * know it.
   */
  positive: z.boolean().nullable(),
  /** The number of notes on the case since the review was settled, as far as the caller may read them. */
  notesAfter: z.int(),
  /** Reviews of the same case that were settled later, oldest first, as far as the caller may know their outcome. */
  readingsAfter: z.array(
    z.object({ id: z.uuid(), title: z.string(), by: z.array(z.string()), at: z.iso.datetime() }),
  ),
  /** The caller is to read without seeing what models found. */
  hidesFinding: z.boolean(),
  /**
   * Places that the caller may see: their own and free ones. For callers who assign, and once the review is settled,
   * all places.
   */
  places: z.array(reviewPlaceSchema),
  openedAt: z.iso.datetime(),
  settledAt: z.iso.datetime().nullable(),
});
export type ListedReview = z.infer<typeof listedReviewSchema>;
/** A review with the definition that explains its answers. */
const caseReviewSchema = listedReviewSchema.extend({
  definition: reviewDefinitionSchema,
  /** The place whose answers are final; null: none yet. */
  finalPlace: z.int().nullable(),
});
export type CaseReview = z.infer<typeof caseReviewSchema>;
export const reviewSchema = caseReviewSchema.extend({
  /** The notes that `notesAfter` counts, oldest first. */
  laterNotes: z.array(caseNoteSchema),
  /** Places whose readers may already have seen what is hidden from them, as far as the caller may know now. */
  seenBefore: z.array(z.int()),
  /** The caller may withdraw the review. */
  mayWithdraw: z.boolean(),
  /** The steps so far, oldest first, as far as the caller may see them. */
  history: z.array(
    z.object({
      step: z.enum(REVIEW_STEPS),
      place: z.int().nullable(),
      /** Null: the gateway itself, or withheld. */
      by: z.string().nullable(),
      /** The person whom the place was assigned to. */
      to: z.string().nullable(),
      decision: z.enum(DECISIONS).nullable(),
      at: z.iso.datetime(),
    }),
  ),
});
export type Review = z.infer<typeof reviewSchema>;

/** `todo`: reviews assigned to the caller and not signed; `free`: reviews with a place that the caller may take. */
export const REVIEW_LISTS = ['todo', 'free', 'signed', 'all'] as const;
export type ReviewList = (typeof REVIEW_LISTS)[number];
/**
 * `GET /reviews`: sorted by urgency of the case, then, in lists of reviews still to be read, by the mark for early
 * reading, then oldest first.
 */
export const reviewListSchema = z.object({
  reviews: z.array(listedReviewSchema),
  next: z.string().nullable(),
});
/** `GET /cases/{id}/reviews`: oldest first. */
export const caseReviewsSchema = z.object({ reviews: z.array(caseReviewSchema) });

/** Figures of fewer readings than this are shown to nobody. */
export const AGREEMENT_FLOOR = 200;
/** `low` and `high`: the 95 % interval. */
const kappaSchema = z.object({ kappa: z.number(), low: z.number(), high: z.number() }).nullable();
/**
 * `GET /analytics/reviews`. A kappa is null if it is undefined or has too few readings. A type with too few readings
 * has no fields.
 */
export const agreementSchema = z.object({
  /** True: the figures cover only the caller's own readings; false: all readings. */
  isOwn: z.boolean(),
  types: z.array(
    z.object({
      type: reviewTypeNameSchema,
      version: z.int(),
      title: z.string(),
      readings: z.int(),
      fields: z.array(
        z.object({
          field: z.string(),
          title: z.string(),
          cohen: kappaSchema,
          fleiss: kappaSchema,
          /** Agreement of readers with each model on whether there is something. */
          models: z.array(z.object({ model: z.string(), readings: z.int(), cohen: kappaSchema })),
        }),
      ),
    }),
  ),
});
export type Agreement = z.infer<typeof agreementSchema>;
