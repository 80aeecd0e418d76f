/**
 * The measures in the cards that come with the gateway, in words and with their units, by their path in the card. Null:
 * a training constant that says nothing about the quality of the model.
 */
import { counted } from '../../kit/counted.ts';

/** `share`: a fraction, shown in per cent; `index`: from 0 to 1, where 1 is perfect; `images`: a number of images. */
type Unit = 'share' | 'index' | 'images';

const OF_SPLIT = {
  images: ['examined', 'images'],
  auc: ['separates both groups (AUC)', 'index'],
  accuracy: ['answered right', 'share'],
  sensitivity: ['positive films found (sensitivity)', 'share'],
  specificity: ['negative films left alone (specificity)', 'share'],
  f1: ['balance of found and false (F1)', 'index'],
} as const satisfies Record<string, readonly [string, Unit]>;

const ofSplit = (path: string, title: string): [string, readonly [string, Unit]][] =>
  Object.entries(OF_SPLIT).map(([name, [words, unit]]) => [`${path}, ${name}`, [`${title}: ${words}`, unit]]);

const MEASURES: ReadonlyMap<string, readonly [string, Unit] | null> = new Map<
  string,
  readonly [string, Unit] | null
>([
  ...ofSplit('test', 'Test images'),
  ...ofSplit('test at youden', 'Test images at the Youden threshold'),
  ...ofSplit('val', 'Validation images'),
  ['val auc', ['Validation images: separates both groups (AUC)', 'index']],
  ['test auc after blur', ['Blurred test images: separates both groups (AUC)', 'index']],
  [
    'nih1000 adult normal vs abnormal auc',
    ['Adults, for whom it was not made: separates both groups (AUC)', 'index'],
  ],
  ['test dice mean', ['Overlap with lungs drawn by people (Dice), mean', 'index']],
  ['test dice median', ['Overlap with lungs drawn by people (Dice), median', 'index']],
  ['test dice p5', ['Overlap with lungs drawn by people (Dice), exceeded by 95 % of films', 'index']],
  ['test images', ['Test images', 'images']],
  ['adult dice montgomery shenzhen', ['Overlap on films of adults (Dice)', 'index']],
  ['mednist contiguous test accuracy', ['Kinds of images told right', 'share']],
  ['kermany official test as CXR', ['Films of children known as chest films', 'share']],
  ['nih1000 as CXR', ['Films of adults known as chest films', 'share']],
  ['kermany rotated90 rejected', ['Rotated films noticed', 'share']],
  ['kermany inverted rejected', ['Inverted films noticed', 'share']],
  ['temperature', null],
  ['threshold from val', null],
  ['threshold youden val', null],
  ['gradient graph max error', null],
  ['gradient graph max error against autograd', null],
]);

const VALUES: Readonly<Record<Unit, (value: number) => string>> = {
  share: (value) => `${Number((100 * value).toFixed(1))} %`,
  index: (value) => `${Number(value.toFixed(3))} of 1`,
  images: (value) => counted(value, 'image', 'images'),
};

/** The line of a measure. A measure of an unknown card keeps its own name. Null if it is not shown. */
export function measureSaid(path: string, value: number): string | null {
  const known = MEASURES.get(path);
  if (known === null) return null;
  if (known) return `${known[0]}: ${VALUES[known[1]](value)}`;
  return `${path}: ${Number.isInteger(value) ? value : Number(value.toPrecision(3))}`;
}
