/** A kept value has the form that its attribute has in the standard: anything else may be a name. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentified } from '#testing/deidentified-elements.ts';
import { concatBytes } from '../dicom/encode.ts';
import { findElement } from '../dicom/values.ts';

const test = suite('kept values');

const FULL_DATES = ['retain-longitudinal-full-dates'];
const FRAME_ORIGIN_TIMESTAMP = 0x00340007;

async function timestampAfter(bytes: Uint8Array): Promise<string> {
  const { instance } = await deidentified(
    [{ tag: FRAME_ORIGIN_TIMESTAMP, vr: 'OB', value: bytes }],
    FULL_DATES,
  );
  return Buffer.from(findElement(instance.elements, FRAME_ORIGIN_TIMESTAMP)?.bytes ?? []).toString('latin1');
}

test('the origin of a frame in time is kept where full dates are, and nothing else that stands in its place', async () => {
  const ascii = (text: string) => new TextEncoder().encode(text);
  const stamp = Uint8Array.of(0, 0, 0x69, 0x21, 0x7f, 0x80, 0x1d, 0xcd, 0x65, 0);
  assert.is(await timestampAfter(stamp), Buffer.from(stamp).toString('latin1'));
  for (const other of [
    ascii('DOE^JANE  '),
    concatBytes([stamp, ascii('DOE^JANE')]),
    stamp.slice(0, 8),
    // 4 294 967 295 nanoseconds are more than a second.
    Uint8Array.of(...stamp.slice(0, 6), 0xff, 0xff, 0xff, 0xff),
  ])
    assert.is.not(await timestampAfter(other), Buffer.from(other).toString('latin1'));
});

test.run();
