import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADDITIONAL_PATIENT_HISTORY, text, cleaned, saysOf } from '#testing/cleaned-text.ts';
import { findElement, textOf } from '../../dicom/values.ts';

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

test.run();
