/**
 * The measures in the cards that come with the gateway, in words and with their units, by their path in the card. Null:
 * a training constant that says nothing about the quality of the model.
 */
import { counted } from '../../kit/counted.ts';

/** `share`: a fraction, shown in per cent; `index`: from 0 to 1, where 1 is perfect; `images`: a number of images. */
type Unit = 'share' | 'index' | 'images';

const OF_SPLIT = {
  images: ['examined', 'images'],
  auc: ['area under the ROC curve (AUC)', 'index'],
  accuracy: ['correct answers (accuracy)', 'share'],
  sensitivity: ['positive images detected (sensitivity)', 'share'],
  specificity: ['negative images recognized (specificity)', 'share'],
  f1: ['F1 score', 'index'],
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
  ['val auc', ['Validation images: area under the ROC curve (AUC)', 'index']],
  ['test auc after blur', ['Blurred test images: area under the ROC curve (AUC)', 'index']],
  [
    'nih1000 adult normal vs abnormal auc',
    ['Adults (not the intended patients): area under the ROC curve (AUC)', 'index'],
  ],
  ['test dice mean', ['Overlap with lungs drawn by people (Dice), mean', 'index']],
  ['test dice median', ['Overlap with lungs drawn by people (Dice), median', 'index']],
  ['test dice p5', ['Overlap with lungs drawn by people (Dice), exceeded by 95 % of images', 'index']],
  ['test images', ['Test images', 'images']],
  ['adult dice montgomery shenzhen', ['Overlap on images of adults (Dice)', 'index']],
  ['mednist contiguous test accuracy', ['Image types classified correctly', 'share']],
  ['kermany official test as CXR', ['Images of children recognized as chest films', 'share']],
  ['nih1000 as CXR', ['Images of adults recognized as chest films', 'share']],
  ['kermany rotated90 rejected', ['Rotated images detected', 'share']],
  ['kermany inverted rejected', ['Inverted images detected', 'share']],
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
