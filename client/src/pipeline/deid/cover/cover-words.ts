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
  what: 'Draw a box over everything that names somebody.',
  picture: 'The picture. Arrow keys move it, plus and minus zoom, 0 shows all of it.',
  reading: 'Reading the picture…',
  noPicture: 'Picture can’t be shown here, so you can’t cover anything. The image stays on this device.',
  box: (at: number, box: Box, isFilm: boolean) =>
    `Box ${formatCount(at)}: ${box.width} by ${box.height} pixels at ${box.x}, ${box.y}${isFilm ? `, on ${framesOf(box)}` : ''}`,
  boxKeys: 'Arrow keys move it, with Shift they resize it, Delete removes it.',

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
    whole: 'Whole range',
    dark: 'Dark parts',
    bright: 'Bright parts',
    own: 'My own',
  },
  level: 'Level',
  width: 'Window',
  percent: (value: number) => `${formatCount(value)} %`,
  forAll: (count: number) =>
    `Decide for these ${formatCount(count)} images of the series together, with the same boxes`,
  step: (at: number, count: number) => `Image ${formatCount(at)} of ${formatCount(count)}`,
  previous: 'Previous image',
  next: 'Next image',
  previousFrame: 'Previous frame',
  nextFrame: 'Next frame',

  allFrames: 'You can release it once all were shown.',
  wholeFrames: 'A frame counts as shown while all of it is in sight: press Fit.',
  plainFrames: 'A frame counts as shown in the brightness as stored, or over the whole range.',

  cover: (count: number) => `Cover ${images(count)}`,
  nothing: (count: number) =>
    count === 1 ? 'Nothing identifying is visible' : 'Nothing identifying on any of them',
  holdBack: (count: number) => (count === 1 ? 'Hold it back again' : 'Hold all back again'),
  covering: (done: number, total: number) =>
    total === 1 ? 'Covering the image…' : `Covering image ${formatCount(done + 1)} of ${formatCount(total)}…`,
  stop: 'Stop',

  preview: 'This is what is sent',
  previewWhat: (able: number) =>
    `The pixels under the boxes are gone from ${able === 1 ? 'this image' : `these ${formatCount(able)} images`}. Look once more, then release.`,
  release: (able: number) => `Release ${images(able)}`,
  back: 'Back to the boxes',
  unable: (count: number) => `${images(count)} can’t be covered on this device`,
  unableWhat: 'The pixels are damaged or of a kind not read here. Leave it out, or export the study again.',
  otherSize: (count: number) => `${images(count)} of another size`,
  otherSizeWhat: 'The name may be elsewhere there, so these stay held back. Cover them one by one.',

  said: {
    added: (box: Box, count: number) =>
      `Box added: ${box.width} by ${box.height} pixels at ${box.x}, ${box.y}. ${boxes(count)}.`,
    changed: (box: Box) => `Box: ${box.width} by ${box.height} pixels at ${box.x}, ${box.y}.`,
    removed: (count: number) => `Box removed. ${boxes(count)}.`,
    cleared: 'All boxes removed.',
    undone: (count: number) => `Last step undone. ${boxes(count)}.`,
    full: 'An image cannot have more boxes.',
    frames: (box: Box) => `The box covers ${framesOf(box)}.`,
    covered: (count: number) => `${images(count)} can be released.`,
  },
} as const;
