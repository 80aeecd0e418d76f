import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SECRETS, takeSecrets, withSecretFiles } from './secret-settings.ts';

const test = suite<{ folder: string; file: string }>('secrets among the settings');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'relay-secrets-'));
  context.file = join(context.folder, 'secret');
  await writeFile(context.file, 'correct horse battery\n');
});
test.after.each(({ folder }) => rm(folder, { recursive: true, force: true }));

function read(env: Record<string, string>) {
  const mistakes: string[] = [];
  return { env: withSecretFiles(env, (mistake) => void mistakes.push(mistake)), mistakes };
}

test('each may come from a file, without the line feed that ends it', ({ file }) => {
  for (const name of SECRETS)
    assert.equal(read({ [`${name}_FILE`]: file }), {
      env: { [name]: 'correct horse battery' },
      mistakes: [],
    });
});

test('a file that cannot be read, that is empty or too long, and a value beside a file are mistakes', async (context) => {
  const empty = join(context.folder, 'empty');
  const long = join(context.folder, 'long');
  await writeFile(empty, '\n');
  await writeFile(long, 'x'.repeat(20_000));
  for (const path of [join(context.folder, 'none'), context.folder, empty, long, '/dev/zero'])
    assert.match(
      read({ RELAY_ADMIN_PASSWORD_FILE: path }).mistakes.join(),
      /^RELAY_ADMIN_PASSWORD_FILE must name a file/,
    );
  const both = read({ PACS_AUTHORIZATION: 'Bearer x', PACS_AUTHORIZATION_FILE: context.file });
  assert.equal(both.mistakes, ['Set PACS_AUTHORIZATION or PACS_AUTHORIZATION_FILE, not both.']);
});

test('each may be one of systemd’s credentials, unless a variable sets it', async ({ folder }) => {
  await writeFile(join(folder, 'secrets_PACS_AUTHORIZATION'), 'Bearer x\n');
  const given = { CREDENTIALS_DIRECTORY: folder, DATABASE_URL: 'b' };
  assert.equal(read(given), { env: { ...given, PACS_AUTHORIZATION: 'Bearer x' }, mistakes: [] });
  const set = { ...given, PACS_AUTHORIZATION: 'Bearer y' };
  assert.equal(read(set), { env: set, mistakes: [] });
});

test('once taken they are in the environment no longer', () => {
  const env = { RELAY_ADMIN_PASSWORD: 'a', DATABASE_URL: 'b', RELAY_PORT: '1' };
  assert.equal(takeSecrets(env), { RELAY_ADMIN_PASSWORD: 'a', DATABASE_URL: 'b' });
  assert.equal(env, { RELAY_PORT: '1' });
});

test.run();
