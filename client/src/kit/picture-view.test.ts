/** A place in the image and its place in the window belong together, whatever part is in sight. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  movedView,
  pinchedView,
  scaleOf,
  toImage,
  toWindow,
  viewAfterKey,
  wholeImage,
  ZOOM_LIMIT,
  ZOOM_STEP,
  zoomedAt,
  zoomedBy,
  type Looking,
} from './picture-view.ts';

const image = { columns: 1000, rows: 500 };
const window = { width: 400, height: 400 };
const whole: Looking = { image, window, view: wholeImage(image) };
const near = ({ x, y }: { x: number; y: number }, other: { x: number; y: number }) =>
  Math.abs(x - other.x) < 1e-9 && Math.abs(y - other.y) < 1e-9;

test('the whole image stands in the middle of the window', () => {
  assert.is(scaleOf(whole), 0.4);
  assert.ok(near(toWindow(whole, { x: 0, y: 0 }), { x: 0, y: 100 }));
  assert.ok(near(toWindow(whole, { x: 1000, y: 500 }), { x: 400, y: 300 }));
  assert.ok(near(toImage(whole, { x: 200, y: 200 }), { x: 500, y: 250 }));
});

test('the pixel under the pointer stays under it, unless an edge would come in', () => {
  const at = { x: 100, y: 180 };
  const before = toImage(whole, at);
  const closer = { ...whole, view: zoomedAt(whole, 8, at) };
  assert.is(closer.view.zoom, 8);
  assert.ok(near(toImage(closer, at), before));
  const corner = { ...whole, view: zoomedAt(whole, 8, { x: 0, y: 0 }) };
  assert.ok(near(toImage(corner, { x: 0, y: 0 }), { x: 0, y: 0 }), 'the edges stay outside');
});

test('zoom ends at its limits, and out there the whole image is back', () => {
  const closest = { ...whole, view: zoomedAt(whole, 1e9, { x: 9, y: 9 }) };
  assert.is(closest.view.zoom, ZOOM_LIMIT);
  assert.equal(zoomedAt(closest, 1e-9, { x: 300, y: 9 }), wholeImage(image));
});

test('two fingers take the image with them, and their distance is its zoom', () => {
  const before = { x: 180, y: 200 };
  const other = { x: 220, y: 200 };
  const closer = { ...whole, view: zoomedBy(whole, 4) };
  const view = pinchedView(closer, { other, before, now: { x: 140, y: 200 } });
  assert.is(view.zoom, 8);
  assert.ok(near(toWindow({ ...closer, view }, { x: 500, y: 250 }), { x: 180, y: 200 }), 'with their middle');
});

test('keys zoom around the middle, move by a part of the window, and show all of it again', () => {
  const closer = { ...whole, view: viewAfterKey(whole, '+')! };
  assert.equal(closer.view, { zoom: ZOOM_STEP, middle: { x: 500, y: 250 } });
  assert.ok(viewAfterKey(closer, 'ArrowRight')!.middle.x > 500);
  assert.equal(viewAfterKey(closer, '0'), wholeImage(image));
  assert.is(viewAfterKey(closer, 'a'), null);
});

test('the image moves with the finger and stops at its edges', () => {
  const closer = { ...whole, view: zoomedAt(whole, 4, { x: 200, y: 200 }) };
  const moved = { ...closer, view: movedView(closer, { x: -16, y: 32 }) };
  assert.ok(near(toWindow(moved, { x: 500, y: 250 }), { x: 184, y: 232 }));
  const far = { ...closer, view: movedView(closer, { x: 1e9, y: -1e9 }) };
  assert.ok(near(toImage(far, { x: 0, y: 400 }), { x: 0, y: 500 }));
  assert.equal(movedView(whole, { x: 50, y: 50 }), whole.view, 'a whole image has nowhere to go');
});

test.run();
