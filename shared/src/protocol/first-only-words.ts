/** The words for instances that the first destination has, and another one that must have them has not. */
import type { FirstOnly } from './first-only.ts';

/** "1 of 3 instances is in the first PACS, but not in night-archive". */
export function firstOnlySaid({ count, of, missingAt }: FirstOnly): string {
  const instances = of === 1 ? 'instance' : 'instances';
  const are = count === 1 ? 'is' : 'are';
  return `${count} of ${of} ${instances} ${are} in the first PACS, but not in ${missingAt.join(', ')}`;
}
