import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createLookStore, mapsOf, shownMap } from './look.store.ts';
import { ownStorage } from '../../testing/own-storage.ts';

test('the key cycles through the result’s maps in a fixed order', () => {
  const look = createLookStore(null);
  const maps = mapsOf(['image', 'lung-fields', 'cam']);
  assert.equal(maps, ['none', 'cam', 'lung-fields']);
  const seen = [1, 2, 3].map(() => {
    look.cycle(maps);
    return look.map.value;
  });
  assert.equal(seen, ['lung-fields', 'none', 'cam']);
});

test('a result without the chosen map shows its first one, or none if none was chosen; the choice stays for the next result', () => {
  const look = createLookStore(null);
  assert.is(shownMap(look.map.value, mapsOf(['image', 'lung-fields'])), 'lung-fields');
  assert.is(shownMap('none', mapsOf(['image', 'lung-fields'])), 'none');
  assert.is(shownMap(look.map.value, mapsOf(['image'])), 'none');
  assert.is(shownMap(look.map.value, mapsOf(['image', 'cam'])), 'cam');
  look.cycle(mapsOf([]));
  assert.is(look.map.value, 'none');
});

test('the opacity stays between 0 and 100', () => {
  const look = createLookStore(null);
  look.fade(-20);
  assert.is(look.opacity.value, 0);
  look.fade(1);
  assert.is(look.opacity.value, 10);
  look.fade(20);
  assert.is(look.opacity.value, 100);
});

test('single keys stay off when switched off, even if nothing can be stored', () => {
  const storage = ownStorage();
  assert.is(createLookStore(storage).singleKeys.value, true);
  createLookStore(storage).singleKeys.value = false;
  assert.is(createLookStore(storage).singleKeys.value, false);
  const forbidden = {
    getItem: () => {
      throw new Error('forbidden');
    },
    setItem: () => {
      throw new Error('forbidden');
    },
  };
  assert.is(createLookStore(forbidden).singleKeys.value, true);
});

test.run();
