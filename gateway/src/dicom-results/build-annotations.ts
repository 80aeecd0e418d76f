/**
 * Builds a Comprehensive SR from one reader's annotations of a study, by TID 1500 "Measurement Report" (PS3.16). Each
 * annotation is a measurement group with its mark on the pixels of the image (SCOORD). The reader who signed is both
 * observer and verifier, in the role that they had: one reader among several, or the adjudicator who decided between
 * them.
 *
 * The report of a de-identified study omits the labels, because nobody has checked them for names. It keeps the place
 * of each text.
 */
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import type { InstanceIdentifiers, ParsedInstance } from '#shared/dicom/data-set.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { markNameOf, type Annotation, type AnnotationKind } from '#shared/protocol/annotations.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { ImageFacts, Reading } from '../reviews/annotation-road.ts';
import { CODING_SCHEME, dcm, ncit, MILLIMETRE, own, PIXELS, sct, type Code } from './codes.ts';
import {
  codeValue,
  container,
  decimal,
  measurement,
  personText,
  spatialCoordinates,
  textValue,
  type ContentItem,
  type Graphic,
} from './content-item.ts';
import {
  COMPREHENSIVE_SR,
  evidence,
  imageLibrary,
  imagingMeasurements,
  MEASUREMENT_GROUP,
  measurementReport,
  personObserver,
  tracked,
  verifiedBy,
} from './report-document.ts';
import type { BuiltResult, ResultSubject } from './result-subject.ts';
import { plainSigns, toAscii } from './result-text.ts';
import {
  commonModules,
  frameReference,
  hasAllLetters,
  isDeidentified,
  lettersFor,
  momentOf,
  reference,
} from './source-modules.ts';

/** Plain values only, so the same values give the same bytes under the same UIDs. */
export type AnnotationSubject = Pick<ResultSubject, 'uid' | 'softwareVersion'> & {
  /** An instance of the study as the PACS has it. The report takes its patient and study from this instance. */
  readonly source: ParsedInstance;
  readonly reviewId: string;
  readonly reading: Reading;
  /** At least one, all of this study. */
  readonly annotations: readonly Annotation[];
  readonly images: ReadonlyMap<string, ImageFacts>;
  /** The reader who signed, as a PN (`observerName`). */
  readonly by: string;
  readonly at: Date;
};

export function buildAnnotations(subject: AnnotationSubject): BuiltResult {
  const { source, annotations, by, at } = subject;
  const labels = isDeidentified(source) ? [] : annotations.map(({ label }) => plainSigns(label));
  const letters = lettersFor(source, labels.join(''));
  const identifiers = identifiersOf(subject);
  const elements: SimpleElement[] = [
    ...commonModules(subject, 'annotations', momentOf(source, at), letters),
    [0x0008103e, 'LO', `Annotations of ${roleOf(subject.reading)}`],
    [0x00081111, 'SQ'],
    [0x00200013, 'IS', 1],
    CODING_SCHEME,
    // PS3.3 Table C.17-2 "SR Document General Module".
    [0x0040a491, 'CS', 'COMPLETE'],
    [0x0040a492, 'LO', standingOf(subject.reading)],
    [0x0040a493, 'CS', 'VERIFIED'],
    [0x0040a496, 'CS', 'FINAL'],
    [0x0040a372, 'SQ'],
    [0x0040a375, 'SQ', evidence(marked(subject))],
    verifiedBy(source, subject),
    ...measurementReport(
      [...personObserver(by), ...roleItems(subject.reading)],
      [
        imageLibrary(marked(subject).map(reference)),
        imagingMeasurements(
          annotations.map((annotation, index) => {
            const label = labels[index] ?? '';
            return group(subject, annotation, hasAllLetters(source, letters) ? label : toAscii(label));
          }),
        ),
      ],
    ),
  ];
  const transferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN;
  const bytes = concatBytes(buildInstance({ identifiers, transferSyntaxUID, elements }));
  return { kind: 'SR', identifiers, transferSyntaxUID, bytes: bytes as Uint8Array<ArrayBuffer> };
}

/** Says "a reader" if there was only one. */
const roleOf = ({ place, readers }: Reading): string =>
  place === ADJUDICATOR ? 'the adjudicator' : readers === 1 ? 'a reader' : `reader ${place} of ${readers}`;

function standingOf({ place, readers, standing }: Reading): string {
  if (readers === 1) return 'There is one reader';
  if (standing !== ADJUDICATOR) return 'The readers agreed';
  return place === ADJUDICATOR
    ? 'The answers of this reading stand'
    : 'The answers of the adjudicator stand, not of this reading';
}

/** TID 1003, the items after the name, with CID 7453 "Performing Role". */
function roleItems({ place, readers }: Reading): readonly ContentItem[] {
  const role = place === ADJUDICATOR ? ncit('C96561', 'Adjudicator') : ncit('C28747', 'Reader');
  const isOneOfSeveral = place !== ADJUDICATOR && readers > 1;
  return [
    codeValue(dcm('121011', "Person Observer's Role in this Procedure"), role, 'HAS OBS CONTEXT'),
    ...(isOneOfSeveral
      ? [
          textValue(
            dcm('128775', "Identifier within Person Observer's Role"),
            `${place} of ${readers}`,
            'HAS OBS CONTEXT',
          ),
        ]
      : []),
  ];
}

/** All readings of a study in the same role share a series. */
function identifiersOf({ source, uid, reviewId, reading }: AnnotationSubject): InstanceIdentifiers {
  const { studyInstanceUID } = source.identifiers;
  return {
    studyInstanceUID,
    seriesInstanceUID: parseUid('SeriesInstanceUID', uid('annotations', studyInstanceUID, roleOf(reading))),
    sopInstanceUID: parseUid(
      'SOPInstanceUID',
      uid('annotations', studyInstanceUID, reviewId, `${reading.place}`),
    ),
    sopClassUID: parseUid('SOPClassUID', COMPREHENSIVE_SR),
  };
}

/** The images with at least one mark, each listed once. */
function marked({ annotations, images }: AnnotationSubject) {
  const each = new Map(annotations.map((annotation) => [annotation.sopInstanceUID, annotation]));
  return [...each.values()].map(({ studyInstanceUID, seriesInstanceUID, sopInstanceUID }) => {
    const { sopClassUID } = images.get(sopInstanceUID)!;
    return { studyInstanceUID, seriesInstanceUID, sopInstanceUID, sopClassUID };
  });
}

const FINDING = dcm('121071', 'Finding');
const COMMENT = dcm('121106', 'Comment');
const IMAGE_REGION = dcm('111030', 'Image Region');
const PATH = dcm('121055', 'Path');
const LENGTH = sct('410668003', 'Length');
const METHOD = sct('370129005', 'Measurement Method');
const AT_DETECTOR = own('AT-DETECTOR', 'In the plane of the detector, not calibrated');

/** These codes state only the shape of a mark, because nobody has coded what it means. */
const MARKS: Readonly<Record<AnnotationKind, { readonly title: string; readonly code: Code }>> = {
  point: { title: 'Point', code: own('MARK-POINT', 'Point marked by a reader') },
  arrow: { title: 'Arrow', code: own('MARK-ARROW', 'Arrow drawn by a reader, from tail to head') },
  box: { title: 'Box', code: own('MARK-BOX', 'Box drawn by a reader') },
  ellipse: { title: 'Ellipse', code: own('MARK-ELLIPSE', 'Ellipse drawn by a reader') },
  line: { title: 'Line', code: own('MARK-LINE', 'Line drawn by a reader') },
  length: { title: 'Length', code: own('MARK-LENGTH', 'Length measured by a reader') },
  text: { title: 'Text', code: own('MARK-TEXT', 'Text placed by a reader') },
};

/** TID 1410 is for closed regions and points; every other mark uses TID 1501. */
const REGIONS: readonly AnnotationKind[] = ['point', 'box', 'ellipse', 'text'];

function group(subject: AnnotationSubject, annotation: Annotation, label: string): ContentItem {
  const { uid, images, reading } = subject;
  const { id, kind, sopInstanceUID } = annotation;
  const { title, code } = MARKS[kind];
  const facts = images.get(sopInstanceUID)!;
  const name = markNameOf(annotation, reading.readers === 1 ? null : reading.place);
  const isRegion = REGIONS.includes(kind);
  const items = [
    ...tracked(`${title} ${name}`, uid('annotation', subject.reviewId, id)),
    codeValue(FINDING, code),
    kind === 'length'
      ? lengthOf(annotation, facts)
      : markOf(annotation, facts, isRegion ? IMAGE_REGION : PATH, 'CONTAINS'),
    ...(label === '' ? [] : [personText(COMMENT, label)]),
  ];
  return container(MEASUREMENT_GROUP, items, isRegion ? '1410' : '1501');
}

function markOf(
  annotation: Annotation,
  { sopClassUID, frames }: ImageFacts,
  name: Code,
  relationship: 'CONTAINS' | 'INFERRED FROM',
): ContentItem {
  const { sopInstanceUID, frame } = annotation;
  const image = frameReference({ sopClassUID, sopInstanceUID }, { frame, frames });
  return spatialCoordinates(name, graphicOf(annotation), image, relationship);
}

/** TID 300 and 320: the length, and the two points from which it is computed. */
function lengthOf(annotation: Annotation, facts: ImageFacts): ContentItem {
  const [[fromColumn, fromRow], [toColumn, toRow]] = pairOf(annotation);
  const { down, across, isAtDetector } = facts.spacing ?? { down: 1, across: 1, isAtDetector: false };
  const length = Math.hypot((toColumn - fromColumn) * across, (toRow - fromRow) * down);
  const unit = facts.spacing === null ? PIXELS : MILLIMETRE;
  return measurement(LENGTH, { text: decimal(length), unit }, [
    ...(isAtDetector ? [codeValue(METHOD, AT_DETECTOR, 'HAS CONCEPT MOD')] : []),
    markOf(annotation, facts, PATH, 'INFERRED FROM'),
  ]);
}

type Point = readonly [column: number, row: number];

/** The two points of a mark whose kind always has exactly two. */
const pairOf = ({ points }: Annotation): readonly [Point, Point] => [points[0]!, points[1]!];

/**
 * PS3.3 §C.18.6.1.2: a closed polyline repeats its first point at the end; an ellipse is given by the ends of its
 * axes, the major axis first.
 */
function graphicOf(annotation: Annotation): Graphic {
  const { kind, points } = annotation;
  switch (kind) {
    case 'point':
    case 'text':
      return { type: 'POINT', points };
    case 'arrow':
    case 'line':
    case 'length':
      return { type: 'POLYLINE', points };
    case 'box': {
      const [[left, top], [right, bottom]] = pairOf(annotation);
      const corners: Point[] = [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
        [left, top],
      ];
      return { type: 'POLYLINE', points: corners };
    }
    case 'ellipse': {
      const [[left, top], [right, bottom]] = pairOf(annotation);
      const column = (left + right) / 2;
      const row = (top + bottom) / 2;
      const across: Point[] = [
        [left, row],
        [right, row],
      ];
      const down: Point[] = [
        [column, top],
        [column, bottom],
      ];
      const isWide = Math.abs(right - left) >= Math.abs(bottom - top);
      return { type: 'ELLIPSE', points: isWide ? [...across, ...down] : [...down, ...across] };
    }
    default:
      return kind satisfies never;
  }
}
