import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Database } from '../database/database.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { findAccount, hasAccounts } from './account.store.ts';
import { ensureFirstUser } from './first-user.ts';
import { isPasswordOf, PASSWORD_COST } from './password.ts';

const test = suite<{ database: Database }>('the first user');
test.before.each(async (context) => {
  context.database = await openTestDatabase();
});
test.after.each(({ database }) => database.close());

const around = { now: new Date(), passwordCost: PASSWORD_COST };

test('has a password that was shown before it counts: a start that is cut off there leaves no account', async ({
  database: { db },
}) => {
  const shown: string[] = [];
  const cutOff = (password: string) => {
    shown.push(password);
    throw new Error('the process ends here');
  };
  await ensureFirstUser(db, null, { ...around, showPassword: cutOff }).catch(() => {});
  assert.equal([shown.length, await hasAccounts(db)], [1, false]);
  const show = (password: string) => void shown.push(password);
  await ensureFirstUser(db, null, { ...around, showPassword: show });
  const account = await findAccount(db, { username: 'admin' });
  assert.equal(
    [shown.length, await isPasswordOf(account!.passwordHash, shown[1]!, true)],
    [2, true],
    'the next start makes another, and shows it',
  );
  await ensureFirstUser(db, null, { ...around, showPassword: show });
  assert.is(shown.length, 2, 'and later ones show none');
});

test('with a password that was given is shown none', async ({ database: { db } }) => {
  const showPassword = () => assert.unreachable('it was given');
  await ensureFirstUser(db, 'correct horse battery', { ...around, showPassword });
  assert.ok(await hasAccounts(db));
});

test.run();
