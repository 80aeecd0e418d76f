/** The images of a study, from the PACS (QIDO-RS, WADO-RS). */
import { orderPictures, PICTURES_LIMIT } from '#shared/dicom/order-pictures.ts';
import { isUid } from '#shared/dicom/uid.ts';

export interface StudyPicture {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
  /** The size that the PACS says before the image is read; null: it does not say. */
  readonly rows: number | null;
  readonly columns: number | null;
  readonly frames: number | null;
}

export interface ReadPictures {
  readonly pictures: readonly StudyPicture[];
  /** The study has more than are shown. */
  readonly isCut: boolean;
  /** The PACS has something of the study, which may be no image. */
  readonly isThere: boolean;
}

/** The pictures of one study, in the order of series and instance. */
export function readPictures(studyInstanceUID: string, answer: unknown): ReadPictures {
  if (!Array.isArray(answer)) return { pictures: [], isCut: false, isThere: false };
  const listed = answer.slice(0, PICTURES_LIMIT).flatMap((row) => {
    const sopClassUID = firstOf(row, '00080016');
    const seriesInstanceUID = firstOf(row, '0020000E');
    const sopInstanceUID = firstOf(row, '00080018');
    if (!isUidText(seriesInstanceUID) || !isUidText(sopInstanceUID)) return [];
    if (typeof sopClassUID !== 'string') return [];
    const picture = {
      ...{ studyInstanceUID, seriesInstanceUID, sopInstanceUID },
      ...{ rows: countOf(row, '00280010'), columns: countOf(row, '00280011') },
      frames: countOf(row, '00280008'),
    };
    const seriesNumber = numberOf(row, '00200011');
    const instanceNumber = numberOf(row, '00200013');
    return [{ picture, seriesInstanceUID, sopClassUID, seriesNumber, instanceNumber }];
  });
  const pictures = orderPictures(listed).map(({ picture }) => picture);
  return { pictures, isCut: answer.length > PICTURES_LIMIT, isThere: answer.length > 0 };
}

const isUidText = (value: unknown): value is string => typeof value === 'string' && isUid(value);

function firstOf(row: unknown, tag: string): unknown {
  const element = (row as Record<string, unknown> | null)?.[tag] as { Value?: unknown } | undefined;
  return Array.isArray(element?.Value) ? element.Value[0] : undefined;
}

function numberOf(row: unknown, tag: string): number | null {
  const number = Number(firstOf(row, tag) ?? Number.NaN);
  return Number.isFinite(number) ? number : null;
}

function countOf(row: unknown, tag: string): number | null {
  const count = Number(firstOf(row, tag));
  return Number.isInteger(count) && count > 0 ? count : null;
}

/**
 * The list has one picture more than is shown, to know that there are more; with Series Number, which not every PACS
 * says unasked.
 */
export const listPath = (studyInstanceUID: string): string =>
  `/dicom-web/studies/${studyInstanceUID}/instances?limit=${PICTURES_LIMIT + 1}&includefield=00200011`;

type Uids = Pick<StudyPicture, 'studyInstanceUID' | 'seriesInstanceUID' | 'sopInstanceUID'>;

export const instancePath = ({ studyInstanceUID, seriesInstanceUID, sopInstanceUID }: Uids): string =>
  `/dicom-web/studies/${studyInstanceUID}/series/${seriesInstanceUID}/instances/${sopInstanceUID}`;

/** Frames count from 1. */
export const framePath = (picture: Uids, frame: number): string =>
  `${instancePath(picture)}/frames/${frame}/rendered`;
