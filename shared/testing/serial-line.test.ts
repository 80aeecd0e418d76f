import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSerialLine } from './serial-line.ts';

/** 1 000 bytes a millisecond. */
const line = () => createSerialLine({ bytesPerSecond: 1_000_000, delayMs: 50, queueBytes: 10_000 });

test('a piece arrives when the wire has carried it and it has travelled', () => {
  assert.equal(line().send(3_000, 100), 100 + 3 + 50);
});

test('pieces share the wire one after the other, however they come', () => {
  const wire = line();
  assert.equal(wire.send(2_000, 0), 52);
  assert.equal(wire.send(2_000, 0), 54);
  assert.equal(wire.send(2_000, 1), 56);
});

test('so many bytes take so long, even if each piece is offered late by the jitter of a timer', () => {
  const wire = line();
  let arrived = 0;
  for (let sent = 0; sent < 1000; sent += 1) arrived = wire.send(1_000, sent - 3 + (sent % 4));
  assert.ok(Math.abs(arrived - 1050) < 4, `arrived at ${arrived}`);
});

test('a full queue has room again once the excess has left', () => {
  const wire = line();
  wire.send(12_000, 0);
  assert.equal(wire.queued(0), 12_000);
  assert.equal(wire.roomAt(), 2);
  assert.equal(wire.queued(2), 10_000);
  assert.equal(wire.queued(12), 0);
});

test('the idle time of the wire is reported', () => {
  const wire = line();
  wire.send(1_000, 10);
  wire.send(1_000, 40);
  wire.send(1_000, 42);
  assert.equal(wire.gaps, [{ from: 11, ms: 29 }]);
});

test('a cut loses what waits, and the wire is free at once', () => {
  const wire = line();
  wire.send(100_000, 0);
  wire.clear(5);
  assert.equal(wire.queued(5), 0);
  assert.equal(wire.send(1_000, 5), 56);
});

test.run();
