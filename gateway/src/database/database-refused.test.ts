import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startPostgres, type RunningPostgres } from '../../../scripts/system/postgres.ts';
import { openDatabase } from './database.ts';
import { DatabaseRefused } from './database-refused.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const SECRET = 'planted%40secret';
const test = suite('a DATABASE_URL that cannot be used');
/** The test's own server, for it must ask for passwords. */
let postgres: RunningPostgres;
test.before(async () => {
  postgres = await startPostgres();
});
test.after(() => postgres.stop());

async function refusalOf(change: (url: URL) => void): Promise<string> {
  const url = new URL(postgres.url);
  change(url);
  const error = await openDatabase({ kind: 'server', url: url.href }).catch((reason: unknown) => reason);
  assert.instance(error, DatabaseRefused);
  const { message } = error as Error;
  assert.match(message, 'DATABASE_URL');
  for (const secret of [SECRET, decodeURIComponent(SECRET), new URL(postgres.url).password])
    assert.not.ok(secret !== '' && message.includes(secret), message);
  return message;
}

test('a wrong password is named, and how to write one', async () => {
  const message = await refusalOf((url) => {
    url.password = SECRET;
  });
  assert.match(message, /refuses this user or its password.*percent-encoded/);
});

test('a missing password is named', async () => {
  const message = await refusalOf((url) => {
    url.password = '';
  });
  assert.match(message, 'asks for a password');
});

test('a database that does not exist is named, with how to make it', async () => {
  const message = await refusalOf((url) => {
    url.pathname = '/nowhere';
  });
  assert.match(message, /\/nowhere.*no database of this name\. Create it/);
});

test('an address where nothing listens is named', async () => {
  const server = createServer();
  const port = await listenOnLoopback(server);
  await new Promise((resolve) => server.close(resolve));
  const message = await refusalOf((url) => {
    url.href = `postgres://relay:${SECRET}@127.0.0.1:${port}/relay?password=${SECRET}`;
  });
  assert.match(message, new RegExp(`relay@127\\.0\\.0\\.1:${port}/relay\\).*nothing listens there`));
});

test.run();
