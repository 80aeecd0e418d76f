/** The words of the image of a review, and of the marks on it. */
import type { AnnotationKind } from '#shared/protocol/annotations.ts';
import type { Spacing } from '#shared/pixels/frame-spacing.ts';
import { counted } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';

const kinds: Record<AnnotationKind, string> = {
  point: 'Point',
  arrow: 'Arrow',
  box: 'Box',
  ellipse: 'Ellipse',
  line: 'Freehand line',
  length: 'Length',
  text: 'Text',
};
const marks = (count: number) => counted(count, 'mark', 'marks');
const figure = (value: number) =>
  new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(value);

export const mmOf = (length: number, spacing: Spacing | null): string =>
  spacing === null
    ? `${figure(length)} px`
    : `${figure(length)} mm${spacing.at === 'detector' ? ' at the detector' : ''}`;

export const markWords = {
  kinds,
  tools: { select: 'Select and move', window: 'Window', ...kinds },
  toolbar: 'Tools',
  /** The name of a tool and its key. */
  tool: (name: string, key: string) => `${name} (${key.toUpperCase()})`,
  hints: {
    select: 'Drag the image or a mark. Tap a mark to select it.',
    window: 'Drag sideways for contrast, up and down for brightness.',
    point: 'Tap the position.',
    arrow: 'Drag from the tail to the tip.',
    box: 'Drag from corner to corner.',
    ellipse: 'Drag from corner to corner.',
    line: 'Draw the line.',
    length: 'Drag from end to end.',
    text: 'Tap the position, then type.',
  } satisfies Record<AnnotationKind | 'select' | 'window', string>,
  stage: (at: number, count: number) =>
    `Image ${formatCount(at)} of ${formatCount(count)}. Press ? for shortcuts.`,
  alt: (at: number, count: number, frame: number, frames: number) =>
    `Image ${formatCount(at)} of ${formatCount(count)}${frames > 1 ? `, frame ${formatCount(frame)} of ${formatCount(frames)}` : ''}`,
  loading: 'Loading the image from the PACS…',
  missing: 'The image could not be loaded from the PACS.',
  noWindow: 'The PACS sends this image ready for display, so its window cannot be changed.',
  colour: 'Colour images have no window setting.',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  zoomSigns: { in: '+', out: '−' },
  fit: 'Fit',
  undo: 'Undo',
  redo: 'Redo',
  keys: 'Shortcuts',
  next: 'Next image',
  previous: 'Previous image',
  slider: 'Image',
  frameSlider: 'Frame',
  window: {
    label: 'Window',
    title: 'Window',
    said: (center: number, width: number) => `L ${figure(center)} · W ${figure(width)}`,
    header: 'As stored',
    whole: 'Full range',
    own: 'Custom',
    center: 'Level',
    width: 'Width',
    /** Level and width in Hounsfield units. */
    ct: {
      lung: ['Lung', -600, 1500],
      soft: ['Soft tissue', 40, 400],
      bone: ['Bone', 400, 1800],
      brain: ['Brain', 40, 80],
    },
  },
  list: {
    /** `count` null: not known yet. */
    title: (count: number | null) => (count === null ? 'Marks' : `Marks (${formatCount(count)})`),
    none: 'No marks yet. Choose a tool and draw, or add a mark by coordinates.',
    others: 'Marks of the readers',
    noneDrawn: 'There are no marks.',
    noneElse: 'Other readers have not drawn any marks.',
    reader: (place: number) => (place === 0 ? 'Adjudicator' : `Reader ${place}`),
    marksOf: (reader: string) => `Marks: ${reader}`,
    unmeasured: 'In pixels, because this image has no Pixel Spacing.',
    add: 'Add a mark by coordinates',
    edit: 'Edit',
    remove: 'Remove',
    of: (what: string, mark: string) => `${what}: ${mark}`,
    name: (mark: {
      readonly number: string;
      readonly kind: AnnotationKind;
      readonly length: string | null;
    }) => [mark.number, kinds[mark.kind], mark.length].filter(Boolean).join(' '),
    where: (image: number | null, frame: number, frames: number) =>
      image === null
        ? 'on an image that is not shown'
        : `on image ${formatCount(image)}${frames > 1 ? `, frame ${formatCount(frame)}` : ''}`,
    saved: 'Saved',
    saving: 'Saving…',
    kept: 'Stored on this device, not sent yet',
  },
  form: {
    add: 'Add a mark',
    change: (name: string) => `Edit ${name}`,
    kind: 'Kind',
    label: 'Label',
    text: 'Text',
    textMissing: 'Type the text.',
    points: {
      point: ['Position'],
      text: ['Position'],
      arrow: ['Tail', 'Tip'],
      length: ['One end', 'Other end'],
      box: ['Corner', 'Opposite corner'],
      ellipse: ['Corner of its box', 'Opposite corner'],
      line: [],
    } satisfies Record<AnnotationKind, readonly string[]>,
    column: 'column',
    row: 'row',
    coordinate: (point: string, axis: string) => `${point}, ${axis}`,
    line: 'Points: column and row, separated by spaces',
    lineHint: '10 20, 15.5 22, 30 40',
    range: (columns: number, rows: number) =>
      `In pixels from the upper left corner: columns 0 to ${formatCount(columns)}, rows 0 to ${formatCount(rows)}.`,
    pointsMissing: 'Enter different positions inside the image.',
    save: 'Save the mark',
    cancel: 'Cancel',
  },
  said: {
    added: (kind: AnnotationKind, count: number) => `${kinds[kind]} added. ${marks(count)}.`,
    changed: (kind: AnnotationKind) => `${kinds[kind]} changed.`,
    moved: (column: number, row: number) => `Column ${figure(column)}, row ${figure(row)}.`,
    removed: (kind: AnnotationKind, left: number) => `${kinds[kind]} removed. ${marks(left)} left.`,
    undone: (count: number) => `Undone. ${marks(count)}.`,
    redone: (count: number) => `Redone. ${marks(count)}.`,
    full: (most: number) => `A review can have at most ${formatCount(most)} marks.`,
    handle: (at: number | null) =>
      at === null ? 'The arrow keys move the whole mark.' : `The arrow keys move point ${at + 1}.`,
    tool: (name: string) => `Tool: ${name}`,
  },
  sheet: {
    title: 'Image shortcuts',
    what: 'These shortcuts work when the image is selected (has focus).',
    list: [
      ['V', 'Select and move'],
      ['W', 'Window'],
      ['P', 'Point'],
      ['A', 'Arrow'],
      ['B', 'Box'],
      ['E', 'Ellipse'],
      ['F', 'Freehand line'],
      ['L', 'Length'],
      ['T', 'Text'],
      [
        'Enter',
        'Draw in the middle of the image. With a selected mark: choose which point the arrow keys move',
      ],
      [
        'Arrow keys',
        'Move the selected mark by 1 pixel, with Shift by 10. Without a selected mark: move the image',
      ],
      ['N', 'Select the next mark on this image'],
      ['Delete', 'Remove the selected mark'],
      ['Esc', 'Clear the selection and go back to Select and move'],
      ['Ctrl Z', 'Undo. With Shift: redo'],
      ['Page Up, Page Down', 'Previous and next image or frame'],
      ['+ − 0', 'Zoom in, zoom out, fit'],
      ['Shift and arrow keys', 'With the Window tool: change level and width'],
    ],
  },
} as const;
