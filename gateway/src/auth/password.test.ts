import { stat } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword, isPasswordOf } from './password.ts';

const test = suite('passwords');

test('match only their own hash, and none matches the hash used for unknown accounts', async () => {
  const hash = await hashPassword('correct horse');
  assert.match(hash, /^scrypt\$32768\$8\$3\$/, 'at the price that OWASP names');
  assert.equal(
    await Promise.all([
      isPasswordOf(hash, 'correct horse'),
      isPasswordOf(hash, 'correct hors'),
      isPasswordOf(null, ''),
    ]),
    [true, false, false],
  );
});

test('tried by the dozen do not hold up the files of an upload', async () => {
  let tried = 0;
  const attempts = Array.from({ length: 12 }, () => isPasswordOf(null, 'x').then(() => (tried += 1)));
  // The attempts have begun once the microtasks of their calls have run.
  await Promise.resolve();
  for (let i = 0; i < 20; i += 1) await stat(import.meta.dirname);
  assert.ok(tried <= 2, `${tried} attempts came first`);
  await Promise.all(attempts);
});
test.run();
