/** Where images stand among those of their case, as the page of a review counts them. */
import { orderPictures, PICTURES_LIMIT } from '#shared/dicom/order-pictures.ts';
import type { FoundInstance, Pacs } from '../../ports/pacs/pacs.ts';

/** `nth`: from 1, over all studies; null: the page does not show it. `frames`: null: the PACS does not say. */
export type ImagePlace = { readonly nth: number | null; readonly frames: number | null };

/** `studies`: of the case, in its order. Throws PacsUnreachable. */
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
