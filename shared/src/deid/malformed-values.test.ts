/**
 * A name in the place of a number, a date or a sequence, or swallowed by a value whose length is wrong, does
 * not come out because the rules would keep what belongs there. Each case is the smallest that `npm run
 * lab -- deid-fuzz` left of what it found.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { rulesOf, settledFile } from '#testing/deidentified-file.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import { concatBytes, numberValue } from '../dicom/encode.ts';
import { findElement } from '../dicom/values.ts';

const RAW_DATA = '1.2.840.10008.5.1.4.1.1.66';
const NAME = 'QzVexquilX';
const bytesOf = (text: string) => new TextEncoder().encode(text);
const doubles = (...values: number[]) => numberValue('FD', values, { bigEndian: false });

/** The file as it leaves: settled, and whether the name is in it. */
async function deidentified(elements: readonly SimpleElement[], ...options: string[]) {
  const file = builtFile(elements, { sopClass: RAW_DATA });
  const { bytes, instance } = await settledFile(file, rulesOf(...options));
  return {
    hasName: Buffer.from(bytes).includes(NAME),
    value: (tag: number) => findElement(instance.elements, tag)?.bytes ?? null,
  };
}

test('a safe private attribute stays where it holds what the table says (PS3.15 Table E.3.10-1), and goes where it holds a name', async () => {
  const creator = [0x00190010, 'LO', 'SIEMENS MR HEADER'] as const;
  const safe = async (tag: number, vr: string, value: string | Uint8Array) => {
    const { value: after, hasName } = await deidentified([creator, [tag, vr, value]], 'retain-safe-private');
    assert.not(hasName, `${tag.toString(16)} ${vr}`);
    return after(tag) !== null;
  };
  assert.ok(await safe(0x0019100c, 'IS', '1000'));
  assert.ok(await safe(0x0019100c, 'UN', bytesOf('1000')));
  assert.ok(await safe(0x0019100d, 'CS', 'DIRECTIONAL'));
  assert.ok(await safe(0x0019100e, 'FD', doubles(0.7, -0.1, 0)));
  assert.ok(await safe(0x0019100e, 'UN', doubles(0.7, -0.1, 0)));
  assert.not(await safe(0x0019100c, 'LO', NAME));
  assert.not(await safe(0x0019100c, 'FD', bytesOf(`${NAME}123456`)));
  assert.not(await safe(0x0019100e, 'FD', bytesOf(`${NAME}${NAME}1234`)));
  assert.not(await safe(0x0019100e, 'UN', bytesOf(`${NAME}${NAME}1234`)));
  assert.not(await safe(0x0019100e, 'FD', concatBytes([doubles(0.7), bytesOf(`${NAME}123456`)])));
  assert.not(await safe(0x0019100c, 'FL', bytesOf(`${NAME}12`)));
  assert.not(await safe(0x0019100d, 'CS', bytesOf(`A\0${'x'.repeat(70)}`)));
});

test('surplus bytes do not count as numbers of an attribute', async () => {
  // ASL Pulse Train Duration: UL, one value (PS3.6).
  const { value, hasName } = await deidentified([[0x00189258, 'UL', bytesOf(`${NAME}12`)]]);
  assert.not(hasName);
  assert.is(value(0x00189258)?.length, 4);
  assert.equal(
    (await deidentified([[0x00189258, 'UL', Uint8Array.of(7, 0, 0, 0)]])).value(0x00189258),
    Uint8Array.of(7, 0, 0, 0),
  );
});

test('neither do bytes under another binary VR, or more than the reader keeps', async () => {
  // Pregnancy Status: US, one value, listed with an option that keeps it.
  for (const value of [
    bytesOf(`${NAME}123456`),
    concatBytes([new Uint8Array(66_000).fill(0x20), bytesOf(NAME)]),
  ]) {
    for (const vr of ['OV', 'UN'])
      assert.not(
        (await deidentified([[0x001021c0, vr, value]], 'retain-patient-characteristics')).hasName,
        vr,
      );
  }
  assert.equal(
    (await deidentified([[0x001021c0, 'US', Uint8Array.of(4, 0)]], 'retain-patient-characteristics')).value(
      0x001021c0,
    ),
    Uint8Array.of(4, 0),
  );
});

test('a text value that swallowed the following elements is not text: it contains control characters (PS3.5 §6.1.3)', async () => {
  const swallowed = `MAKER \x08\0\x80\0LO\x0a\0${NAME}`;
  for (const vr of ['LO', 'UN'])
    assert.not((await deidentified([[0x00080070, vr, bytesOf(swallowed)]])).hasName, vr);
});

test('a date or a time that is too long to be read, or that is a sequence, is none', async () => {
  const dates = 'retain-longitudinal-full-dates';
  const long = concatBytes([new Uint8Array(66_000).fill(0x20), bytesOf(NAME)]);
  // Selector TM Value: listed, with the option for dates; Study Date.
  for (const tag of [0x0072006b, 0x00080020]) {
    assert.not((await deidentified([[tag, 'UN', long]], dates)).hasName);
    assert.not((await deidentified([[tag, 'SQ', [[0x00100010, 'PN', NAME]]]], dates)).hasName);
  }
  assert.equal(
    (await deidentified([[0x00080020, 'DA', '20240229']], dates)).value(0x00080020),
    bytesOf('20240229'),
  );
});

test('such a value is no UID either', async () => {
  const long = concatBytes([new Uint8Array(66_000).fill(0x20), bytesOf(NAME)]);
  // Frame of Reference UID; Referenced SOP Class UID, which no policy replaces; Patient's Age.
  assert.not((await deidentified([[0x00200052, 'UN', long]], 'retain-uids')).hasName);
  assert.not((await deidentified([[0x00081150, 'UN', long]])).hasName);
  assert.not((await deidentified([[0x00101010, 'UN', long]], 'retain-patient-characteristics')).hasName);
});

test('numbers under another VR are none where they read as words', async () => {
  // Lens Specification: FD, four values (PS3.6).
  const retained = async (vr: string, value: Uint8Array) =>
    deidentified([[0x0016004e, vr, value]], 'retain-device-identity');
  assert.not((await retained('AT', bytesOf(`${NAME}08`))).hasName);
  assert.not((await retained('FD', bytesOf(`${NAME}${NAME}${NAME}12`))).hasName);
  assert.equal((await retained('FD', doubles(24, 70, 2.8, 4))).value(0x0016004e), doubles(24, 70, 2.8, 4));
});

test('a character set with an invalid VR is replaced, and the text that can no longer be decoded is removed', async () => {
  for (const vr of ['ST', 'UL']) {
    const { value, hasName } = await deidentified(
      [
        [0x00080005, vr, bytesOf('ISO_IR 100')],
        [0x00081030, 'LO', `Follow-up of ${NAME}`],
        [0x00100010, 'PN', NAME],
      ],
      'clean-descriptors',
    );
    assert.not(hasName);
    assert.equal(
      [Buffer.from(value(0x00080005)!).toString().trim(), value(0x00081030)],
      ['REMOVED', null],
      vr,
    );
  }
});

test('a coding scheme under another VR is replaced, and its code no longer counts as one of the standard', async () => {
  const code: SimpleElement[] = [
    [0x00080100, 'SH', '121320'],
    [0x00080102, 'LT', 'DCM'],
    [0x00080104, 'LO', 'Uncompressed predecessor'],
  ];
  const item: SimpleElement[] = [
    [0x00081155, 'UI', '1.2.3.4'],
    [0x0040a170, 'SQ', code],
  ];
  await deidentified([[0x00082112, 'SQ', item]]);
});

test.run();
