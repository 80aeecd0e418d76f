import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  STUDY_UID,
  deidentified,
  holds,
  sequence,
  shownValue,
  text,
} from '#testing/deidentified-elements.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import { isPrivate } from '../dicom/dictionary.ts';
import { textValue } from '../dicom/encode.ts';
import { findElement } from '../dicom/values.ts';

test('a birth date in a report is removed under every retain option', async () => {
  const birthDate = [
    text(0x00080100, 'SH', '121031'),
    text(0x00080102, 'SH', 'DCM'),
    text(0x00080104, 'LO', 'Subject Birth Date'),
  ];
  const item = [
    text(0x0040a040, 'CS', 'DATE'),
    sequence(0x0040a043, birthDate),
    text(0x0040a121, 'DA', '19470419'),
  ];
  const options = [
    'retain-longitudinal-full-dates',
    'retain-patient-characteristics',
    'clean-structured-content',
  ];
  const { bytes } = await deidentified([sequence(0x0040a730, item)], options);
  assert.ok(holds(bytes, 'Subject Birth Date'));
  assert.not.ok(holds(bytes, '19470419'));
});

test('the administration time of a tracer is kept with the dates of the instance and moved with them', async () => {
  const elements = [
    text(0x00080020, 'DA', '20240301'),
    text(0x00090010, 'LO', 'GEMS_PETD_01'),
    text(0x0009103b, 'DT', '20240301093200.00'),
    text(0x00091005, 'DT', '20240301'),
    text(0x0009100d, 'DT', 'DOE JANE'),
  ];
  const left = async (...options: string[]) => {
    const { instance, outcome } = await deidentified(elements, options);
    const said = outcome.report.find(({ path }) => path === '0009,103b');
    return [0x00090010, 0x0009103b, 0x00091005, 0x0009100d]
      .map((tag) => shownValue(instance.elements, tag))
      .concat(shownValue(instance.elements, 0x00080020), `${said?.action} ${said?.because}`);
  };
  const [creator, given, other, name, studied, moved] = await left(
    'retain-safe-private',
    'retain-longitudinal-modified-dates',
  );
  assert.is(moved, 'C safe-private');
  assert.equal([creator, other, name], ['GEMS_PETD_01', null, null]);
  assert.is(given, `${studied}093200.00`);
  assert.is.not(studied, '20240301');
  assert.equal(await left('retain-safe-private', 'retain-longitudinal-full-dates'), [
    'GEMS_PETD_01',
    '20240301093200.00',
    null,
    null,
    '20240301',
    'K safe-private',
  ]);
  assert.equal((await left('retain-safe-private')).slice(0, 4), [null, null, null, null]);
});

test('dates of one patient move by the same days in every study, with the option for it; times stay', async () => {
  const options = ['retain-longitudinal-modified-dates'];
  const study = async (date: string) => {
    const { instance } = await deidentified(
      [
        text(0x00080020, 'DA', date),
        text(0x00080030, 'TM', '101112'),
        text(0x0008002a, 'DT', `${date}101112.5+0100`),
        text(0x00100030, 'DA', '19470419'),
      ],
      options,
    );
    return instance;
  };
  const one = await study('20240301');
  const two = await study('20240311');
  const dayOf = (instance: ParsedInstance) =>
    Date.parse((shownValue(instance.elements, 0x00080020) ?? '').replace(/(....)(..)(..)/, '$1-$2-$3')) /
    86_400_000;
  assert.is(dayOf(two) - dayOf(one), 10);
  assert.is.not(shownValue(one.elements, 0x00080020), '20240301');
  assert.is(shownValue(one.elements, 0x0008002a), `${shownValue(one.elements, 0x00080020)}101112.5+0100`);
  assert.is(shownValue(one.elements, 0x00080030), '101112');
  assert.is(shownValue(one.elements, 0x00280303), 'MODIFIED');
  assert.is(shownValue(one.elements, 0x00100030), '');
});

test('options keep only what they name, and no one over 89 is singled out by age', async () => {
  const elements = [
    text(0x00100040, 'CS', 'F'),
    text(0x00101010, 'AS', '097Y'),
    text(0x00181000, 'LO', 'SN-1'),
    text(0x00080080, 'LO', 'Hospital'),
    text(0x00080020, 'DA', '20240301'),
  ];
  const kept = async (option: string) => {
    const { instance } = await deidentified(elements, [option]);
    return [0x00100040, 0x00101010, 0x00181000, 0x00080080, 0x00080020, 0x0020000d].map((tag) =>
      shownValue(instance.elements, tag)?.replace(/^2\.25.*/, 'U'),
    );
  };
  assert.equal(await kept('retain-patient-characteristics'), ['F', '090Y', 'REMOVED', 'REMOVED', '', 'U']);
  const { instance } = await deidentified(
    [text(0x00101010, 'AS', '055Y')],
    ['retain-patient-characteristics'],
  );
  assert.is(shownValue(instance.elements, 0x00101010), '055Y');
  assert.equal(await kept('retain-device-identity'), ['', undefined, 'SN-1', 'REMOVED', '', 'U']);
  assert.equal(await kept('retain-institution-identity'), ['', undefined, 'REMOVED', 'Hospital', '', 'U']);
  assert.equal(await kept('retain-longitudinal-full-dates'), [
    '',
    undefined,
    'REMOVED',
    'REMOVED',
    '20240301',
    'U',
  ]);
  assert.equal(await kept('retain-uids'), ['', undefined, 'REMOVED', 'REMOVED', '', STUDY_UID]);
});

test('safe private attributes stay with their creator, with the option for it', async () => {
  const elements = [
    text(0x00190010, 'LO', 'SIEMENS MR HEADER'),
    text(0x0019100c, 'IS', '1000'),
    text(0x00191008, 'CS', 'CANARY'),
    text(0x00290010, 'LO', 'SIEMENS CSA HEADER'),
    { tag: 0x00291010, vr: 'OB', value: textValue('LO', 'CANARY') },
  ];
  const { bytes, instance } = await deidentified(elements, ['retain-safe-private']);
  assert.is(shownValue(instance.elements, 0x0019100c), '1000');
  assert.equal(
    instance.elements.filter(({ tag }) => isPrivate(tag)).map(({ tag }) => tag),
    [0x00190010, 0x0019100c],
  );
  assert.not.ok(holds(bytes, 'CANARY'));
});

test('retained UIDs may have the spaces that careless devices pad them with', async () => {
  const list = text(0x00080058, 'UI', '1.2.3.4 ', ' ', ' 1.2.3.5');
  const { instance } = await deidentified([list], ['retain-uids']);
  assert.is(shownValue(instance.elements, 0x00080058), '1.2.3.4 \\ \\ 1.2.3.5');
});

test('a list that grows when its UIDs are replaced can still be read, even beyond the length of its VR (PS3.5 §6.2.2)', async () => {
  const list = Array.from({ length: 6_000 }, (_, at) => `1.2.${at}`);
  const { instance } = await deidentified([text(0x00080058, 'UI', ...list), text(0x00080060, 'CS', 'CT')]);
  assert.ok(findElement(instance.elements, 0x00080058)!.valueLength > 0xffff);
  assert.is(shownValue(instance.elements, 0x00080060), 'CT');
});

test('UIDs of the standard itself name nobody, and stay (PS3.6 Annex A)', async () => {
  const reference = sequence(0x00081140, [
    text(0x00081150, 'UI', '1.2.840.10008.1.20.1'),
    text(0x00081155, 'UI', '1.2.840.10008.1.20.1.1'),
  ]);
  const list = text(0x00080058, 'UI', '1.2.840.10008.1.20.1.1 ', '', '1.2.3.4');
  const { instance } = await deidentified([reference, list]);
  assert.match(shownValue(instance.elements, 0x00080058)!, /^1\.2\.840\.10008\.1\.20\.1\.1\\\\2\.25\.\d+$/);
  const [item] = findElement(instance.elements, 0x00081140)!.items!;
  assert.is(shownValue(item!.elements, 0x00081155), '1.2.840.10008.1.20.1.1');
});

test('retained references lose the prose next to them; another retained sequence keeps harmless elements', async () => {
  const item = [text(0x00080070, 'LO', 'Maker of pumps')];
  const elements = [sequence(0x00081140, item), sequence(0x00081111, item)];
  const { instance } = await deidentified(elements, ['retain-uids']);
  const makers = [0x00081140, 0x00081111].map((tag) =>
    shownValue(findElement(instance.elements, tag)!.items![0]!.elements, 0x00080070),
  );
  assert.equal(makers, ['REMOVED', 'Maker of pumps']);
});

test.run();
