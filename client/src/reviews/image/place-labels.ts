/**
 * Places the labels of marks: at a corner of their own mark, clear of other labels and of the lines of other marks. A
 * label without such a place stands further away, with a line to its mark.
 */
import type { Point } from '#shared/protocol/annotation-outline.ts';

export type LabelledMark = {
  /** In CSS pixels of the page; null: out of sight. */
  readonly outline: readonly Point[] | null;
  /** The estimated width of the mark's label, before it is drawn. */
  readonly width: number;
  readonly isSelected: boolean;
};
export type Label = Point & {
  /** The label ends at `x` instead of starting there. */
  readonly isRight: boolean;
  /** The end of the leader line at the mark; null: the label stands at the mark. */
  readonly leader: Point | null;
};
type Window = { readonly width: number; readonly height: number };
type Box = { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };

/** In CSS pixels: a row of text, above and below its baseline, and its distance from the mark. */
const ROW = { height: 20, above: 15, below: 5, beside: 8 } as const;
/** Rows further away than this are not tried: a place was found before, or none helps. */
const FURTHEST_ROWS = 12;
/** The most steps along a line that runs far outside the window. */
const FURTHEST_STEPS = 500;

/** Returns labels in the order of the marks. The selected mark is placed first, so its label is always at the mark. */
export function placeLabels(marks: readonly LabelledMark[], window: Window): readonly (Label | null)[] {
  const corners = marks.map(({ outline }) => (outline === null ? [] : cornersOf(outline, window)));
  const ways = marks.map(({ outline }) => (outline === null ? [] : alongOf(outline)));
  const labels: (Label | null)[] = marks.map(() => null);
  const taken: Box[] = [];
  const order = [...marks.keys()].toSorted(
    (a, b) => Number(marks[b]!.isSelected) - Number(marks[a]!.isSelected),
  );
  for (const at of order) {
    const own = corners[at]!;
    if (own.length === 0) continue;
    const { width } = marks[at]!;
    const others = ways.flatMap((places, of) => (of === at ? [] : places));
    const boxOf = (label: Label): Box => boxAround(label, width);
    const places = placesAround(own, window).filter((label) => isInside(boxOf(label), window));
    const free = places.filter((label) => !taken.some((box) => isOver(box, boxOf(label))));
    const clear = free.find((label) => !others.some((place) => isIn(boxOf(label), place)));
    const label = clear ?? free[0] ?? fallbackAt(own[0]!, window);
    labels[at] = label;
    taken.push(boxOf(label));
  }
  return labels;
}

/** Points on the outline, so close together that no label fits between two of them. */
function alongOf(outline: readonly Point[]): readonly Point[] {
  return outline.flatMap((from, at) => {
    const to = outline[at + 1] ?? from;
    const steps = Math.min(FURTHEST_STEPS, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / ROW.beside));
    const share = (step: number) => step / Math.max(1, steps);
    return Array.from({ length: Math.max(1, steps) }, (_, step) => ({
      x: from.x + (to.x - from.x) * share(step),
      y: from.y + (to.y - from.y) * share(step),
    }));
  });
}

/**
 * The upper right, upper left, lower right and lower left corners. A corner out of sight is moved to the nearest place
 * in the window.
 */
function cornersOf(outline: readonly Point[], { width, height }: Window): readonly Point[] {
  return CORNERS.map(({ right, down }) => {
    const rank = ({ x, y }: Point) => -down * y - (right * x) / 4;
    const { x, y } = outline.reduce((best, place) => (rank(place) < rank(best) ? place : best));
    return { x: Math.min(width, Math.max(0, x)), y: Math.min(height, Math.max(0, y)) };
  });
}
const CORNERS = [
  { right: 1, down: -1 },
  { right: -1, down: -1 },
  { right: 1, down: 1 },
  { right: -1, down: 1 },
] as const;

/** Possible places, nearest first: at the corners, then row by row away from the first corner. */
function placesAround(corners: readonly Point[], { height }: Window): readonly Label[] {
  const near = corners.map(({ x, y }, at): Label => {
    const { right, down } = CORNERS[at]!;
    const isTop = down < 0;
    return {
      x: x + right * ROW.beside,
      y: isTop ? Math.max(ROW.above + 1, y - ROW.beside) : Math.min(height - ROW.below - 1, y + ROW.height),
      isRight: right < 0,
      leader: null,
    };
  });
  const anchor = corners[0]!;
  const far = Array.from({ length: FURTHEST_ROWS }, (_, at) => at + 1).flatMap((rows) =>
    [-1, 1].flatMap((towards) =>
      [1, -1].map(
        (right): Label => ({
          x: anchor.x + right * (ROW.beside + ROW.height),
          y: anchor.y - ROW.beside + towards * rows * ROW.height,
          isRight: right < 0,
          leader: anchor,
        }),
      ),
    ),
  );
  return [...near, ...far];
}

/** The place used in a window that is full or too narrow for the label. */
const fallbackAt = ({ x, y }: Point, { width }: Window): Label => {
  const isRight = x > width * 0.7;
  return {
    x: x + (isRight ? -ROW.beside : ROW.beside),
    y: Math.max(ROW.above + 1, y - ROW.beside),
    ...{ isRight, leader: null },
  };
};

const boxAround = ({ x, y, isRight }: Label, width: number): Box => ({
  ...(isRight ? { left: x - width, right: x } : { left: x, right: x + width }),
  ...{ top: y - ROW.above, bottom: y + ROW.below },
});
const isInside = ({ left, right, top, bottom }: Box, { width, height }: Window): boolean =>
  left >= 0 && right <= width && top >= 0 && bottom <= height;
const isOver = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
const isIn = ({ left, right, top, bottom }: Box, { x, y }: Point): boolean =>
  x >= left && x <= right && y >= top && y <= bottom;
