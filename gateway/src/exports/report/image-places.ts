/** The position of images among those of their case, as the review page counts them. */
import { orderPictures, PICTURES_LIMIT } from '#shared/dicom/order-pictures.ts';
import type { FoundInstance, Pacs } from '../../ports/pacs/pacs.ts';

/**
 * `nth`: the position across all studies, from 1; null: the review page does not show the image. `frames`: null: the
 * PACS does not say.
 */
export type ImagePlace = { readonly nth: number | null; readonly frames: number | null };

/** `studies`: the studies of the case, in its order. Throws PacsUnreachable. */
export async function placesIn(
  pacs: Pick<Pacs, 'describeStudy'>,
  studies: readonly string[],
  signal: AbortSignal,
): Promise<(where: Pick<FoundInstance, 'sopInstanceUID'>) => ImagePlace> {
  const lists = await Promise.all(
    studies.map(async (study) => orderPictures(await pacs.describeStudy(study, PICTURES_LIMIT, signal))),
  );
  const all = lists.flat();
  return ({ sopInstanceUID }) => {
    const at = all.findIndex((one) => one.sopInstanceUID === sopInstanceUID);
    return { nth: at < 0 ? null : at + 1, frames: all[at]?.frames ?? null };
  };
}
