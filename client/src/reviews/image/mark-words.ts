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
  line: 'Free line',
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
  tools: { select: 'Choose and move', window: 'Window', ...kinds },
  toolbar: 'Tools',
  /** The name of a tool and its key. */
  tool: (name: string, key: string) => `${name} (${key.toUpperCase()})`,
  hints: {
    select: 'Drag the image or a mark. Tap a mark to choose it.',
    window: 'Drag sideways for contrast, up and down for brightness.',
    point: 'Tap the place.',
    arrow: 'Drag from the tail to the tip.',
    box: 'Drag from corner to corner.',
    ellipse: 'Drag from corner to corner of its box.',
    line: 'Draw the line.',
    length: 'Drag from end to end.',
    text: 'Tap the place, then type.',
  } satisfies Record<AnnotationKind | 'select' | 'window', string>,
  stage: (at: number, count: number) =>
    `Image ${formatCount(at)} of ${formatCount(count)}. Question mark shows the keys.`,
  alt: (at: number, count: number, frame: number, frames: number) =>
    `Image ${formatCount(at)} of ${formatCount(count)}${frames > 1 ? `, frame ${formatCount(frame)} of ${formatCount(frames)}` : ''}`,
  loading: 'Getting the image from the PACS…',
  missing: 'The PACS gave no image.',
  noWindow: 'This image comes drawn from the PACS, so its window cannot be changed.',
  colour: 'A colour image has no window.',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  zoomSigns: { in: '+', out: '−' },
  fit: 'Fit',
  undo: 'Undo',
  redo: 'Redo',
  keys: 'Keys',
  next: 'Next image',
  previous: 'Previous image',
  slider: 'Image',
  frameSlider: 'Frame',
  window: {
    label: 'Window',
    title: 'Window',
    said: (center: number, width: number) => `L ${figure(center)} · W ${figure(width)}`,
    header: 'As stored',
    whole: 'Whole range',
    own: 'My own',
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
    none: 'No marks yet. Choose a tool and draw, or add one by numbers.',
    others: 'Marks of the readers',
    noneDrawn: 'Nobody has drawn a mark.',
    noneElse: 'No other reader has drawn a mark.',
    reader: (place: number) => (place === 0 ? 'Decided between them' : `Reader ${place}`),
    marksOf: (reader: string) => `Marks: ${reader}`,
    unmeasured: 'px: this image has no Pixel Spacing.',
    add: 'Add a mark by numbers',
    edit: 'Change',
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
    kept: 'Kept on this device',
  },
  form: {
    add: 'Add a mark',
    change: (name: string) => `Change ${name}`,
    kind: 'Kind',
    label: 'Label',
    text: 'Text',
    textMissing: 'Type the text.',
    points: {
      point: ['Place'],
      text: ['Place'],
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
    pointsMissing: 'Give places that differ and lie in the image.',
    save: 'Save the mark',
    cancel: 'Cancel',
  },
  said: {
    added: (kind: AnnotationKind, count: number) => `${kinds[kind]} added. ${marks(count)}.`,
    changed: (kind: AnnotationKind) => `${kinds[kind]} changed.`,
    moved: (column: number, row: number) => `Column ${figure(column)}, row ${figure(row)}.`,
    removed: (kind: AnnotationKind, left: number) => `${kinds[kind]} removed. ${marks(left)} left.`,
    undone: (count: number) => `Undone. ${marks(count)}.`,
    redone: (count: number) => `Done again. ${marks(count)}.`,
    full: (most: number) => `A review holds ${formatCount(most)} marks at most.`,
    handle: (at: number | null) =>
      at === null ? 'The arrow keys move all of it.' : `The arrow keys move point ${at + 1}.`,
    tool: (name: string) => `Tool: ${name}`,
  },
  sheet: {
    title: 'Keys on the image',
    what: 'They work while the image has the focus.',
    list: [
      ['V', 'Choose and move'],
      ['W', 'Window'],
      ['P', 'Point'],
      ['A', 'Arrow'],
      ['B', 'Box'],
      ['E', 'Ellipse'],
      ['F', 'Free line'],
      ['L', 'Length'],
      ['T', 'Text'],
      ['Enter', 'Draw with the tool in the middle; with a chosen mark: which of its points the arrows move'],
      ['Arrows', 'Move the chosen mark by 1 pixel, with Shift by 10; without one, the image'],
      ['N', 'Choose the next mark on this image'],
      ['Delete', 'Remove the chosen mark'],
      ['Esc', 'Choose nothing, back to Choose and move'],
      ['Ctrl Z', 'Undo; with Shift: redo'],
      ['Page Up, Page Down', 'Previous and next image or frame'],
      ['+ − 0', 'Zoom in, zoom out, fit'],
      ['Shift and arrows', 'With the tool Window: level and width'],
    ],
  },
} as const;
