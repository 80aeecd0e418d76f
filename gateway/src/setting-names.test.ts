import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportUnknown } from './setting-names.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function mistakesOf(env: Record<string, string>): readonly string[] {
  const mistakes: string[] = [];
  reportUnknown(env, (mistake) => void mistakes.push(mistake));
  return mistakes;
}

test('a name that nothing reads is a mistake, told with the setting that was meant', () => {
  for (const [typed, meant] of [
    ['RELAY_ADMIN_PASWORD', 'RELAY_ADMIN_PASSWORD'],
    ['RELAY_WEBPORT', 'RELAY_WEB_PORT'],
    ['RELAY_PROXIES', 'RELAY_POLICY'],
    ['RELAY_TRUSTED_PROXY', 'RELAY_TRUSTED_PROXIES'],
  ]) {
    const [mistake = '', ...more] = mistakesOf({ [typed!]: 'x', RELAY_PORT: '8080', PATH: '/usr/bin' });
    assert.equal(more, []);
    assert.match(mistake, new RegExp(`^${typed} is not a setting\\. Did you mean ${meant}\\?`));
  }
});

test('a name that Kubernetes sets for a service beside it, and one without a value, are no mistakes', () => {
  const told = ['RELAY_PACS_SERVICE_HOST', 'RELAY_GATEWAY_SERVICE_PORT_WEB', 'RELAY_PACS_PORT_8042_TCP_ADDR'];
  assert.equal(mistakesOf(Object.fromEntries(told.map((name) => [name, 'x']))), []);
  assert.equal(mistakesOf({ RELAY_TYPO: '' }), []);
});

test('a name far from every setting is told without a guess', () => {
  assert.equal(mistakesOf({ RELAY_NEW_PASSWORD_FILE: 'x' }), [
    'RELAY_NEW_PASSWORD_FILE is not a setting. Correct the name, or remove it.',
  ]);
});

test('no value of a variable is repeated: it may be a password', () => {
  assert.not.match(mistakesOf({ RELAY_ADMIN_PASWORD: 'correct horse' }).join(), 'horse');
});

/** Every program, page of documents and container file of the repository. */
async function textsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const texts = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return /^(node_modules|dist.*|out|data|\..*)$/.test(entry.name) ? [] : textsIn(path);
    return /\.(tsx?|js|md|yaml)$|^Containerfile$/.test(entry.name) ? [await readFile(path, 'utf8')] : [];
  });
  return (await Promise.all(texts)).flat();
}

test('every variable that the repository reads or describes is known', async () => {
  const texts = await textsIn(ROOT);
  const named = texts.flatMap((text) =>
    [
      ...text.matchAll(/(?:process\.env\.|env\.|\['|\b)(RELAY_[A-Z][A-Z_]*[A-Z])\b(?=['\]=:,} \n)`.]|$)/g),
    ].map(([, name]) => name!),
  );
  const invented =
    /^RELAY_(ADMIN_PASWORD|WEBPORT|PROXIES|TRUSTED_PROXY|TYPO|PLANTED|MODEL_RUNTIME|KEY)$|_FILE$/;
  const names = [...new Set(named)].filter((name) => !invented.test(name));
  assert.ok(names.length > 30, 'the search finds names');
  assert.equal(mistakesOf(Object.fromEntries(names.map((name) => [name, 'x']))), []);
});

test.run();
