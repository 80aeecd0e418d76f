import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createLookStore, mapsOf, shownMap } from './look.store.ts';

function memory(): Pick<Storage, 'getItem' | 'setItem'> {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

test('maps are gone through in one order, and only those that the result has', () => {
  const look = createLookStore(null);
  const maps = mapsOf(['image', 'lung-fields', 'cam']);
  assert.equal(maps, ['none', 'cam', 'lung-fields']);
  const seen = [1, 2, 3].map(() => {
    look.cycle(maps);
    return look.map.value;
  });
  assert.equal(seen, ['lung-fields', 'none', 'cam']);
});

test('a result that has not the map that was chosen shows its first one, or none where none was wanted; the choice waits for the next', () => {
  const look = createLookStore(null);
  assert.is(shownMap(look.map.value, mapsOf(['image', 'lung-fields'])), 'lung-fields');
  assert.is(shownMap('none', mapsOf(['image', 'lung-fields'])), 'none');
  assert.is(shownMap(look.map.value, mapsOf(['image'])), 'none');
  assert.is(shownMap(look.map.value, mapsOf(['image', 'cam'])), 'cam');
  look.cycle(mapsOf([]));
  assert.is(look.map.value, 'none');
});

test('the opacity stays between nothing and all', () => {
  const look = createLookStore(null);
  look.fade(-20);
  assert.is(look.opacity.value, 0);
  look.fade(1);
  assert.is(look.opacity.value, 10);
  look.fade(20);
  assert.is(look.opacity.value, 100);
});

test('single keys stay off when they were switched off, also where nothing can be kept', () => {
  const storage = memory();
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
