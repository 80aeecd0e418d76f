import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addRange, createUploadBytes } from './upload-bytes.ts';

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

test('what comes again after a cut counts as sent again, on another connection too', () => {
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
  for (const part of request(`POST /upload/files HTTP/1.1\r\nUpload-Metadata: ${METADATA}`, 50, 8)) ear.up(part);
  for (const part of ['HTTP/1.1 201 Created\r\nLocation: fi', 'les/one\r\n\r\n']) ear.down(Buffer.from(part));
  for (const part of request(patch(30), 70, 8)) ear.up(part);
  const { inParcels, unique } = bytes.counts();
  assert.equal({ inParcels, unique }, { inParcels: 120, unique: 100 });
});

test('what stands beside the parcels is counted as travelled and nothing else', () => {
  const bytes = createUploadBytes();
  const ear = bytes.listen();
  for (const part of request('POST /upload/init HTTP/1.1\r\nContent-Type: application/json', 500, 64)) ear.up(part);
  const { up, inParcels } = bytes.counts();
  assert.ok(up > 500);
  assert.is(inParcels, 0);
});

test('ranges that touch become one, and only what is new in them counts', () => {
  const ranges: [number, number][] = [];
  assert.equal([addRange(ranges, 0, 10), addRange(ranges, 20, 30), addRange(ranges, 5, 25), addRange(ranges, 0, 30)], [10, 10, 10, 0]);
  assert.equal(ranges, [[0, 30]]);
});

test.run();
