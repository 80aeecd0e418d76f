/** The de-identification part of a manifest: each limit from both sides, and the largest one fits. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ACTION_CHARACTERS_LIMIT, REPORT_ACTIONS_LIMIT, REPORTS_CHARACTERS_LIMIT } from './deid-report.ts';
import { MANIFEST_INSTANCE_LIMIT } from './limits.ts';
import { INSTANCE_BYTES_LIMIT, MANIFEST_BYTES_LIMIT, manifestSchema } from './manifest.ts';

const ACTION = '0008,0020 Z profile';
const DIGEST = 'f'.repeat(64);
const longUid = (n: number) => `2.25.${'1'.repeat(53)}${String(n).padStart(6, '2')}`;
const instance = (n: number, report?: number) => ({
  sopInstanceUID: longUid(n),
  seriesInstanceUID: longUid(0),
  sopClassUID: longUid(0),
  transferSyntaxUID: longUid(0),
  bytes: INSTANCE_BYTES_LIMIT,
  digest: DIGEST,
  originalDigest: DIGEST,
  ...(report === undefined ? {} : { report }),
});
const manifest = (reports: unknown, count: number, terms = {}) => ({
  protocolVersion: 1,
  policy: { name: 'p'.repeat(64), version: 1 },
  studyInstanceUID: longUid(0),
  instances: Array.from({ length: count }, (_, n) =>
    instance(n, Array.isArray(reports) ? n % reports.length : undefined),
  ),
  ...(reports === undefined
    ? {}
    : { deidentification: { edition: 'DICOM 2024e', options: [], reports, ...terms } }),
});
const isTaken = (said: unknown) => manifestSchema.safeParse(said).success;
/** Lists that together have so many characters. */
const lists = (characters: number) => {
  const made: string[][] = [];
  for (let left = characters; left > 0; left -= Math.min(left, 19 * REPORT_ACTIONS_LIMIT)) {
    made.push(Array<string>(Math.floor(Math.min(left, 19 * REPORT_ACTIONS_LIMIT) / 19)).fill(ACTION));
  }
  return made;
};

test('a manifest without reports is taken: a policy need not de-identify', () => {
  assert.ok(isTaken(manifest(undefined, 1)));
});

test('reports hold paths and codes, and nothing else is taken for one', () => {
  assert.ok(isTaken(manifest([[ACTION], DIGEST], 2)));
  for (const report of [['DOE^JANE'], [`${ACTION} DOE`], 'DOE^JANE', [7], {}])
    assert.not.ok(isTaken(manifest([report], 1)), JSON.stringify(report));
  assert.ok(isTaken(manifest([[ACTION]], 1, { options: ['retain-uids'] })));
  for (const terms of [{ options: ['doe-jane'] }, { edition: 'DOE^JANE' }, { edition: 'DICOM 2024e\nDOE' }])
    assert.not.ok(isTaken(manifest([[ACTION]], 1, terms)));
});

test('an instance names an existing report', () => {
  const said = manifest([[ACTION], DIGEST], 2);
  assert.ok(isTaken(said));
  assert.not.ok(isTaken({ ...said, instances: [instance(1, 2)] }));
  assert.not.ok(isTaken({ ...manifest(undefined, 1), instances: [instance(1, 0)] }));
  assert.not.ok(isTaken({ ...said, instances: [instance(1, -1)] }));
});

test('lists, their length and the length of an action are bounded', () => {
  assert.equal(
    [
      isTaken(manifest([Array(REPORT_ACTIONS_LIMIT).fill(ACTION)], 1)),
      isTaken(manifest([Array(REPORT_ACTIONS_LIMIT + 1).fill(ACTION)], 1)),
    ],
    [true, false],
  );
  // Each step of a path takes 13 characters or more.
  const deep = (steps: number) => `${'0040,a730[1]>'.repeat(steps)}0040,a160 Z profile`;
  const most = Math.floor((ACTION_CHARACTERS_LIMIT - 19) / 13);
  assert.equal(
    [isTaken(manifest([[deep(most)]], 1)), isTaken(manifest([[deep(most + 1)]], 1))],
    [true, false],
  );
  const count = Math.floor(REPORTS_CHARACTERS_LIMIT / 19);
  assert.equal(
    [isTaken(manifest(lists(count * 19), 1)), isTaken(manifest(lists((count + 1) * 19), 1))],
    [true, false],
  );
  assert.equal(
    [
      isTaken(manifest(Array(MANIFEST_INSTANCE_LIMIT).fill(DIGEST), 1)),
      isTaken(manifest(Array(MANIFEST_INSTANCE_LIMIT + 1).fill(DIGEST), 1)),
    ],
    [true, false],
  );
});

test('the largest study, under the longest UIDs and with a report for each instance, fits the bytes of a manifest', () => {
  const reports = [...lists(Math.floor(REPORTS_CHARACTERS_LIMIT / 19) * 19)];
  const said = manifest(
    [...reports, ...Array<string>(MANIFEST_INSTANCE_LIMIT - reports.length).fill(DIGEST)],
    MANIFEST_INSTANCE_LIMIT,
  );
  assert.ok(isTaken(said));
  const bytes = JSON.stringify(said).length;
  assert.ok(bytes <= MANIFEST_BYTES_LIMIT, `${bytes} bytes`);
  assert.ok(bytes > 0.9 * MANIFEST_BYTES_LIMIT, `the limit is no larger than it must be: ${bytes} bytes`);
});

test.run();
