/**
 * Contents and instances: a receipt lists contents, each SOP Instance UID with a digest, and two contents may have one
 * UID. People count instances, so every sum that is shown to them counts each UID once. Pure.
 */
import { isInPacs, type InstanceState } from './study-state.ts';

type Content = { readonly sopInstanceUID: string; readonly state: InstanceState };

/** For an instance speaks the content that the PACS has, else the one that still needs a person. */
const ORDER: readonly InstanceState[] = ['quarantined', 'refused', 'left-out'];
const turnOf = ({ state }: Content): number => ORDER.indexOf(state);

/** One content for each UID, in the order in which the UIDs come. */
export function instancesIn<T extends Content>(contents: readonly T[]): readonly T[] {
  const first = new Map<string, T>();
  for (const content of contents) {
    const before = first.get(content.sopInstanceUID);
    if (before === undefined || turnOf(content) < turnOf(before)) first.set(content.sopInstanceUID, content);
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
