/**
 * The lines of an annotation, the same on screen and on paper. Coordinates are pixels of the image, with (0, 0) the
 * upper left corner of the upper left pixel, or whatever unit the caller has scaled them to. Pure.
 */
import type { Annotation } from './annotations.ts';

/** A point. Its coordinates may be fractions. */
export interface Point {
  readonly x: number;
  readonly y: number;
}
/** The part of an annotation that geometry needs. */
export type Shape = Pick<Annotation, 'kind' | 'points'>;
type Pair = Annotation['points'][number];

export const pointOf = ([x, y]: Pair): Point => ({ x, y });

/** The handles by which a shape is resized. Those of a box are its corners, clockwise from the first point. */
export function handlesOf({ kind, points }: Shape): readonly Point[] {
  const [first, last] = points;
  if (!first || !last || kind === 'line') return [];
  if (kind !== 'box' && kind !== 'ellipse') return points.map(pointOf);
  const [x0, y0] = first;
  const [x1, y1] = last;
  return [
    { x: x0, y: y0 },
    { x: x1, y: y0 },
    { x: x1, y: y1 },
    { x: x0, y: y1 },
  ];
}

/** The outline of a shape, as a polygon or an open line. */
export function outlineOf(shape: Shape): readonly Point[] {
  const corners = handlesOf(shape);
  if (shape.kind === 'box') return [...corners, corners[0]!];
  if (shape.kind !== 'ellipse') return shape.points.map(pointOf);
  const [a, , c] = corners as [Point, Point, Point, Point];
  const x = (a.x + c.x) / 2;
  const y = (a.y + c.y) / 2;
  const rx = Math.abs(c.x - a.x) / 2;
  const ry = Math.abs(c.y - a.y) / 2;
  return Array.from({ length: 65 }, (_, step) => {
    const angle = (step / 64) * 2 * Math.PI;
    return { x: x + rx * Math.cos(angle), y: y + ry * Math.sin(angle) };
  });
}

/** The length in mm if the spacing is known, else in pixels. `spacing`: between rows and between columns. */
export function lengthOf(
  points: Shape['points'],
  spacing: { readonly row: number; readonly column: number } | null,
): number {
  const [from, to] = points as [Pair, Pair];
  return Math.hypot((to[0] - from[0]) * (spacing?.column ?? 1), (to[1] - from[1]) * (spacing?.row ?? 1));
}

const ARM = 9;
const GAP = 3;
const HEAD = 12;
const TICK = 7;
const fixed = (value: number): string => value.toFixed(2);
const to = ({ x, y }: Point): string => `${fixed(x)} ${fixed(y)}`;

/**
 * The SVG path. `places`: the points of the outline in screen coordinates. Crosses, arrow heads and ticks keep their
 * size at every zoom.
 */
export function pathOf({ kind }: Pick<Shape, 'kind'>, places: readonly Point[]): string {
  const first = places[0]!;
  const last = places.at(-1)!;
  switch (kind) {
    case 'point':
    case 'text':
      return [
        [-1, 0],
        [1, 0],
        [0, -1],
        [0, 1],
      ]
        .map(([x, y]) => {
          const from = { x: first.x + x! * GAP, y: first.y + y! * GAP };
          const end = { x: first.x + x! * ARM, y: first.y + y! * ARM };
          return `M${to(from)}L${to(end)}`;
        })
        .join('');
    case 'arrow':
      return `${lineOf(places)}${headOf(first, last)}`;
    case 'length':
      return `${lineOf(places)}${tickOf(first, last)}${tickOf(last, first)}`;
    case 'box':
    case 'ellipse':
    case 'line':
      return lineOf(places);
    default:
      return kind satisfies never;
  }
}

const lineOf = (places: readonly Point[]): string => `M${places.map(to).join('L')}`;

function headOf(from: Point, tip: Point): string {
  const angle = Math.atan2(tip.y - from.y, tip.x - from.x);
  const side = (turn: number): Point => ({
    x: tip.x - HEAD * Math.cos(angle + turn),
    y: tip.y - HEAD * Math.sin(angle + turn),
  });
  return `M${to(side(0.5))}L${to(tip)}L${to(side(-0.5))}`;
}

function tickOf(at: Point, other: Point): string {
  const angle = Math.atan2(other.y - at.y, other.x - at.x) + Math.PI / 2;
  const by = { x: TICK * Math.cos(angle), y: TICK * Math.sin(angle) };
  return `M${to({ x: at.x - by.x, y: at.y - by.y })}L${to({ x: at.x + by.x, y: at.y + by.y })}`;
}
