/** Years and dates of birth behind their word: no option keeps them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listed, saysOf } from '#testing/cleaned-text.ts';

const BIRTHS = listed(`
  born 1947 knee | patient born in 1947 | b. 1947 | YOB: 1947 | year of birth 1947 | born '47 | geb. 1947 | geboren 1947
  Geburtsjahr: 1947 | Jahrgang 1947 | *1947 | né en 1947 | année de naissance : 1947 | nacido en 1947
  año de nacimiento 1947 | nato nel 1947 | anno di nascita: 1947 | nascida em 1947 | geboortejaar 1947 | ur. 1947
  rok urodzenia 1947 | 1947 г.р. | родилась в 1947 | год рождения 1947 | doğum yılı 1947 | 1947 doğumlu | مواليد 1947
  1947年生まれ | 生年 1947 | born 14.03.1947 | geb. am 14. März 1947`);

test('the year of birth behind its word goes, and a date there too, also where dates stay', async () => {
  const dates = ['retain-longitudinal-full-dates', 'retain-longitudinal-modified-dates'];
  for (const options of [[], ...dates.map((option) => [option])])
    for (const said of BIRTHS) assert.not.match((await saysOf(said, ...options)) ?? '', /47/, said);
});

const OTHERS = listed(`
  since 1947 | CT 1947 | stillborn 2 | birth weight 1950 g | born 1950 g | version 1947 | Geburt | b 1000 | b. 1000 | * 1999`);

test('other numbers stay', async () => {
  for (const said of OTHERS) assert.is(await saysOf(said), said);
});

test.run();
