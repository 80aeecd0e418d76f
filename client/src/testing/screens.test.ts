/** The list of screens is the list of what is looked at: no screen is left out, none is looked at twice. */
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SCREENS } from './screens.ts';

const test = suite('the list of screens');

test('each file looks at its screens, each once', async () => {
  for (const [file, screens] of Object.entries(SCREENS)) {
    const source = await readFile(new URL(`../${file}`, import.meta.url), 'utf8');
    const looked = [...source.matchAll(/looksRight\((?:page, )?'([^']+)'\)/g)].map(([, name]) => name!);
    assert.equal(looked.toSorted(), Object.keys(screens).toSorted(), file);
  }
});

test('no two screens have one name', () => {
  const names = Object.values(SCREENS).flatMap((screens) => Object.keys(screens));
  assert.is(new Set(names).size, names.length);
});

test.run();
