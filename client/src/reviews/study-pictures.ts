/**
 * The images of a study, from the PACS (QIDO-RS, WADO-RS). Objects that models made of the study are left out by their
 * SOP Class: a reader who is blinded may not come upon one.
 */
import { isUid } from '#shared/dicom/uid.ts';

export interface StudyPicture {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
  /** As the PACS says before the image is read; null: it does not say. */
  readonly rows: number | null;
  readonly columns: number | null;
  readonly frames: number | null;
}

/** PS3.4 Table B.5-1: reports, segmentations, presentation states, captured screens. */
const NO_IMAGE = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:88\.|66\.|11\.|7(?:$|\.)|104\.|481\.|9\.)/;
/** A person who pages through more opens a viewer. */
export const PICTURES_LIMIT = 500;

export interface ReadPictures {
  readonly pictures: readonly StudyPicture[];
  /** The study has more than are shown. */
  readonly isCut: boolean;
}

/** Of one study, in the order of series and instance. */
export function readPictures(studyInstanceUID: string, answer: unknown): ReadPictures {
  if (!Array.isArray(answer)) return { pictures: [], isCut: false };
  const pictures = answer
    .slice(0, PICTURES_LIMIT)
    .flatMap((row) => {
      const sopClass = firstOf(row, '00080016');
      const series = firstOf(row, '0020000E');
      const instance = firstOf(row, '00080018');
      if (!isUidText(series) || !isUidText(instance)) return [];
      if (typeof sopClass !== 'string' || NO_IMAGE.test(sopClass)) return [];
      const picture = {
        ...{ studyInstanceUID, seriesInstanceUID: series, sopInstanceUID: instance },
        ...{ rows: countOf(row, '00280010'), columns: countOf(row, '00280011') },
        frames: countOf(row, '00280008'),
      };
      const number = Number(firstOf(row, '00200013'));
      return [{ picture, number: Number.isFinite(number) ? number : 0 }];
    })
    .toSorted(
      (a, b) => a.picture.seriesInstanceUID.localeCompare(b.picture.seriesInstanceUID) || a.number - b.number,
    )
    .map(({ picture }) => picture);
  return { pictures, isCut: answer.length > PICTURES_LIMIT };
}

const isUidText = (value: unknown): value is string => typeof value === 'string' && isUid(value);

function firstOf(row: unknown, tag: string): unknown {
  const element = (row as Record<string, unknown> | null)?.[tag] as { Value?: unknown } | undefined;
  return Array.isArray(element?.Value) ? element.Value[0] : undefined;
}

function countOf(row: unknown, tag: string): number | null {
  const count = Number(firstOf(row, tag));
  return Number.isInteger(count) && count > 0 ? count : null;
}

/** One more than is shown, to know that there are more. */
export const listPath = (studyInstanceUID: string): string =>
  `/dicom-web/studies/${studyInstanceUID}/instances?limit=${PICTURES_LIMIT + 1}`;

type Uids = Pick<StudyPicture, 'studyInstanceUID' | 'seriesInstanceUID' | 'sopInstanceUID'>;

export const instancePath = ({ studyInstanceUID, seriesInstanceUID, sopInstanceUID }: Uids): string =>
  `/dicom-web/studies/${studyInstanceUID}/series/${seriesInstanceUID}/instances/${sopInstanceUID}`;

/** Frames count from 1. */
export const framePath = (picture: Uids, frame: number): string =>
  `${instancePath(picture)}/frames/${frame}/rendered`;
