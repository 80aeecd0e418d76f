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

/** The most annotations of one place of a review. */
export const ANNOTATIONS_LIMIT = 200;
/** Enough for one mark in every second of a day. */
export const MARK_NUMBER_LIMIT = 86_400;
export const LINE_POINTS_LIMIT = 2000;
export const LABEL_LENGTH = 200;
/** Rows (0028,0010) and Columns (0028,0011) have VR US. */
const SIDE_LIMIT = 65_535;
/** Number of Frames has VR IS (PS3.5 §6.2). */
const FRAME_LIMIT = 2 ** 31 - 1;

/** The fewest and the most points of each kind. `arrow`: tail, head; `box` and `ellipse`: two opposite corners. */
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
    /**
     * The number by which people refer to the mark. It never changes, and no other mark of the same reading ever gets
     * it.
     */
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

/** Marks without a number get their position in the list, counted from 1. */
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

/** The highest number of any mark that the reading has or had. */
const lastNumberSchema = z.int().min(0).max(MARK_NUMBER_LIMIT);
/** `from`: the highest number known so far. */
export const lastNumberIn = (marks: readonly Pick<Annotation, 'number'>[], from: number): number =>
  marks.reduce((last, { number }) => Math.max(last, number), from);

/**
 * A digest of the marks in their order: SHA-256 in hexadecimal of the JSON of their members, without member names or
 * white space. A signature holds this digest to say which marks its author saw.
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

/** Readers get A, B, C and so on; the adjudicator gets X. */
export const letterOf = (place: number): string =>
  place === ADJUDICATOR ? 'X' : String.fromCharCode(64 + place);
/**
 * The name of a mark on the page, on paper and in the PACS, such as "B2". `place` null: the reading has one reader, so
 * no letter is needed.
 */
export const markNameOf = ({ number }: Pick<Annotation, 'number'>, place: number | null): string =>
  `${place === null ? '' : letterOf(place)}${number}`;

/**
 * `PUT /reviews/{id}/annotations`: all annotations of a place. `id`: made by the device, so that a repeated request is
 * recognised. `version`: the version that the person saw; 0 if there were none. `lastNumber`: the highest number that
 * the device has given to a mark, removed marks included.
 */
export const putAnnotationsSchema = z.object({
  id: z.uuid(),
  place: z.int().min(0).max(READERS_LIMIT),
  version: z.int().min(0),
  annotations: annotationsSchema,
  lastNumber: lastNumberSchema.default(0),
});
export type PutAnnotations = z.infer<typeof putAnnotationsSchema>;

/** `refused`: the report is not in the PACS, and no retry will store it until a person acts. */
const REPORT_STATES = ['waiting', 'in-pacs', 'refused'] as const;
export type ReportState = (typeof REPORT_STATES)[number];
/**
 * How far the annotations of a settled reading have got on their way to the PACS, as one structured report per study.
 */
const storedAnnotationsSchema = z.object({
  state: z.enum(REPORT_STATES),
  reports: z.array(
    z.object({
      studyInstanceUID: uidSchema,
      /** Null: the report is not built yet. */
      sopInstanceUID: uidSchema.nullable(),
      state: z.enum(REPORT_STATES),
      /** Why the report is refused, as a problem code; null: it is not refused, or its study gives the reason. */
      because: z.string().nullable(),
      /** The newest receipt that names the report. */
      receipt: z.object({ id: z.uuid(), issuedAt: z.iso.datetime() }).nullable(),
      /** When a receipt first named the report. */
      confirmedAt: z.iso.datetime().nullable(),
      /** The report as the gateway has it; null: it is not built yet. */
      instance: resultInstanceSchema.nullable(),
      /** Why the report's study waits; null: it does not wait. */
      waiting: waitingBecauseSchema.nullable(),
    }),
  ),
});
export type StoredAnnotations = z.infer<typeof storedAnnotationsSchema>;

/** `GET /reviews/{id}/annotations`: the places whose answers the caller may see. */
export const reviewAnnotationsSchema = z.object({
  places: z.array(
    z.object({
      place: z.int(),
      /** Grows with each change; 0: there are no annotations yet. */
      version: z.int(),
      annotations: z.array(annotationSchema),
      lastNumber: lastNumberSchema,
      /** `signed`: the annotations never change again. */
      state: z.enum(['open', 'signed']),
      /** Null: this place's annotations do not go to the PACS, or not yet. */
      stored: storedAnnotationsSchema.nullable(),
    }),
  ),
});
export type ReviewAnnotations = z.infer<typeof reviewAnnotationsSchema>;
export type PlaceAnnotations = ReviewAnnotations['places'][number];
