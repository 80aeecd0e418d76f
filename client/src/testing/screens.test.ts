/** The list of screens matches the inspected screens: none is left out, none is inspected twice. */
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SCREENS } from './screens.ts';

const test = suite('the list of screens');

test('each file inspects each of its screens once', async () => {
  for (const [file, screens] of Object.entries(SCREENS)) {
    const source = await readFile(new URL(`../${file}`, import.meta.url), 'utf8');
    const looked = [...source.matchAll(/looksRight\((?:[\w.]+, )?'([^']+)'\)/g)].map(([, name]) => name!);
    assert.equal(looked.toSorted(), Object.keys(screens).toSorted(), file);
  }
});

test('no two screens have one name', () => {
  const names = Object.values(SCREENS).flatMap((screens) => Object.keys(screens));
  assert.is(new Set(names).size, names.length);
});

test.run();
