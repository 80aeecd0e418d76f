import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EndedBy } from './balancer.ts';
import { addRange, createUploadBytes, type Ranges, type UploadBytes } from './upload-bytes.ts';

const test = suite('bytes that travel twice');
const METADATA = 'upload dQ==,parcel cA==';

/** A request as it passes, in pieces of so many bytes. */
function* request(head: string, body: number, piece: number): Generator<Buffer> {
  const whole = Buffer.from(`${head}\r\nContent-Length: ${body}\r\n\r\n${'x'.repeat(body)}`);
  for (let at = 0; at < whole.length; at += piece) yield whole.subarray(at, at + piece);
}

const patch = (offset: number) => `PATCH /upload/files/one HTTP/1.1\r\nUpload-Offset: ${offset}`;

test('each byte of a parcel counts once, whatever pieces its requests come in', () => {
  for (const piece of [1, 7, 4096]) {
    const bytes = createUploadBytes();
    const ear = bytes.listen();
    for (const offset of [0, 100]) for (const part of request(patch(offset), 100, piece)) ear.up(part);
    const { inParcels, unique } = bytes.counts();
    assert.equal({ inParcels, unique }, { inParcels: 200, unique: 200 });
  }
});

test('bytes repeated after an interruption count as sent again, even on another connection', () => {
  const bytes = createUploadBytes();
  const cut = [...request(patch(0), 100, 1)].slice(0, -40);
  const before = bytes.listen();
  for (const part of cut) before.up(part);
  const after = bytes.listen();
  for (const part of request(patch(20), 80, 9)) after.up(part);
  const { inParcels, unique } = bytes.counts();
  assert.equal({ inParcels, unique }, { inParcels: 140, unique: 100 });
});

test('a parcel whose creation carried bytes is the same one that is patched later', () => {
  const bytes = createUploadBytes();
  const ear = bytes.listen();
  for (const part of request(`POST /upload/files HTTP/1.1\r\nUpload-Metadata: ${METADATA}`, 50, 8))
    ear.up(part);
  for (const part of ['HTTP/1.1 201 Created\r\nLocation: fi', 'les/one\r\n\r\n']) ear.down(Buffer.from(part));
  for (const part of request(patch(30), 70, 8)) ear.up(part);
  const { inParcels, unique } = bytes.counts();
  assert.equal({ inParcels, unique }, { inParcels: 120, unique: 100 });
});

test('bytes outside the parcels count only as sent', () => {
  const bytes = createUploadBytes();
  const ear = bytes.listen();
  for (const part of request('POST /upload/init HTTP/1.1\r\nContent-Type: application/json', 500, 64))
    ear.up(part);
  const { up, inParcels } = bytes.counts();
  assert.ok(up > 500);
  assert.is(inParcels, 0);
});

test('adding a range returns the owners of the ranges that it covers, and takes them over', () => {
  const ranges: Ranges<string> = [];
  const had: [number, string][] = [];
  for (const [from, to, by] of [
    [0, 10, 'a'],
    [20, 30, 'b'],
    [30, 40, 'b'],
    [5, 25, 'c'],
  ] as const) {
    addRange(ranges, [from, to, by], (bytes, before) => had.push([bytes, before]));
  }
  assert.equal(had, [
    [5, 'a'],
    [5, 'b'],
  ]);
  assert.equal(ranges, [
    [0, 5, 'a'],
    [5, 25, 'c'],
    [25, 40, 'b'],
  ]);
});

/** `bytes` from `offset` on in a PATCH of 100; then what the gateway answers, or who ends the connection. */
function carry(
  bytes: UploadBytes,
  offset: number,
  sent: number,
  then: { answer: string } | { ended: EndedBy } | null,
): void {
  const ear = bytes.listen();
  for (const part of [...request(patch(offset), 100, 1)].slice(0, sent - 100 || Infinity)) ear.up(part);
  if (then === null) return;
  if ('answer' in then) ear.down(Buffer.from(`HTTP/1.1 ${then.answer}\r\n\r\n`));
  else ear.ended(then.ended);
}

test('bytes sent again have the cause of their first request: refused, cut (and by whom), or accepted without the sender knowing', () => {
  const bytes = createUploadBytes((by) => (by === 'client' ? 'link cut' : by));
  carry(bytes, 0, 100, { answer: '507 Insufficient Storage\r\nContent-Length: 0' });
  carry(bytes, 0, 60, { ended: 'client' });
  carry(bytes, 40, 100, { ended: 'server' });
  carry(bytes, 90, 100, { answer: '204 No Content\r\nUpload-Offset: 150' });
  carry(bytes, 150, 100, null);
  assert.equal(bytes.counts().again, {
    'answered 507': 100,
    'link cut': 20,
    server: 50,
    'taken in part': 40,
  });
  assert.equal(
    bytes.sentAgain().map(({ from, bytes: came, again }) => [from, came, again]),
    [
      [0, 100, 100],
      [0, 60, 20],
      [40, 100, 50],
      [90, 100, 40],
    ],
  );
});

test.run();
