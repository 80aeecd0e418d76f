/**
 * On a new system that cannot work with its PACS, the first step is to add or mend a destination: an administrator who
 * has just come is led there. Nobody is led away who has done anything yet: opened a page or a sheet, typed, chosen
 * files.
 */
import { needyOf, type DestinationList } from './needy-destinations.ts';

/** `hash`: empty where no page was asked for. `isFree`: the person has done nothing yet. */
export function isLedToDestinations(
  { hash, isFree }: { readonly hash: string; readonly isFree: boolean },
  { destinations, link }: Pick<DestinationList, 'destinations' | 'link'>,
): boolean {
  const all = destinations.peek() ?? [];
  const isNew = all.every(({ hasStudies }) => !hasStudies);
  return isFree && isNew && needyOf(all, link.peek()).length > 0 && hash.length <= 1;
}

/** Assistive technology may press without a pointer or a key. */
const TOUCHES = ['pointerdown', 'keydown', 'click', 'input', 'dragenter', 'hashchange'] as const;

/**
 * Whether nobody has done anything on the page yet. The focus tells what came before: a page that is opened takes it,
 * and so does all that is pressed.
 */
export function watchTouches(page: Window, until: AbortSignal): () => boolean {
  let isUntouched = page.document.activeElement === page.document.body;
  const onTouch = () => {
    isUntouched = false;
  };
  for (const touch of TOUCHES)
    page.addEventListener(touch, onTouch, { signal: until, capture: true, passive: true });
  return () => isUntouched;
}
