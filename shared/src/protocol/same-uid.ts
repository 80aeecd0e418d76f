/**
 * Contents and instances. A receipt lists contents: each is a SOP Instance UID with a digest, and two contents may
 * share a UID. People count images, so every sum shown to them counts all forms of one image once. Another image under
 * the same UID counts separately. Pure.
 */
import { isInPacs, type InstanceState } from './study-state.ts';

type Content = {
  readonly sopInstanceUID: string;
  readonly state: InstanceState;
  readonly reason?: string | null | undefined;
};

/**
 * The content that stands for an instance: the one in the PACS, else the first in this order, which begins with
 * contents that need a person.
 */
const ORDER: readonly InstanceState[] = ['quarantined', 'refused', 'left-out'];
const turnOf = ({ state }: Content): number => ORDER.indexOf(state);

/** Not stored, because another image has its UID. It is not another form of that image. */
export const isOtherImage = ({ state, reason }: Pick<Content, 'reason'> & { readonly state: string }) =>
  reason === 'conflicting-instance' && !isInPacs(state as InstanceState);

/** One content for each image (see ORDER), in the order in which the images come. */
export function instancesIn<T extends Content>(contents: readonly T[]): readonly T[] {
  const first = new Map<string | T, T>();
  for (const content of contents) {
    const image = isOtherImage(content) ? content : content.sopInstanceUID;
    const before = first.get(image);
    if (before === undefined || turnOf(content) < turnOf(before)) first.set(image, content);
  }
  return [...first.values()];
}

/** Contents that were not stored because the PACS has another content under their UID. */
export function notStoredIn<T extends Content>(contents: readonly T[]): readonly T[] {
  const there = new Set(
    contents.flatMap(({ sopInstanceUID, state }) => (isInPacs(state) ? [sopInstanceUID] : [])),
  );
  return contents.filter(({ sopInstanceUID, state }) => !isInPacs(state) && there.has(sopInstanceUID));
}
