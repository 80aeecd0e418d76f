/**
 * Determines which images of a case are counted, and in which order, on the page of a review and in a report on paper.
 * Objects that models made from a study are excluded by their SOP Class, because a blinded reader must not see one.
 * Secondary captures count only if a study has no other image, except the gateway's own heat maps, which never count.
 */

/** An instance as a search lists it. Null: the PACS does not say. */
interface Listed {
  readonly seriesInstanceUID: string;
  readonly sopClassUID: string | null;
  /** Series Number (0020,0011). */
  readonly seriesNumber: number | null;
  /** Instance Number (0020,0013). */
  readonly instanceNumber: number | null;
}

/** PS3.4 Table B.5-1: reports, segmentations, presentation states, documents, radiotherapy, waveforms. */
const NO_IMAGE = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:88\.|66\.|11\.|104\.|481\.|9\.)/;
const SECONDARY_CAPTURE = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(?:$|\.)/;
/** Series Number of each series of heat maps that the gateway makes. */
export const HEAT_MAP_SERIES_NUMBER = 9003;
/** The most pictures of a study. To see more, a person opens a viewer. */
export const PICTURES_LIMIT = 500;

/** The pictures of one study, in the order of series and instance. `listed`: in the order of the search. */
export function orderPictures<T extends Listed>(listed: readonly T[]): readonly T[] {
  const all = listed
    .slice(0, PICTURES_LIMIT)
    .filter(({ sopClassUID }) => sopClassUID !== null && !NO_IMAGE.test(sopClassUID));
  const images = all.filter((one) => !isCapture(one));
  const captures = all.filter((one) => isCapture(one) && one.seriesNumber !== HEAT_MAP_SERIES_NUMBER);
  return (images.length > 0 ? images : captures).toSorted(
    (a, b) =>
      compareUids(a.seriesInstanceUID, b.seriesInstanceUID) ||
      (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0),
  );
}

const isCapture = ({ sopClassUID }: Listed): boolean => SECONDARY_CAPTURE.test(sopClassUID ?? '');

/** A comparison that does not depend on the locale. */
const compareUids = (a: string, b: string): number => Number(a > b) - Number(a < b);
