/** Geometry of marks on an image: in its pixels, (0, 0) being the upper left corner of the upper left pixel. Pure. */
import { outlineOf, pointOf, type Shape } from '#shared/protocol/annotation-outline.ts';
import { LINE_POINTS_LIMIT, type Annotation, type AnnotationKind } from '#shared/protocol/annotations.ts';
import type { ImageSize, Point } from '../../kit/picture-view.ts';

export type Points = Annotation['points'];
type Pair = Points[number];

/** A hundredth of a pixel is finer than any hand can draw. */
const round = (value: number): number => Math.round(value * 100) / 100;
const within = (value: number, most: number): number => round(Math.min(most, Math.max(0, value)));

export const inImage = ({ x, y }: Point, { columns, rows }: ImageSize): Pair => [
  within(x, columns),
  within(y, rows),
];

/** The points of a mark drawn from one place to another; null where the distance is too short for a mark. */
export function pointsDrawn(kind: AnnotationKind, way: readonly Point[], extent: ImageSize): Points | null {
  const first = way[0];
  const last = way.at(-1);
  if (!first || !last) return null;
  if (kind === 'point' || kind === 'text') return [inImage(last, extent)];
  const ends = [inImage(first, extent), inImage(last, extent)];
  const [[x0, y0], [x1, y1]] = ends as [Pair, Pair];
  if (kind === 'line') {
    const points = thinned(way.map((point) => inImage(point, extent)));
    return points.length < 2 ? null : points;
  }
  const isFlat = x0 === x1 || y0 === y1;
  const isDot = x0 === x1 && y0 === y1;
  return isDot || (isFlat && (kind === 'box' || kind === 'ellipse')) ? null : ends;
}

/** Moves all points together, no further than the edges of the image allow. */
export function movedPoints(points: Points, by: Point, { columns, rows }: ImageSize): Points {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const limited = (wish: number, values: readonly number[], most: number) =>
    Math.min(most - Math.max(...values), Math.max(-Math.min(...values), wish));
  const dx = limited(by.x, xs, columns);
  const dy = limited(by.y, ys, rows);
  return points.map(([x, y]): Pair => [within(x + dx, columns), within(y + dy, rows)]);
}

/** Drags one handle to a place, while the opposite one stays. */
export function stretchedPoints(
  { kind, points }: Shape,
  handle: number,
  to: Point,
  extent: ImageSize,
): Points {
  const place = inImage(to, extent);
  if (kind !== 'box' && kind !== 'ellipse') return points.map((point, at) => (at === handle ? place : point));
  const [[x0, y0], [x1, y1]] = points as [Pair, Pair];
  const [x, y] = place;
  const isLeft = handle === 0 || handle === 3;
  const isTop = handle < 2;
  const ends: Points = [
    [isLeft ? x : x0, isTop ? y : y0],
    [isLeft ? x1 : x, isTop ? y1 : y],
  ];
  const isFlat = ends[0]![0] === ends[1]![0] || ends[0]![1] === ends[1]![1];
  return isFlat ? points : ends;
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

function toSegment(at: Point, from: Point, to: Point): number {
  const length = distance(from, to);
  if (length === 0) return distance(at, from);
  const along = ((at.x - from.x) * (to.x - from.x) + (at.y - from.y) * (to.y - from.y)) / length ** 2;
  const part = Math.min(1, Math.max(0, along));
  return distance(at, { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) });
}

/** The distance to the outline, in pixels of the image. */
export function distanceTo(shape: Shape, at: Point): number {
  const outline = outlineOf(shape);
  if (outline.length === 1) return distance(at, outline[0]!);
  let least = Infinity;
  for (let i = 1; i < outline.length; i += 1)
    least = Math.min(least, toSegment(at, outline[i - 1]!, outline[i]!));
  return least;
}

/**
 * The nearest mark within reach, the last drawn if several are equally near. Otherwise a box or ellipse that contains
 * the place; otherwise null.
 */
export function markAt<T extends Shape>(marks: readonly T[], at: Point, reach: number): T | null {
  const near = marks
    .map((mark) => ({ mark, away: distanceTo(mark, at) }))
    .filter(({ away }) => away <= reach)
    .toReversed()
    .toSorted((a, b) => a.away - b.away)[0];
  return near?.mark ?? marks.findLast((mark) => isAround(mark, at)) ?? null;
}

function isAround({ kind, points }: Shape, { x, y }: Point): boolean {
  if (kind !== 'box' && kind !== 'ellipse') return false;
  const [[x0, y0], [x1, y1]] = points as [Pair, Pair];
  const across = (2 * x - x0 - x1) / Math.abs(x1 - x0);
  const down = (2 * y - y0 - y1) / Math.abs(y1 - y0);
  return kind === 'box' ? Math.max(Math.abs(across), Math.abs(down)) <= 1 : across ** 2 + down ** 2 <= 1;
}

/** A new mark in the middle of the visible part, a quarter of it wide, for people without a pointer. */
export function pointsInMiddle(
  kind: AnnotationKind,
  { middle, width, height }: { readonly middle: Point; readonly width: number; readonly height: number },
  extent: ImageSize,
): Points {
  const half = { x: Math.max(1, width / 8), y: Math.max(1, height / 8) };
  const ends = [
    { x: middle.x - half.x, y: middle.y + (kind === 'length' ? 0 : -half.y) },
    { x: middle.x + half.x, y: middle.y + (kind === 'length' ? 0 : half.y) },
  ];
  const way = kind === 'point' || kind === 'text' ? [middle] : ends;
  // An image of one pixel has no room for two points.
  return (
    pointsDrawn(kind, way, extent) ?? [
      [0, 0],
      [extent.columns, extent.rows],
    ]
  );
}

/** Drawing for a minute gives more points than this; some are then dropped evenly. */
const DRAWN_LIMIT = 2 * LINE_POINTS_LIMIT;

const evenly = (points: Points, most: number): Points =>
  points.length <= most
    ? points
    : Array.from({ length: most }, (_, at) => points[Math.round((at * (points.length - 1)) / (most - 1))]!);

/**
 * The same line with fewer points. No dropped point lies further from it than a quarter of a pixel (Ramer, Douglas and
 * Peucker).
 */
export function thinned(drawn: Points): Points {
  const points = evenly(drawn, DRAWN_LIMIT);
  const kept = new Set([0, points.length - 1]);
  const open: [number, number][] = [[0, points.length - 1]];
  for (let span = open.pop(); span; span = open.pop()) {
    const [from, to] = span;
    const furthest = furthestFrom(points, from, to);
    if (furthest === null) continue;
    kept.add(furthest);
    open.push([from, furthest], [furthest, to]);
  }
  const left = points.filter(
    (point, at) => kept.has(at) && (at === 0 || point.join() !== points[at - 1]!.join()),
  );
  return evenly(left, LINE_POINTS_LIMIT);
}

const TOLERANCE = 0.25;

/** The point between two others that lies furthest from the straight line; null where all lie near it. */
function furthestFrom(points: Points, from: number, to: number): number | null {
  let furthest: number | null = null;
  let away = TOLERANCE;
  const start = pointOf(points[from]!);
  const end = pointOf(points[to]!);
  for (let at = from + 1; at < to; at += 1) {
    const off = toSegment(pointOf(points[at]!), start, end);
    if (off <= away) continue;
    away = off;
    furthest = at;
  }
  return furthest;
}
