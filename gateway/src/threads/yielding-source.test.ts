/** A large header is read in turns with everything else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readInstance } from '#shared/dicom/part10.ts';
import { fileOf, sequence, text } from '#testing/deidentified-elements.ts';
import { yieldingSource } from './yielding-source.ts';

const test = suite('a source that yields');

test('others have their turn many times while a large header is read, and the instance is the same', async () => {
  const items = Array.from({ length: 60_000 }, (_, at) => [text(0x00200013, 'IS', String(at))]);
  const bytes = fileOf([sequence(0x00081140, ...items)]);
  let turns = 0;
  let isOver = false;
  const take = (): void => {
    turns += 1;
    if (!isOver) setImmediate(take);
  };
  setImmediate(take);
  const read = await readInstance(yieldingSource(bytes));
  isOver = true;
  assert.is(read.kind, 'ready');
  assert.ok(turns >= Math.floor(bytes.length / 2 ** 20), `${turns} turns in ${bytes.length} bytes`);
});

test.run();
