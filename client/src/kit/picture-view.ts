/** The part of an image that a view shows, and its size on the page. Pure. */

/** A place in the image, in possibly fractional pixels, or a place in the window. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The size of the image, in its pixels. */
export interface ImageSize {
  readonly columns: number;
  readonly rows: number;
}

/** The size of the window that shows the image, in CSS pixels. */
export interface WindowSize {
  readonly width: number;
  readonly height: number;
}

export interface View {
  /** 1: the whole image, fitted into the window. */
  readonly zoom: number;
  /** The place in the image that is at the middle of the window. */
  readonly middle: Point;
}

/** An image and the visible part of it. */
export interface Looking {
  readonly image: ImageSize;
  readonly window: WindowSize;
  readonly view: View;
}

/** Enough to see the pixels of a letter in an image of 4096 columns. */
export const ZOOM_LIMIT = 32;

/** The factor of one press of a zoom key or button. */
export const ZOOM_STEP = 1.5;
/** The fraction of the window by which one arrow key press moves the image. */
const PAN_STEP = 1 / 8;

export const wholeImage = ({ columns, rows }: ImageSize): View => ({
  zoom: 1,
  middle: { x: columns / 2, y: rows / 2 },
});

/** CSS pixels per image pixel. */
export function scaleOf({ image, window, view }: Looking): number {
  return Math.min(window.width / image.columns, window.height / image.rows) * view.zoom;
}

/** The place in the image under a place in the window. Places in the window are relative to its upper left corner. */
export function toImage(looking: Looking, { x, y }: Point): Point {
  const { window, view } = looking;
  const scale = scaleOf(looking);
  return {
    x: view.middle.x + (x - window.width / 2) / scale,
    y: view.middle.y + (y - window.height / 2) / scale,
  };
}

export function toWindow(looking: Looking, { x, y }: Point): Point {
  const { window, view } = looking;
  const scale = scaleOf(looking);
  return {
    x: (x - view.middle.x) * scale + window.width / 2,
    y: (y - view.middle.y) * scale + window.height / 2,
  };
}

/** Zooms so that the image pixel under `at` (a place in the window) stays in place. */
export function zoomedAt(looking: Looking, factor: number, at: Point): View {
  const zoom = Math.min(ZOOM_LIMIT, Math.max(1, looking.view.zoom * factor));
  const fixed = toImage(looking, at);
  const near = toImage({ ...looking, view: { ...looking.view, zoom } }, at);
  const { middle } = looking.view;
  return kept(looking, { zoom, middle: { x: middle.x + fixed.x - near.x, y: middle.y + fixed.y - near.y } });
}

/** Moves the image by an offset in CSS pixels. */
export function movedView(looking: Looking, by: Point): View {
  const scale = scaleOf(looking);
  const { zoom, middle } = looking.view;
  return kept(looking, { zoom, middle: { x: middle.x - by.x / scale, y: middle.y - by.y / scale } });
}

export const between = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);
const middleOf = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** Two fingers, of which one moved: the image follows their midpoint and scales with their distance. */
export function pinchedView(
  looking: Looking,
  { other, before, now }: Readonly<Record<'other' | 'before' | 'now', Point>>,
): View {
  const was = middleOf(before, other);
  const is = middleOf(now, other);
  const view = movedView(looking, { x: is.x - was.x, y: is.y - was.y });
  const grows = between(now, other) / Math.max(1, between(before, other));
  return zoomedAt({ ...looking, view }, grows, is);
}

/** Zooms in or out around the middle of the window; 0: shows the whole image. */
export const zoomedBy = (looking: Looking, factor: number): View =>
  zoomedAt(looking, factor, { x: looking.window.width / 2, y: looking.window.height / 2 });

/** Null where the key does not move or zoom the image. */
export function viewAfterKey(looking: Looking, key: string): View | null {
  const { width, height } = looking.window;
  const arrow = ARROWS[key];
  if (arrow) return movedView(looking, { x: -arrow.x * width * PAN_STEP, y: -arrow.y * height * PAN_STEP });
  if (key === '+' || key === '=') return zoomedBy(looking, ZOOM_STEP);
  if (key === '-') return zoomedBy(looking, 1 / ZOOM_STEP);
  return key === '0' ? zoomedBy(looking, 0) : null;
}

/** The direction of each arrow key. */
export const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** Limits the view so that the edges of the image do not move further into the window than necessary. */
function kept({ image, window, view }: Looking, { zoom, middle }: View): View {
  const scale = scaleOf({ image, window, view: { ...view, zoom } });
  const within = (value: number, side: number, seen: number): number => {
    const half = Math.min(seen / scale, side) / 2;
    return Math.min(side - half, Math.max(half, value));
  };
  return {
    zoom,
    middle: {
      x: within(middle.x, image.columns, window.width),
      y: within(middle.y, image.rows, window.height),
    },
  };
}
