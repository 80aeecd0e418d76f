/** Marks lie where they were drawn, stay inside the image, and are found where they are seen. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { handlesOf, lengthOf, outlineOf } from '#shared/protocol/annotation-outline.ts';
import { ANNOTATION_KINDS, annotationSchema, LINE_POINTS_LIMIT } from '#shared/protocol/annotations.ts';
import { toImage, toWindow, ZOOM_LIMIT, zoomedAt, wholeImage, type Point } from '../../kit/picture-view.ts';
import {
  distanceTo,
  inImage,
  markAt,
  movedPoints,
  pointsDrawn,
  pointsInMiddle,
  stretchedPoints,
  thinned,
  type Points,
} from './marks.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { pointsOf } from '../../testing/points-of.ts';

const side = fc.integer({ min: 2, max: 5000 });
const extents = fc.record({ columns: side, rows: side });
const part = fc.double({ min: 0, max: 1, noNaN: true });
const far = fc.double({ min: -9000, max: 9000, noNaN: true });
const anywhere: fc.Arbitrary<Point> = fc.record({ x: far, y: far });
const kinds = fc.constantFrom(...ANNOTATION_KINDS);

const isIn = (points: Points, { columns, rows }: { columns: number; rows: number }) =>
  points.every(([x, y]) => x >= 0 && x <= columns && y >= 0 && y <= rows);

test('a place that is pressed is found again within half a pixel of the image, at every zoom', () => {
  const zooms = fc.double({ min: 1, max: ZOOM_LIMIT, noNaN: true });
  fc.assert(
    fc.property(extents, zooms, part, part, (image, zoom, across, down) => {
      const window = { width: 733, height: 411 };
      const middle = { x: window.width * across, y: window.height * down };
      const whole = { image, window, view: wholeImage(image) };
      const looking = { ...whole, view: zoomedAt(whole, zoom, middle) };
      const pressed = { x: window.width * down, y: window.height * across };
      const there = toImage(looking, pressed);
      const [x, y] = inImage(there, image);
      const isInside = there.x >= 0 && there.x <= image.columns && there.y >= 0 && there.y <= image.rows;
      if (isInside) assert.ok(Math.hypot(x - there.x, y - there.y) < 0.5);
      const back = toImage(looking, toWindow(looking, { x, y }));
      assert.ok(Math.hypot(back.x - x, back.y - y) < 1e-6);
    }),
  );
});

test('whatever is drawn, moved or stretched stays in the image, and moving keeps its form', () => {
  fc.assert(
    fc.property(
      fc.record({ extent: extents, kind: kinds, way: fc.array(anywhere, { minLength: 2, maxLength: 40 }) }),
      fc.record({ by: anywhere, to: anywhere, handle: fc.nat(3) }),
      ({ extent, kind, way }, { by, to, handle }) => {
        const points = pointsDrawn(kind, way, extent);
        if (points === null) return;
        assert.ok(isIn(points, extent));
        const moved = movedPoints(points, by, extent);
        assert.ok(isIn(moved, extent));
        const first = points[0]!;
        for (const [at, [x, y]] of points.entries()) {
          assert.ok(Math.abs(moved[at]![0] - moved[0]![0] - (x - first[0])) < 0.05);
          assert.ok(Math.abs(moved[at]![1] - moved[0]![1] - (y - first[1])) < 0.05);
        }
        const shape = { kind, points };
        if (handle >= handlesOf(shape).length) return;
        const stretched = stretchedPoints(shape, handle, to, extent);
        assert.ok(isIn(stretched, extent));
        assert.is(stretched.length, points.length);
      },
    ),
  );
});

test('a mark is found at its outline, and not far from it', () => {
  fc.assert(
    fc.property(extents, kinds, part, part, (extent, kind, across, down) => {
      const way = [
        { x: extent.columns * across, y: extent.rows * down },
        { x: extent.columns * (1 - across), y: extent.rows * (1 - down) },
      ];
      const points = pointsDrawn(kind, way, extent);
      if (points === null) return;
      const mark = { kind, points };
      for (const place of outlineOf(mark)) {
        assert.ok(distanceTo(mark, place) < 0.01);
        assert.is(markAt([mark], place, 1), mark);
      }
      assert.is(markAt([mark], { x: -500, y: -500 }, 8), null);
    }),
  );
});

test('a press inside a box takes the box, and a mark in it by its own line', () => {
  const box = {
    kind: 'box' as const,
    points: pointsOf(10, 10, 90, 90),
  };
  const inner = { kind: 'point' as const, points: [[50, 50]] as Points };
  assert.is(markAt([inner, box], { x: 30, y: 70 }, 4), box);
  assert.is(markAt([inner, box], { x: 52, y: 50 }, 4), inner);
  assert.is(markAt([inner, box], { x: 95, y: 95 }, 4), null);
});

test('a corner that is dragged moves two edges; a box cannot become a line', () => {
  const extent = { columns: 100, rows: 100 };
  const box = {
    kind: 'box' as const,
    points: pointsOf(10, 20, 50, 60),
  };
  const to = { x: 70, y: 30 };
  assertEach([0, 1, 2, 3], (handle) => stretchedPoints(box, handle, to, extent), [
    pointsOf(70, 30, 50, 60),
    pointsOf(10, 30, 70, 60),
    pointsOf(10, 20, 70, 30),
    pointsOf(70, 20, 50, 30),
  ]);
  assert.equal(stretchedPoints(box, 2, { x: 10, y: 70 }, extent), box.points);
});

test('a length is in mm where the distance of pixels is known, down and across each by its own', () => {
  const points: Points = pointsOf(10, 10, 40, 50);
  assert.is(lengthOf(points, null), 50);
  assert.is(lengthOf(points, { row: 0.5, column: 0.5 }), 25);
  assert.ok(Math.abs(lengthOf(points, { row: 1, column: 2 }) - Math.hypot(60, 40)) < 1e-9);
});

test('a free line keeps its form with fewer points, and never more than it may have', () => {
  const circle = (count: number, radius: number): Points =>
    Array.from({ length: count }, (_, at) => {
      const angle = (at / count) * 2 * Math.PI;
      return [2000 + radius * Math.cos(angle), 2000 + radius * Math.sin(angle)];
    });
  const points = circle(3000, 300);
  const line = { kind: 'line' as const, points: thinned(points) };
  assert.ok(line.points.length < 200);
  for (const [x, y] of points) assert.ok(distanceTo(line, { x, y }) < 0.5);
  const noise = Array.from({ length: 9000 }, (_, at): [number, number] => [at / 3, at % 2 === 0 ? 0 : 900]);
  assert.ok(thinned(noise).length <= LINE_POINTS_LIMIT);
});

test('each kind can be set in the middle without a pointer, and the gateway takes it', () => {
  fc.assert(
    fc.property(extents, kinds, (extent, kind) => {
      const inSight = { middle: { x: extent.columns / 2, y: extent.rows / 2 }, width: 40, height: 40 };
      const points = pointsInMiddle(kind, inSight, extent);
      assert.ok(isIn(points, extent));
      const uids = { studyInstanceUID: '1.2', seriesInstanceUID: '1.2', sopInstanceUID: '1.2' };
      const mark = { id: crypto.randomUUID(), number: 1, kind, ...uids, frame: 1, points, label: 'x' };
      assert.ok(annotationSchema.safeParse(mark).success, JSON.stringify(mark));
    }),
  );
});

test.run();
