/** The de-identification report: a narrow form, one digest everywhere, and limits from both sides. */
import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentifyBytes, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import {
  ACTION_CHARACTERS_LIMIT,
  REPORT_ACTION,
  REPORT_ACTIONS_LIMIT,
  REPORT_EDITION,
  REPORT_OPTIONS,
  withinRoom,
} from '../protocol/deid-report.ts';
import { PROFILE_EDITION } from './profile.generated.ts';
import { OPTIONS, type OptionName } from './profile.ts';
import { createReport, toWireReport, type TagAction } from './report.ts';
import { createRules } from './rules.ts';

const AVAILABLE = REPORT_OPTIONS.filter((option) => createRules([option]).kind === 'ready');

async function actionsOf(bytes: Uint8Array, options: readonly OptionName[]): Promise<readonly TagAction[]> {
  const deidentified = await deidentifyBytes(bytes, rulesOf(...options), await pseudonymsOf(1));
  if (deidentified.kind !== 'ready') throw new Error(deidentified.because);
  return deidentified.outcome.report;
}
const { instances, planted } = syntheticStudy({ seed: 5, instancesPerSeries: 2, rows: 4, columns: 4 });

test('every action has the wire form, under every option, and contains no planted value', async () => {
  assert.equal([...REPORT_OPTIONS].sort(), Object.keys(OPTIONS).sort());
  assert.match(PROFILE_EDITION, REPORT_EDITION);
  assert.ok(AVAILABLE.length > 5);
  for (const option of AVAILABLE) {
    const { actions } = await toWireReport(
      createReport([option], await actionsOf(instances[0]!.bytes, [option])),
    );
    assert.ok(actions!.length > 20);
    assert.equal(
      actions!.filter((action) => !REPORT_ACTION.test(action)),
      [],
    );
    for (const value of planted) assert.not.ok(actions!.join('\n').includes(value), value);
  }
});

test('only a path and two codes have that form', () => {
  assert.match('0040,a730[1]>0040,a730[999999]>0040,a160 D inside-sequence', REPORT_ACTION);
  const refused = [
    '0010,0010 Z DOE^JANE',
    '0010,0010 Z profile DOE',
    '0010,0010 Z',
    'DOE^JANE',
    '0010,0010  Z profile',
    '0010,0010 Z profile\n',
    '\n0010,0010 Z profile',
    '0010,0010[0]>0008,0100 X profile',
    '0010,0010[1234567]>0008,0100 X profile',
    '0010,0010[19700101]>0008,0100 X profile',
    '0010,0010[1] X profile',
    '0010,001G X profile',
    '0008,002A X profile',
    '0010,0010 Q profile',
    '',
  ];
  for (const action of refused) assert.not.match(action, REPORT_ACTION, action);
});

test('the digest is that of the lines that protocol/receipts.md names: anyone who has the list can compute it', async () => {
  const actions: TagAction[] = [
    { path: '0008,0020', action: 'Z', because: 'profile' },
    { path: '0012,0062', action: 'added', because: 'marker' },
  ];
  const report = createReport(['retain-uids', 'clean-graphics'], actions);
  const said = await toWireReport(report);
  const text = `RelayPACS de-identification 1\n${PROFILE_EDITION}\nretain-uids clean-graphics\n0008,0020 Z profile\n0012,0062 added marker\n`;
  assert.is(said.digest, createHash('sha256').update(text).digest('hex'));
  assert.equal(said.actions, ['0008,0020 Z profile', '0012,0062 added marker']);
  for (const change of [
    { options: ['retain-uids' as const] },
    { actions: actions.toReversed() },
    { actions: actions.slice(1) },
    { edition: 'DICOM 2025a' },
  ]) {
    assert.is.not((await toWireReport({ ...report, ...change })).digest, said.digest);
  }
});

test('instances that are alike have one report, and another attribute makes another one', async () => {
  const reportOf = async (bytes: Uint8Array) =>
    (await toWireReport(createReport([], await actionsOf(bytes, [])))).digest;
  const [first, second] = await Promise.all(instances.map(({ bytes }) => reportOf(bytes)));
  assert.is(first, second);
  const patient = Buffer.from([0x10, 0, 0x10, 0, 0x50, 0x4e]);
  const at = Buffer.from(instances[0]!.bytes).indexOf(patient);
  assert.ok(at > 0);
  // (0010,0010) PN becomes (0010,0011), which PS3.6 does not know.
  const other = Uint8Array.from(instances[0]!.bytes);
  other[at + 2] = 0x11;
  assert.is.not(await reportOf(other), first);
});

test('a list beyond the limits is named by its digest alone', async () => {
  const list = (length: number, path = '0008,0020') =>
    Array.from({ length }, (): TagAction => ({ path, action: 'Z', because: 'profile' }));
  const said = async (actions: readonly TagAction[]) =>
    (await toWireReport(createReport([], actions))).actions?.length ?? null;
  assert.equal(
    [await said(list(REPORT_ACTIONS_LIMIT)), await said(list(REPORT_ACTIONS_LIMIT + 1))],
    [REPORT_ACTIONS_LIMIT, null],
  );
  const longest = '0'.repeat(ACTION_CHARACTERS_LIMIT - ' Z profile'.length);
  assert.equal([await said(list(1, longest)), await said(list(1, `${longest}0`))], [1, null]);
  const report = await toWireReport(createReport([], list(2)));
  const characters = 2 * '0008,0020 Z profile'.length;
  assert.equal(
    [withinRoom(report, characters), withinRoom(report, characters - 1)],
    [report, { ...report, actions: null }],
  );
});

test.run();
