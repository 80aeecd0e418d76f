import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { choiceOf, durationOf, portOf, setting, settingOrDefault } from './read-setting.ts';
import { SETTING_NAMES, SETTINGS, type Setting } from './settings.ts';

const test = suite('reading one setting');

function read<T>(of: (wrong: (mistake: string) => void) => T): { value: T; mistakes: readonly string[] } {
  const mistakes: string[] = [];
  const value = of((mistake) => void mistakes.push(mistake));
  return { value, mistakes };
}

test('a name that the table lacks does not compile', () => {
  // @ts-expect-error: no such setting.
  assert.is(setting({ RELAY_TYPO: 'x' }, 'RELAY_TYPO'), 'x');
  // @ts-expect-error: no secret, so no file holds it.
  assert.is(setting({}, 'RELAY_PORT_FILE'), undefined);
  // @ts-expect-error: a setting without a default.
  assert.is(settingOrDefault({}, 'PACS_URL'), null);
});

test('numbers outside the bounds of the table are mistakes with bounds and example', () => {
  for (const text of ['0', '65536', '080800', '1.5', 'x'])
    assert.equal(read((wrong) => portOf({ RELAY_DIMSE_PORT: text }, 'RELAY_DIMSE_PORT', wrong)).mistakes, [
      'RELAY_DIMSE_PORT must be a port from 1 to 65535, for example RELAY_DIMSE_PORT=11112.',
    ]);
  assert.equal(
    read((wrong) => durationOf({ RELAY_LABEL_HOURS: '49' }, 'RELAY_LABEL_HOURS', wrong)),
    {
      value: 12,
      mistakes: [
        'RELAY_LABEL_HOURS must be the hours after sign-in for which devices keep labels of studies, from 0 (never) to 48, for example RELAY_LABEL_HOURS=12.',
      ],
    },
  );
  assert.equal(
    read((wrong) => durationOf({ RELAY_LABEL_HOURS: '48' }, 'RELAY_LABEL_HOURS', wrong)),
    { value: 48, mistakes: [] },
  );
});

test('another word than the choices of the table is a mistake, and none is the default', () => {
  const proofOf = (env: Record<string, string>) => read((wrong) => choiceOf(env, 'RELAY_PACS_PROOF', wrong));
  assert.equal(proofOf({}), { value: null, mistakes: [] });
  assert.equal(proofOf({ RELAY_PACS_PROOF: 'digest' }), { value: 'digest', mistakes: [] });
  assert.equal(proofOf({ RELAY_PACS_PROOF: 'promise' }).mistakes, [
    'RELAY_PACS_PROOF must be found, digest, read-back or read-back-sample, for example RELAY_PACS_PROOF=read-back.',
  ]);
});

test('every default lies within its own bounds', () => {
  for (const name of SETTING_NAMES) {
    const entry: Setting = SETTINGS[name];
    if ('from' in entry) assert.ok(entry.from <= entry.default && entry.default <= entry.to, name);
    if (entry.kind === 'choice' && entry.default !== null)
      assert.ok(entry.choices.includes(entry.default), name);
  }
});

test.run();
