/**
 * The elements that `retain-safe-private` keeps, by the names of PS3.15 Table E.3.10-1 and of pydicom's
 * private dictionary.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentified, text } from '#testing/deidentified-elements.ts';
import { tagName } from '../dicom/dictionary.ts';
import { numberValue, type NewElement } from '../dicom/encode.ts';
import { findElement } from '../dicom/values.ts';

type Vendor = readonly [group: number, creator: string, elements: readonly NewElement[]];

const number = (tag: number, vr: 'FD' | 'FL' | 'SL' | 'SS' | 'US', ...values: number[]): NewElement => ({
  tag,
  vr,
  value: numberValue(vr, values, { bigEndian: false }),
});

const SAFE: readonly Vendor[] = [
  [0x7053, 'Philips PET Private Group', [text(0x70531000, 'DS', '0.5'), text(0x70531009, 'DS', '1.2')]],
  [0x00e1, 'ELSCINT1', [text(0x00e11021, 'DS', '412.7'), text(0x00e11050, 'DS', '6')]],
  [0x01e1, 'ELSCINT1', [text(0x01e11026, 'CS', 'BODY')]],
  [
    0x01f1,
    'ELSCINT1',
    [
      text(0x01f11001, 'CS', 'HELIX'),
      text(0x01f11007, 'DS', '40'),
      text(0x01f11026, 'DS', '0.9'),
      text(0x01f11027, 'DS', '0.5'),
    ],
  ],
  [
    0x0019,
    'GEMS_ACQU_01',
    [text(0x00191023, 'DS', '39.4'), text(0x00191024, 'DS', '2.1'), text(0x0019109e, 'LO', 'EFGRE3D')],
  ],
  [0x0025, 'GEMS_SERS_01', [number(0x00251007, 'SL', 120)]],
  [0x0043, 'GEMS_PARM_01', [text(0x00431027, 'SH', '1.375:1'), text(0x00431039, 'IS', '800', '8')]],
  [0x0045, 'GEMS_HELIOS_01', [number(0x00451001, 'SS', 64), number(0x00451002, 'FL', 0.625)]],
  [0x0903, 'GEIIS PACS', [number(0x09031010, 'US', 1), number(0x09031012, 'US', 0)]],
  [0x2001, 'Philips Imaging DD 001', [number(0x20011003, 'FL', 1000), text(0x20011004, 'CS', 'I')]],
  [0x2005, 'Philips MR Imaging DD 001', [number(0x2005100d, 'FL', 0), number(0x2005100e, 'FL', 0.004)]],
  [
    0x0019,
    'SIEMENS MR HEADER',
    [
      text(0x0019100c, 'IS', '1000'),
      text(0x0019100d, 'CS', 'DIRECTIONAL'),
      number(0x0019100e, 'FD', 1, 0, 0),
    ],
  ],
  [0x0099, 'NQHeader', [number(0x00991004, 'SS', 0), text(0x00991020, 'CS', 'ML')]],
  [0x0199, 'NQLeft', [number(0x01991001, 'FL', 5.5), number(0x01991016, 'FL', 2.5)]],
  [0x0299, 'NQRight', [number(0x02991001, 'FL', 5.5)]],
];

const DATED: readonly Vendor[] = [
  [0x0009, 'GEMS_PETD_01', [text(0x0009100d, 'DT', '20240301093200'), text(0x0009107b, 'DT', '20240301')]],
  [0x0057, 'GEMS_VXTLSTATE_001', [text(0x00571007, 'DT', '20240301093200')]],
  [0x0019, 'GEMS_ACQU_01', [text(0x0019109d, 'DT', '20240301093200')]],
  [0x0009, 'SIEMENS CT VA0  IDE', [text(0x00091050, 'DA', '20240301')]],
  [0x7005, 'TOSHIBA_MEC_CT3', [text(0x70051024, 'DA', '20240301')]],
];

/** Calls `isRight` for the creator and each element, as the vendor writes them and as UN, as from implicit VR. */
async function eachLeft(
  vendors: readonly Vendor[],
  options: readonly string[],
  isRight: (left: Uint8Array | null, was: NewElement, said: string) => void,
) {
  for (const [group, creator, elements] of vendors) {
    for (const vr of [null, 'UN']) {
      const written = elements.map((element) => (vr === null ? element : { ...element, vr }));
      const all = [text(((group << 16) | 0x10) >>> 0, 'LO', creator), ...written];
      const { instance } = await deidentified(all, ['retain-safe-private', ...options]);
      for (const each of all)
        isRight(
          findElement(instance.elements, each.tag)?.bytes ?? null,
          each,
          `${creator} ${tagName(each.tag)} ${vr ?? ''}`,
        );
    }
  }
}
const isKept = (left: Uint8Array | null, { value }: NewElement, said: string) =>
  assert.equal(left, value, said);

test('every safe private attribute stays with its creator, as the vendor wrote it and as UN', async () => {
  await eachLeft(SAFE, [], isKept);
});

test('times of measurements are kept with the dates of the instance', async () => {
  await eachLeft(DATED, ['retain-longitudinal-full-dates'], isKept);
});

/** Values that only look like what the element holds. */
const FOREIGN: readonly Vendor[] = [
  [
    0x0019,
    'GEMS_ACQU_01',
    [
      text(0x00191023, 'DS', '1947-04-19'),
      text(0x00191024, 'DS', '555 867 5309'),
      text(0x0019109e, 'LO', 'QUILLFEATHER'),
    ],
  ],
  [0x01f1, 'ELSCINT1', [text(0x01f11001, 'CS', 'PAT0815'), text(0x01f11026, 'DS', '12345678901234567')]],
  [0x01e1, 'ELSCINT1', [text(0x01e11026, 'CS', 'NIGHTJAR')]],
  [0x0043, 'GEMS_PARM_01', [text(0x00431027, 'SH', '0815/4711/12')]],
  [0x2001, 'Philips Imaging DD 001', [text(0x20011004, 'CS', 'JANE')]],
  [0x0019, 'SIEMENS MR HEADER', [text(0x0019100d, 'CS', 'DOE JANE')]],
  [0x0099, 'NQHeader', [text(0x00991020, 'CS', 'X-4711')]],
];

test('a word that is no term of the element, or digits that are no number, are removed', async () => {
  await eachLeft(FOREIGN, [], (left, _, said) => assert.is(left, null, said));
});

test.run();
