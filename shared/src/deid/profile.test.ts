import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { PROFILE_EDITION } from './profile.generated.ts';
import { OPTIONS, profileRows } from './profile.ts';

const standards = fileURLToPath(new URL('../../../../shared/standards/', import.meta.url));

test('the table is the whole Table E.1-1 of the edition that it names', () => {
  const rows = [...profileRows().values()];
  assert.is(PROFILE_EDITION, 'DICOM 2024e');
  // 621 rows less private attributes, curves, overlay data and overlay comments.
  assert.is(rows.length, 617);
  const count = (basic: string) => rows.filter((row) => row.basic === basic).length;
  assert.equal(['D', 'U', 'Z', 'XD', 'XZ', 'XZD', 'ZD', 'XZU*'].map(count), [92, 54, 42, 22, 11, 8, 6, 2]);
  assert.is(rows.filter((row) => row.options.includes('f')).length, 165);
  assert.is(rows.filter((row) => row.options.includes('T')).length, 125);
});

test('the options are those of PS3.16 CID 7050', () => {
  if (!existsSync(`${standards}cid-7050.json`)) skip('options against CID 7050', 'no ../shared/standards');
  const codes = JSON.parse(readFileSync(`${standards}cid-7050.json`, 'utf8')) as {
    code: string;
    option: keyof typeof OPTIONS | null;
    meaning: string;
  }[];
  for (const { code, option, meaning } of codes)
    if (option !== null) assert.equal([OPTIONS[option].code, OPTIONS[option].meaning], [code, meaning]);
  assert.is(Object.keys(OPTIONS).length, codes.length - 1);
});

test.run();
