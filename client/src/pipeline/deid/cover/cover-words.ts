/** The words of the editor of boxes; loaded only with it. */
import type { Box } from '#shared/dicom/boxes.ts';
import { counted, images } from '../../../kit/counted.ts';
import { formatCount } from '../../../kit/format.ts';

const boxes = (count: number) => counted(count, 'box', 'boxes');

const framesOf = ({ frames }: Box): string => {
  if (frames === null) return 'all frames';
  const [first, last] = frames;
  return first === last
    ? `frame ${formatCount(first)}`
    : `frames ${formatCount(first)} to ${formatCount(last)}`;
};

export const coverWords = {
  title: (at: number) => `Cover the name on image ${formatCount(at)}`,
  what: 'Draw a box over every name or other identifying text.',
  picture: 'Picture. Arrow keys move it, plus and minus zoom, 0 fits it to the screen.',
  reading: 'Reading the picture…',
  noPicture: 'This picture can’t be shown here, so nothing can be covered. The image stays on this device.',
  box: (at: number, box: Box, isFilm: boolean) =>
    `Box ${formatCount(at)}: ${box.width} by ${box.height} pixels at ${box.x}, ${box.y}${isFilm ? `, on ${framesOf(box)}` : ''}`,
  boxKeys: 'Arrow keys move the box, Shift and arrow keys resize it, Delete removes it.',

  mode: 'Finger',
  modes: { draw: 'Draw', move: 'Move the picture' },
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  zoomAll: 'Fit',
  add: 'Add a box',
  undo: 'Undo',
  remove: 'Remove',
  clear: 'Remove all',
  lies: 'Boxes cover',
  liesOn: { all: 'All frames', one: 'This frame' },
  elsewhere: (count: number) => `${boxes(count)} on other frames`,
  light: 'Brightness',
  ranges: {
    stored: 'As stored',
    whole: 'Full range',
    dark: 'Dark parts',
    bright: 'Bright parts',
    own: 'Custom',
  },
  level: 'Level',
  width: 'Window',
  percent: (value: number) => `${formatCount(value)} %`,
  forAll: (count: number) =>
    `Use the same boxes and decision for these ${formatCount(count)} images of the series`,
  step: (at: number, count: number) => `Image ${formatCount(at)} of ${formatCount(count)}`,
  previous: 'Previous image',
  next: 'Next image',
  previousFrame: 'Previous frame',
  nextFrame: 'Next frame',

  allFrames: 'You can release it when all frames have been shown.',
  wholeFrames: 'A frame counts as shown only if all of it is visible. Press Fit.',
  plainFrames: 'A frame counts as shown only with the brightness “As stored” or “Full range”.',

  cover: (count: number) => `Cover ${images(count)}`,
  nothing: (count: number) =>
    count === 1 ? 'Nothing identifying is visible' : 'Nothing identifying is visible on any of them',
  holdBack: (count: number) => (count === 1 ? 'Hold it back again' : 'Hold them all back again'),
  covering: (done: number, total: number) =>
    total === 1 ? 'Covering the image…' : `Covering image ${formatCount(done + 1)} of ${formatCount(total)}…`,
  stop: 'Stop',

  preview: 'This is what will be sent',
  previewWhat: (able: number) =>
    `The pixels under the boxes are erased in ${able === 1 ? 'this image' : `these ${formatCount(able)} images`}. Check again, then release.`,
  release: (able: number) => `Release ${images(able)}`,
  back: 'Back to the boxes',
  unable: (count: number) => `${images(count)} can’t be covered on this device`,
  unableWhat:
    'The pixels are damaged, or their format is not supported here. Leave the image out, or export the study again.',
  otherSize: (count: number) => `${images(count)} with a different size`,
  otherSizeWhat:
    'The name may be in another place on these images, so they stay held back. Cover them one by one.',

  said: {
    added: (box: Box, count: number) =>
      `Box added: ${box.width} by ${box.height} pixels at ${box.x}, ${box.y}. ${boxes(count)}.`,
    changed: (box: Box) => `Box: ${box.width} by ${box.height} pixels at ${box.x}, ${box.y}.`,
    removed: (count: number) => `Box removed. ${boxes(count)}.`,
    cleared: 'All boxes removed.',
    undone: (count: number) => `Last step undone. ${boxes(count)}.`,
    full: 'This image has the maximum number of boxes.',
    frames: (box: Box) => `The box covers ${framesOf(box)}.`,
    covered: (count: number) => `${images(count)} can be released.`,
  },
} as const;
