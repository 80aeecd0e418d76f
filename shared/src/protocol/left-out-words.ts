/** The words for instances that are left out of an exported set, on a screen and in the set itself. */
import type { LeftOut } from './exports.ts';
import { REASONS, type ReasonCode } from './reasons.ts';

export const imagesAndDocuments = (count: number): string =>
  count === 1 ? '1 image or document' : `${count.toLocaleString('en')} images and documents`;

/** One line per reason: how many, and a sentence that says why. */
export const leftOutLines = (leftOut: LeftOut): readonly string[] =>
  leftOut.map(({ because, count }) => `${imagesAndDocuments(count)}: ${sentenceOf(because)}`);

function sentenceOf(because: string): string {
  if (because === 'read-blinded')
    return 'It is hidden from you until you have signed its case. After that, a new export contains it.';
  return Object.hasOwn(REASONS, because)
    ? REASONS[because as ReasonCode].title
    : 'The PACS no longer has it.';
}
