/** The words of the large view of a chosen study; loaded only with it. */
import { formatCount } from '../../../kit/format.ts';

export const filmViewWords = {
  title: (name: string) => `Pictures of ${name}`,
  /** The name of the application, with its keys. */
  picture:
    'Picture. Page Up and Page Down show the previous and the next one, plus and minus zoom, arrow keys move, 0 fits.',
  hidden: 'Hidden picture',
  shown: 'Shown image',
  noPicture: 'Picture can’t be shown here.',
  place: (at: number, count: number) => `Image ${formatCount(at)} of ${formatCount(count)}`,
  frame: (at: number, count: number) => `Frame ${formatCount(at)} of ${formatCount(count)}`,
  previous: 'Previous image',
  next: 'Next image',
  frames: 'Frame',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  fit: 'Fit',
} as const;
