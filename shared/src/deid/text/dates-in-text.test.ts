import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADDITIONAL_PATIENT_HISTORY, cleaned, saysOf } from '#testing/cleaned-text.ts';
import { fileOf, text } from '#testing/deidentified-elements.ts';
import { parsed, rulesOf } from '#testing/deidentified-file.ts';
import { findElement, textOf } from '../../dicom/values.ts';
import { createTextCleaner } from './clean-text.ts';
import { knownIn } from './hold-known-values.ts';

const test = suite('dates in text');

test('moves dates by the patient’s days, in their own format; birth dates are removed', async () => {
  const { instance } = await cleaned([], 'retain-longitudinal-modified-dates');
  const moved = textOf(findElement(instance.elements, 0x00080020), instance)!;
  const y = moved.slice(0, 4);
  const m = moved.slice(4, 6);
  const d = moved.slice(6);
  const month = new Date(Date.UTC(2000, Number(m) - 1)).toLocaleString('en', {
    month: 'long',
    timeZone: 'UTC',
  });
  const said =
    'on 14.03.2024, 03/14/24, 2024-03-14, 14 March 2024, 14MAR2024, 20240314101500; born 2 May 1961';
  const expected = `on ${d}.${m}.${y}, ${m}/${d}/${y.slice(2)}, ${y}-${m}-${d}, ${d} ${month} ${y}, ${d}${month.slice(0, 3).toUpperCase()}${y}, ${moved}101500; born [removed]`;
  assert.is(await saysOf(said, 'retain-longitudinal-modified-dates'), expected);
  assert.is(await saysOf(said, 'retain-longitudinal-full-dates'), said.replace('2 May 1961', '[removed]'));
});

/** Days without a leading zero, before and after they move. */
const twoDigits = (part: number): string => String(part).padStart(2, '0');
type Day = { readonly y: number; readonly m: number; readonly d: number };
const monthOf = ({ m }: Day, form: 'long' | 'short'): string =>
  new Date(Date.UTC(2000, m - 1)).toLocaleString('en', { month: form, timeZone: 'UTC' });
const WRITTEN: readonly ((day: Day) => string)[] = [
  ({ y, m, d }) => `${d}.${m}.${y}`,
  ({ y, m, d }) => `${twoDigits(d)}-${twoDigits(m)}-${y}`,
  ({ y, m, d }) => `${m}/${d}/${y}`,
  ({ y, m, d }) => `${y}/${m}/${d}`,
  (day) => `${day.y}-${monthOf(day, 'short')}-${twoDigits(day.d)}`,
  (day) => `${day.d} ${monthOf(day, 'long')} ${day.y}`,
  (day) => `${monthOf(day, 'long')} ${day.d}, ${day.y}`,
  (day) => `${twoDigits(day.d)}-${monthOf(day, 'short')}-${day.y}`,
];

test('a moved date keeps its form: its order, its separator, its zeros and its language', async () => {
  const modified = 'retain-longitudinal-modified-dates';
  const { instance } = await cleaned([], modified);
  const moved = textOf(findElement(instance.elements, 0x00080020), instance)!;
  const utc = (date: string): number =>
    Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6, 8)));
  const shiftMs = utc(moved) - utc('20240314');
  const dayAt = (ms: number): Day => {
    const date = new Date(ms);
    return { y: date.getUTCFullYear(), m: date.getUTCMonth() + 1, d: date.getUTCDate() };
  };
  const isShort = ({ m, d }: Day): boolean => m < 10 && d < 10 && m !== d && m !== 5;
  const days = Array.from({ length: 1000 }, (_, day) => Date.UTC(2019, 0, 1 + day));
  const original = days.find((ms) => isShort(dayAt(ms)) && isShort(dayAt(ms + shiftMs)))!;
  const assertMoved = async (ms: number, write: (day: Day) => string): Promise<void> => {
    const said = `on ${write(dayAt(ms))}, left`;
    assert.is(await saysOf(said, modified), `on ${write(dayAt(ms + shiftMs))}, left`, said);
  };
  for (const write of WRITTEN) await assertMoved(original, write);
  // "May" is both: short between hyphens.
  const inMay = days.find((ms) => dayAt(ms).m === 5 && ![5, 9].includes(dayAt(ms + shiftMs).m))!;
  await assertMoved(inMay, (day) => `${twoDigits(day.d)}-${monthOf(day, 'short')}-${day.y}`);
});

test('a moved date leaves the text right behind it alone', async () => {
  const options = ['clean-descriptors', 'retain-longitudinal-modified-dates'];
  const { of } = await cleaned([text(ADDITIONAL_PATIENT_HISTORY, 'LT', '14.03.2024Jürgen')], ...options);
  assert.match(of(ADDITIONAL_PATIENT_HISTORY)!, /^\d\d\.\d\d\.\d{4}\[removed\]$/);
});

test('an ambiguous date is the one that the header names', async () => {
  const header = [
    text(0x00080020, 'DA', '20240405'),
    text(ADDITIONAL_PATIENT_HISTORY, 'LT', 'on 05/04/2024'),
  ];
  const { of } = await cleaned(header, 'clean-descriptors', 'retain-longitudinal-modified-dates');
  const moved = of(0x00080020)!;
  assert.is(of(ADDITIONAL_PATIENT_HISTORY), `on ${moved.slice(6)}/${moved.slice(4, 6)}/${moved.slice(0, 4)}`);
});

/** The same day as people write it, and as it stands once it has moved to 2 April 2024. */
const DAYS: Readonly<Record<string, string>> = {
  '14.III.2024': '02.IV.2024',
  '14 III 2024': '02 IV 2024',
  '14-iii-24': '02-iv-24',
  '٢٠٢٤/٠٣/١٤': '2024/04/02',
  '١٤/٠٣/٢٠٢٤': '02/04/2024',
  令和6年3月14日: '2024-04-02',
  令和６年３月１４日: '2024-04-02',
  令和六年三月十四日: '2024-04-02',
  '㋿6年3月14日': '2024-04-02',
  '検査 R6.3.14': '検査 2024-04-02',
  '2024年3月14日': '2024-04-02',
  二〇二四年三月十四日: '2024-04-02',
  '2024년 3월 14일': '2024-04-02',
  民國113年3月14日: '2024-04-02',
  '２０２４／０３／１４': '2024/04/02',
  '२०२४-०३-१४': '2024-04-02',
  '14–03–2024': '02-04-2024',
  '14\u00a0March\u00a02024': '02 April 2024',
  '14. März 2024': '02. April 2024',
  '14 mars 2024': '02 avril 2024',
  '14 de marzo de 2024': '02 de abril de 2024',
  '14 marzo 2024': '02 abril 2024',
  '14 de março de 2024': '02 de abril de 2024',
  '14 maart 2024': '02 april 2024',
  '14 marca 2024': '02 kwietnia 2024',
  '14 Mart 2024': '02 Nisan 2024',
  '14 марта 2024': '2024-04-02',
  '١٤ مارس ٢٠٢٤': '2024-04-02',
  '14 آذار 2024': '2024-04-02',
  '14/03/2024 10:11': '02/04/2024 10:11',
  "14-03-'24": "02-04-'24",
  '14.3.24': '02.4.24',
  '14/3/24': '02/4/24',
  'scan R6.3.14': 'scan 2024-04-02',
  '14 Μαρτίου 2024': '2024-04-02',
  '10.-14.03.2024': '2024-03-29/2024-04-02',
  '13.03.-14.03.2024': '01.04.-02.04.2024',
  '13.-14.03.2024': '01.-02.04.2024',
  '13-14 March 2024': '01-02 April 2024',
  'March 14-15, 2024': 'April 02-03, 2024',
  '2024-03-14T10:11': '2024-04-02T10:11',
  '14\u00ad.03.2024': '02.04.2024',
};

/** The text as it stands after a move of 19 days. */
async function movedBy19Days(said: string): Promise<string | null> {
  const rules = rulesOf('clean-descriptors', 'retain-longitudinal-modified-dates');
  const known = knownIn(await parsed(fileOf([])), rules, false)!;
  const prose = { bytes: new TextEncoder().encode(said), characterSets: ['ISO_IR 192'] };
  const bytes = createTextCleaner(known, rules, 19).clean(prose, 'LT');
  return bytes && new TextDecoder().decode(bytes).trimEnd();
}

test('a date moves in every form, digit and calendar in which it is written', async () => {
  for (const [said, moved] of Object.entries(DAYS)) {
    assert.is(await movedBy19Days(`on ${said}, left`), `on ${moved}, left`, said);
  }
});

/** No day that could be moved, and yet a day: what stays of the text. */
const UNMOVABLE: Readonly<Record<string, string>> = {
  'prior of 14/3': 'prior of [removed]',
  'vom 14.3. rechts': 'vom [removed] rechts',
  'am 14.03. nativ': 'am [removed] nativ',
  'CT 03/14 liver': 'CT [removed] liver',
  'cf 14.3. nativ': 'cf [removed] nativ',
  '2024-074 scan': '[removed] scan',
  'le 1/2': 'le [removed]',
  'since 4/5': 'since [removed]',
  '3月14日 胸部': '[removed] 胸部',
  '14 марта': '[removed]',
  '31.02.2024 head': '[removed] head',
  '2024-14-03': '[removed]',
  '1445/09/04': '[removed]',
  '10.-14.3. Kontrolle': '[removed] Kontrolle',
};

test('a day that cannot be moved goes', async () => {
  const modified = 'retain-longitudinal-modified-dates';
  for (const [said, left] of Object.entries(UNMOVABLE)) assert.is(await saysOf(said, modified), left, said);
});

test('a day on which a program was made stays, unless the header names it', async () => {
  for (const said of ['VB17_20160120', 'syngo VE11C_20160120', 'LATEST_20160120', 'VERSION_20190304'])
    assert.is(await saysOf(said), said);
  assert.is(await saysOf('VB17_20240314'), 'VB17_[removed]');
  assert.is(await saysOf('VB17_19610502'), 'VB17_[removed]');
});

test.run();
