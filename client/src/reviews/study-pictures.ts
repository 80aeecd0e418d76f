/**
 * The images of a study as pictures, from the PACS (QIDO-RS, WADO-RS rendered). Objects that models made of the study
 * are left out by their SOP Class: a reader who is blinded may not come upon one.
 */
import { isUid } from '#shared/dicom/uid.ts';

export interface StudyPicture {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
}

/** PS3.4 Table B.5-1: reports, segmentations, presentation states, captured screens. */
const NO_IMAGE = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:88\.|66\.|11\.|7(?:$|\.)|104\.|481\.|9\.)/;
/** A person who pages through more opens a viewer. */
export const PICTURES_LIMIT = 500;

/** Of one study, in the order of series and instance. */
export function readPictures(studyInstanceUID: string, answer: unknown): readonly StudyPicture[] {
  if (!Array.isArray(answer)) return [];
  return answer
    .slice(0, PICTURES_LIMIT)
    .flatMap((row) => {
      const sopClass = firstOf(row, '00080016');
      const series = firstOf(row, '0020000E');
      const instance = firstOf(row, '00080018');
      if (!isUidText(series) || !isUidText(instance)) return [];
      if (typeof sopClass !== 'string' || NO_IMAGE.test(sopClass)) return [];
      const number = Number(firstOf(row, '00200013'));
      const picture = { studyInstanceUID, seriesInstanceUID: series, sopInstanceUID: instance };
      return [{ picture, number: Number.isFinite(number) ? number : 0 }];
    })
    .toSorted(
      (a, b) => a.picture.seriesInstanceUID.localeCompare(b.picture.seriesInstanceUID) || a.number - b.number,
    )
    .map(({ picture }) => picture);
}

const isUidText = (value: unknown): value is string => typeof value === 'string' && isUid(value);

function firstOf(row: unknown, tag: string): unknown {
  const element = (row as Record<string, unknown> | null)?.[tag] as { Value?: unknown } | undefined;
  return Array.isArray(element?.Value) ? element.Value[0] : undefined;
}

export const listPath = (studyInstanceUID: string): string =>
  `/dicom-web/studies/${studyInstanceUID}/instances?limit=${PICTURES_LIMIT}`;

export const picturePath = ({ studyInstanceUID, seriesInstanceUID, sopInstanceUID }: StudyPicture): string =>
  `/dicom-web/studies/${studyInstanceUID}/series/${seriesInstanceUID}/instances/${sopInstanceUID}/rendered`;
