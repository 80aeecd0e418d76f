/**
 * Annotations: what a reader draws on the images of a case (protocol/reviews.md). Coordinates are those of
 * PS3.3 §C.18.6: `[column, row]`, (0, 0) is the top left corner of the top left pixel, and (Columns, Rows) the bottom
 * right corner of the last one.
 */
import { z } from 'zod';
import { waitingBecauseSchema } from './api.ts';
import { uidSchema } from './forms.ts';
import { resultInstanceSchema } from './inference.ts';
import { ADJUDICATOR } from './review-state.ts';
import { READERS_LIMIT } from './reviews.ts';
import { textDigest } from './text-digest.ts';

/** `line`: drawn freehand. */
export const ANNOTATION_KINDS = ['point', 'arrow', 'box', 'ellipse', 'line', 'length', 'text'] as const;
export type AnnotationKind = (typeof ANNOTATION_KINDS)[number];

/** The most annotations of one place. */
export const ANNOTATIONS_LIMIT = 200;
/** A mark every second of a day. */
export const MARK_NUMBER_LIMIT = 86_400;
export const LINE_POINTS_LIMIT = 2000;
export const LABEL_LENGTH = 200;
/** Rows (0028,0010) and Columns (0028,0011) are US. */
const SIDE_LIMIT = 65_535;
/** PS3.5 §6.2, IS. */
const FRAME_LIMIT = 2 ** 31 - 1;

/** Fewest and most. `arrow`: tail, head; `box` and `ellipse`: two opposite corners. */
const POINTS: Readonly<Record<AnnotationKind, readonly [number, number]>> = {
  point: [1, 1],
  arrow: [2, 2],
  box: [2, 2],
  ellipse: [2, 2],
  line: [2, LINE_POINTS_LIMIT],
  length: [2, 2],
  text: [1, 1],
};

const coordinateSchema = z.number().min(0).max(SIDE_LIMIT);
export const annotationSchema = z
  .object({
    id: z.uuid(),
    /** By which people speak of it. It stays with the mark, and no other of its reading ever gets it. */
    number: z.int().min(1).max(MARK_NUMBER_LIMIT),
    kind: z.enum(ANNOTATION_KINDS),
    studyInstanceUID: uidSchema,
    seriesInstanceUID: uidSchema,
    sopInstanceUID: uidSchema,
    /** Counted from 1. */
    frame: z.int().min(1).max(FRAME_LIMIT),
    points: z.array(z.tuple([coordinateSchema, coordinateSchema])).max(LINE_POINTS_LIMIT),
    label: z
      .string()
      .trim()
      .max(LABEL_LENGTH)
      .regex(/^\P{Cc}*$/u, 'no control characters'),
  })
  .superRefine(({ kind, points, label }, context) => {
    const [fewest, most] = POINTS[kind];
    if (points.length < fewest || points.length > most)
      context.addIssue({ code: 'custom', path: ['points'], message: `${fewest} to ${most} points` });
    if (kind === 'text' && label === '')
      context.addIssue({ code: 'custom', path: ['label'], message: 'a text' });
  });
export type Annotation = z.infer<typeof annotationSchema>;

/** Marks without a number get that of their place. */
const withNumbers = (all: unknown): unknown =>
  Array.isArray(all) ? all.map((one, at) => ({ number: at + 1, ...one })) : all;
/** The annotations of one reading. */
export const annotationsSchema = z.preprocess(
  withNumbers,
  z
    .array(annotationSchema)
    .max(ANNOTATIONS_LIMIT)
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, 'each id once')
    .refine((all) => new Set(all.map(({ number }) => number)).size === all.length, 'each number once'),
);

/** A number as high as that of any mark that the reading has or had. */
const lastNumberSchema = z.int().min(0).max(MARK_NUMBER_LIMIT);
/** `from`: the highest that was known before. */
export const lastNumberIn = (marks: readonly Pick<Annotation, 'number'>[], from: number): number =>
  marks.reduce((last, { number }) => Math.max(last, number), from);

/**
 * The name of marks as they are, in their order: SHA-256 in hexadecimal of the JSON of their members, without names or
 * white space. A signature tells by it which marks its author saw.
 */
export const marksDigest = (marks: readonly Annotation[]): Promise<string> =>
  textDigest(
    JSON.stringify(
      marks.map((one) => [
        ...[one.id, one.number, one.kind, one.studyInstanceUID, one.seriesInstanceUID, one.sopInstanceUID],
        ...[one.frame, one.points, one.label.trim()],
      ]),
    ),
  );

/** The adjudicator comes after the readers. */
export const letterOf = (place: number): string =>
  place === ADJUDICATOR ? 'X' : String.fromCharCode(64 + place);
/** "B2", on the page, on paper and in the PACS. `place`: null where nobody else could be meant. */
export const markNameOf = ({ number }: Pick<Annotation, 'number'>, place: number | null): string =>
  `${place === null ? '' : letterOf(place)}${number}`;

/**
 * `PUT /reviews/{id}/annotations`: all annotations of a place. `id`: made by the device, so that a request that is sent
 * again is known. `version`: as the person saw it; 0 where there were none. `lastNumber`: so far the device has given
 * numbers, to marks that were removed as well.
 */
export const putAnnotationsSchema = z.object({
  id: z.uuid(),
  place: z.int().min(0).max(READERS_LIMIT),
  version: z.int().min(0),
  annotations: annotationsSchema,
  lastNumber: lastNumberSchema.default(0),
});
export type PutAnnotations = z.infer<typeof putAnnotationsSchema>;

/** `refused`: it is not in the PACS, and no retry brings it there unless a person acts. */
const REPORT_STATES = ['waiting', 'in-pacs', 'refused'] as const;
export type ReportState = (typeof REPORT_STATES)[number];
/** The way of a settled reading’s annotations to the PACS: one structured report a study. */
const storedAnnotationsSchema = z.object({
  state: z.enum(REPORT_STATES),
  reports: z.array(
    z.object({
      studyInstanceUID: uidSchema,
      /** Null: it is not built yet. */
      sopInstanceUID: uidSchema.nullable(),
      state: z.enum(REPORT_STATES),
      /** Why it is refused, as a problem code; null: it is not, or a person finds the reason at its study. */
      because: z.string().nullable(),
      /** The newest receipt that names it. */
      receipt: z.object({ id: z.uuid(), issuedAt: z.iso.datetime() }).nullable(),
      /** When a receipt named it for the first time. */
      confirmedAt: z.iso.datetime().nullable(),
      /** The report as the gateway has it; null: it is not built yet. */
      instance: resultInstanceSchema.nullable(),
      /** The cause for which its study waits; null: it does not. */
      waiting: waitingBecauseSchema.nullable(),
    }),
  ),
});
export type StoredAnnotations = z.infer<typeof storedAnnotationsSchema>;

/** `GET /reviews/{id}/annotations`: of the places whose answers the caller sees. */
export const reviewAnnotationsSchema = z.object({
  places: z.array(
    z.object({
      place: z.int(),
      /** Grows with each change; 0: there are none yet. */
      version: z.int(),
      annotations: z.array(annotationSchema),
      lastNumber: lastNumberSchema,
      /** `signed`: they never change again. */
      state: z.enum(['open', 'signed']),
      /** Null: nothing of this place goes to the PACS, or not yet. */
      stored: storedAnnotationsSchema.nullable(),
    }),
  ),
});
export type ReviewAnnotations = z.infer<typeof reviewAnnotationsSchema>;
export type PlaceAnnotations = ReviewAnnotations['places'][number];
