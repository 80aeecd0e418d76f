/**
 * Contents and instances: a receipt lists contents, each SOP Instance UID with a digest, and two contents may have one
 * UID. People count images, so every sum that is shown to them counts the forms of one image once, and another image
 * under its UID besides. Pure.
 */
import { isInPacs, type InstanceState } from './study-state.ts';

type Content = {
  readonly sopInstanceUID: string;
  readonly state: InstanceState;
  readonly reason?: string | null | undefined;
};

/** For an instance speaks the content that the PACS has, else the one that still needs a person. */
const ORDER: readonly InstanceState[] = ['quarantined', 'refused', 'left-out'];
const turnOf = ({ state }: Content): number => ORDER.indexOf(state);

/** Not stored, because another image has its UID: it is none of the forms of that one. */
export const isOtherImage = ({ state, reason }: Pick<Content, 'reason'> & { readonly state: string }) =>
  reason === 'conflicting-instance' && !isInPacs(state as InstanceState);

/** The contents that speak for the images, one for each, in the order in which they come. */
export function instancesIn<T extends Content>(contents: readonly T[]): readonly T[] {
  const first = new Map<string | T, T>();
  for (const content of contents) {
    const image = isOtherImage(content) ? content : content.sopInstanceUID;
    const before = first.get(image);
    if (before === undefined || turnOf(content) < turnOf(before)) first.set(image, content);
  }
  return [...first.values()];
}

/** Contents that were not stored, under UIDs of which the PACS has another content. */
export function notStoredIn<T extends Content>(contents: readonly T[]): readonly T[] {
  const there = new Set(
    contents.flatMap(({ sopInstanceUID, state }) => (isInPacs(state) ? [sopInstanceUID] : [])),
  );
  return contents.filter(({ sopInstanceUID, state }) => !isInPacs(state) && there.has(sopInstanceUID));
}
