/** The labels of marks: each at its own mark, or with a line to it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Point } from '#shared/protocol/annotation-outline.ts';
import { placeLabels, type Label, type LabelledMark } from './place-labels.ts';
import { pointsOf } from '../../testing/points-of.ts';

const test = suite('labels of marks');
const WINDOW = { width: 600, height: 500 };
const mark = (outline: readonly [number, number][] | null, isSelected = false): LabelledMark => ({
  outline: outline === null ? null : outline.map(([x, y]) => ({ x, y })),
  width: 90,
  isSelected,
});
/** The near end of the label, in the middle of its row. */
const distance = (label: Label, outline: readonly Point[]): number =>
  Math.min(...outline.map(({ x, y }) => Math.hypot(x - label.x, y - (label.y - 5))));
const isApart = (one: Label, other: Label): boolean => {
  const left = ({ x, isRight }: Label): number => (isRight ? x - 90 : x);
  return Math.abs(left(one) - left(other)) >= 90 || Math.abs(one.y - other.y) >= 20;
};

test('two short lengths near each other: each label is at its own, and none is at the other', () => {
  const marks = [
    mark(pointsOf(340, 400, 350, 400)),
    mark(pointsOf(342, 415, 354, 418)),
    mark(pointsOf(250, 470, 303, 474)),
  ];
  const labels = placeLabels(marks, WINDOW);
  for (const [at, label] of labels.entries()) {
    assert.ok(label !== null && isApart(label, labels[(at + 1) % 3]!));
    const own = distance(label, marks[at]!.outline!);
    if (label.leader === null) assert.ok(own < 30, `${at} stands ${own} away without a line`);
    else assert.ok(marks[at]!.outline!.some(({ x, y }) => x === label.leader!.x && y === label.leader!.y));
  }
});

test('a point above a box keeps its label, and the label of the box does not stand at the point', () => {
  const box = mark(pointsOf(200, 200, 300, 200, 300, 300, 200, 300));
  const point = mark([[312, 188]]);
  const [ofBox, ofPoint] = placeLabels([box, point], WINDOW);
  assert.ok(distance(ofPoint!, point.outline!) < 30 && ofPoint!.leader === null);
  assert.ok(distance(ofBox!, box.outline!) < distance(ofBox!, point.outline!));
});

test('no label lies over the line of another mark', () => {
  const long = mark(pointsOf(60, 236, 599, 236));
  const short = mark(pointsOf(560, 250, 560, 262));
  const label = placeLabels([long, short], WINDOW)[1]!;
  assert.ok(label.isRight, 'there is no room on its right');
  assert.ok(label.y - 15 > 236 || label.y + 5 < 236, `from ${label.y - 15} to ${label.y + 5}`);
});

test('in a crowd, a label that finds no place at its mark has a line to it; the chosen one never', () => {
  const crowd = Array.from({ length: 8 }, (_, at) => mark([[300 + at, 250 + at]], at === 7));
  const labels = placeLabels(crowd, WINDOW);
  assert.is(labels[7]!.leader, null);
  assert.ok(distance(labels[7]!, crowd[7]!.outline!) < 30);
  const lines = labels.filter((label) => label!.leader !== null);
  assert.ok(lines.length >= 4, `${lines.length} lines`);
  for (const [at, label] of labels.entries())
    assert.ok(label!.leader !== null || distance(label!, crowd[at]!.outline!) < 40, `${at}`);
  assert.ok(labels.every((one, at) => labels.every((other, of) => of === at || isApart(one!, other!))));
});

test('labels stay in the window, and a mark out of sight has none', () => {
  const labels = placeLabels([mark([[595, 3]]), mark(null), mark([[2, 498]])], WINDOW);
  assert.is(labels[1], null);
  assert.ok(labels[0]!.isRight && labels[0]!.y >= 16);
  assert.ok(!labels[2]!.isRight && labels[2]!.y <= 495);
});

test.run();
