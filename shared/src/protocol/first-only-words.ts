/** The words for images that the first destination has and another destination, which must have them, lacks. */
import type { FirstOnly } from './first-only.ts';

/** "1 of 3 images is in the first PACS, but not in night-archive". */
export function firstOnlySaid({ count, of, missingAt }: FirstOnly): string {
  const images = of === 1 ? 'image' : 'images';
  const are = count === 1 ? 'is' : 'are';
  return `${count} of ${of} ${images} ${are} in the first PACS, but not in ${missingAt.join(', ')}`;
}
