/** Texts that come to the database as one parameter, as they are. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestDatabase } from '../testing/open-database.ts';
import { textArray } from './text-array.ts';

const test = suite('an array of texts');

test('comes to the database as it is', async () => {
  const { db, close } = await openTestDatabase();
  for (const texts of [[], ['1.2.3', '1.2 abc'], ['NULL', '', '{a,b}', 'a"b', 'a\\b', 'é€😀', "'"]]) {
    const { rows } = await sql<{ back: string[] }>`select ${textArray(new Set(texts))} as back`.execute(db);
    assert.equal(rows[0]!.back, texts);
  }
  await close();
});

test.run();
