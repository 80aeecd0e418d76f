/** Lists the images of a study in the PACS (QIDO-RS, WADO-RS). */
import { orderPictures, PICTURES_LIMIT } from '#shared/dicom/order-pictures.ts';
import { isUid } from '#shared/dicom/uid.ts';

export interface StudyPicture {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
  /** The size as the PACS reports it before the image is read; null: it does not report it. */
  readonly rows: number | null;
  readonly columns: number | null;
  readonly frames: number | null;
}

export interface ReadPictures {
  readonly pictures: readonly StudyPicture[];
  /** Whether the study has more images than are shown. */
  readonly isCut: boolean;
  /** Whether the PACS has anything of the study, even if not an image. */
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
 * Requests one picture more than is shown, to know whether there are more. Series Number is requested explicitly,
 * because not every PACS returns it by default.
 */
export const listPath = (studyInstanceUID: string): string =>
  `/dicom-web/studies/${studyInstanceUID}/instances?limit=${PICTURES_LIMIT + 1}&includefield=00200011`;

type Uids = Pick<StudyPicture, 'studyInstanceUID' | 'seriesInstanceUID' | 'sopInstanceUID'>;

export const instancePath = ({ studyInstanceUID, seriesInstanceUID, sopInstanceUID }: Uids): string =>
  `/dicom-web/studies/${studyInstanceUID}/series/${seriesInstanceUID}/instances/${sopInstanceUID}`;

/** Frames count from 1. */
export const framePath = (picture: Uids, frame: number): string =>
  `${instancePath(picture)}/frames/${frame}/rendered`;
