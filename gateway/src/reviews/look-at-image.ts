/** The facts of an image in the PACS, which are read once and cached. */
import { fetchWhole } from '../images/study-images.ts';
import type { FoundInstance, Pacs } from '../ports/pacs/pacs.ts';
import type { AnnotationRoad, ImageFacts } from './annotation-road.ts';

/** Null: the instance is no image. Throws Problem study-not-found, file-too-large; PacsUnreachable. */
export type LookAtImage = (where: FoundInstance, signal: AbortSignal) => Promise<ImageFacts | null>;

/** The number of images whose facts are cached. Each takes a few numbers, and an instance never changes. */
const REMEMBERED = 5000;

export function createImageLook(pacs: Pick<Pacs, 'fetchInstance'>, road: AnnotationRoad): LookAtImage {
  const seen = new Map<string, ImageFacts | null>();
  return async (where, signal) => {
    const key = `${where.studyInstanceUID} ${where.seriesInstanceUID} ${where.sopInstanceUID}`;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const facts = await road.look(await fetchWhole(pacs, where, signal), signal);
    if (seen.size >= REMEMBERED) seen.delete(seen.keys().next().value!);
    seen.set(key, facts);
    return facts;
  };
}
