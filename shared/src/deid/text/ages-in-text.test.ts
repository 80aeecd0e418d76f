import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listed, saysOf } from '#testing/cleaned-text.ts';

const test = suite('ages in text');

/** A text, and the same where patient characteristics are retained: ages above 89 become 90. */
const OLD: Readonly<Record<string, string>> = {
  '95F knee': '90F knee',
  '95M': '90M',
  F95: 'F90',
  'lat 95': 'lat 90',
  'di anni 95': 'di anni 90',
  '95 jr': '90 jr',
  '95 a.': '90 a.',
  '95 F, chest': '90 F, chest',
  '95yM': '90yM',
  '95 y F': '90 y F',
  '95 yo male': '90 yo male',
  '95-year-old': '90-year-old',
  'age 95': 'age 90',
  'Age: 101': 'Age: 90',
  'Alter 95': 'Alter 90',
  '95-jährige Patientin': '90-jährige Patientin',
  '95 Jahre alt': '90 Jahre alt',
  'femme de 95 ans': 'femme de 90 ans',
  '95 años': '90 años',
  'edad: 95': 'edad: 90',
  '95 anni': '90 anni',
  'idade 95': 'idade 90',
  '95 jaar': '90 jaar',
  '95 lat': '90 lat',
  '95-letnia': '90-letnia',
  '95-летняя': '90-летняя',
  '95 лет': '90 лет',
  'возраст 95': 'возраст 90',
  '95 yaşında': '90 yaşında',
  'Yaş: 95': 'Yaş: 90',
  '٩٥ عاما': '90 عاما',
  'العمر: 95': 'العمر: 90',
  '95歳 男性': '90歳 男性',
  '９５歳': '90歳',
  '95岁': '90岁',
  '年齢：95': '年齢：90',
  'ninety-five-year-old': '90-year-old',
  fünfundneunzigjährige: '90jährige',
  'quatre-vingt-quinze ans': '90 ans',
  'noventa y cinco años': '90 años',
  'novantacinque anni': '90 anni',
  'noventa e cinco anos': '90 anos',
  'vijfennegentig jaar': '90 jaar',
  'dziewięćdziesiąt pięć lat': '90 lat',
  'девяносто пять лет': '90 лет',
  'doksan beş yaşında': '90 yaşında',
  'خمسة وتسعون عاما': '90 عاما',
  九十五歳: '90歳',
  'a nonagenarian': 'a 90',
};

test('an age above 89 is 90 where ages are retained, and goes otherwise, in twelve languages', async () => {
  for (const [said, capped] of Object.entries(OLD)) {
    assert.is(await saysOf(said, 'retain-patient-characteristics'), capped, said);
    assert.is(await saysOf(said), capped.replace(/90/, '[removed]'), said);
  }
});

test('younger ages stay where ages are retained', async () => {
  for (const said of ['55 y/o wife', '55-летняя', '12歳', 'aged 33', '89F', 'ninety degrees'])
    assert.is(await saysOf(said, 'retain-patient-characteristics'), said);
});

const NO_AGES = listed(`
  LAT 95 | 95% stenosis | 95 % stenosis | TE 95 | 90 deg | 100 m | 98.6 F | 骨年齢 12歳 | bone age 12
  alter 5 mm | T1 TSE 90 | 120 images | stent 3 years | 100 F
`);

test('other numbers are no age', async () => {
  for (const said of NO_AGES) assert.is(await saysOf(said), said);
});

test.run();
