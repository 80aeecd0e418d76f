/** Hash first: the answer to a manifest. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { manifestSchema, type Manifest } from '#shared/protocol/manifest.ts';
import { REASON_CODES } from '#shared/protocol/reasons.ts';
import { INSTANCE_STATES } from '#shared/protocol/study-state.ts';
import { compareManifest, keyOf, type InPacs } from './compare-manifest.ts';

type Known = Parameters<typeof compareManifest>[2][number];
const STUDY = 'study';
const hex = (n: number) => n.toString(16).padStart(64, '0');

const entry = fc.record({
  uid: fc.integer({ min: 1, max: 5 }),
  digest: fc.integer({ min: 1, max: 3 }),
  original: fc.option(fc.integer({ min: 1, max: 2 })),
});
const manifests = fc.array(entry, { minLength: 1, maxLength: 12 }).map(
  (entries): Manifest =>
    manifestSchema.parse({
      protocolVersion: 1,
      policy: { name: 'identified', version: 1 },
      studyInstanceUID: '1.2',
      instances: entries.map(({ uid, digest, original }) => ({
        sopInstanceUID: `1.2.${uid}`,
        seriesInstanceUID: '1.2',
        sopClassUID: '1.2',
        transferSyntaxUID: '1.2',
        bytes: 10,
        digest: hex(digest),
        ...(original === null ? {} : { originalDigest: hex(100 + original) }),
      })),
    }),
);
const knownRows = fc
  .uniqueArray(
    fc.record({
      uid: fc.integer({ min: 1, max: 5 }),
      digest: fc.integer({ min: 1, max: 3 }),
      elsewhere: fc.boolean(),
      state: fc.constantFrom(...INSTANCE_STATES),
      reason: fc.constantFrom(...REASON_CODES),
      original: fc.option(fc.integer({ min: 1, max: 2 })),
      version: fc.integer({ min: 1, max: 2 }),
    }),
    { selector: ({ uid, digest }) => `${uid} ${digest}`, maxLength: 8 },
  )
  .map((rows) =>
    rows.map(
      ({ uid, digest, elsewhere, state, reason, original, version }, id): Known => ({
        id,
        study_id: elsewhere ? 'another' : STUDY,
        sop_instance_uid: `1.2.${uid}`,
        digest: hex(digest),
        state,
        policy_name: 'identified',
        policy_version: version,
        original_digest: original === null ? null : hex(100 + original),
        reason: ['refused', 'quarantined', 'left-out'].includes(state) ? reason : null,
      }),
    ),
  );
const seen = (...uids: string[]): InPacs => ({ seen: new Set(uids), believed: new Set(uids) });
const inPacs = fc.option(
  fc.array(fc.integer({ min: 1, max: 5 })).map((uids): InPacs => seen(...uids.map((uid) => `1.2.${uid}`))),
);

/** The rows after the comparison was applied, as openUpload does. */
function applied(
  known: readonly Known[],
  manifest: Manifest,
  compared: ReturnType<typeof compareManifest>,
): Known[] {
  const again = new Map(compared.again.map((change) => [change.id, change]));
  const changed = known.map((row) =>
    again.has(row.id)
      ? {
          ...row,
          study_id: STUDY,
          state: 'promised' as const,
          reason: null,
          policy_version: manifest.policy.version,
        }
      : row,
  );
  const inserted = compared.insert.map((row, i) => ({
    ...row,
    id: 100 + i,
    study_id: STUDY,
    policy_name: manifest.policy.name,
    policy_version: manifest.policy.version,
  }));
  return [...changed, ...inserted];
}

const test = suite('a manifest');

test('I4: each entry is answered in exactly one list', () => {
  fc.assert(
    fc.property(manifests, knownRows, inPacs, (manifest, known, held) => {
      const { have, need, conflict } = compareManifest(manifest, STUDY, known, held);
      const answered = [...have, ...need, ...conflict].map(keyOf);
      assert.equal(answered.sort(), [...new Set(manifest.instances.map(keyOf))].sort());
    }),
  );
});

test('I3: said again, it gets the same answer and changes nothing', () => {
  fc.assert(
    fc.property(manifests, knownRows, inPacs, (manifest, known, held) => {
      const first = compareManifest(manifest, STUDY, known, held);
      const second = compareManifest(manifest, STUDY, applied(known, manifest, first), held);
      assert.equal([second.have, second.need, second.conflict], [first.have, first.need, first.conflict]);
      assert.equal([second.insert, second.again], [[], []]);
    }),
  );
});

test('an instance that the PACS lost, promised again under another policy, is no rival under that policy', () => {
  const entry = (digest: number, original?: number) => ({
    sopInstanceUID: '1.2.4',
    seriesInstanceUID: '1.2',
    sopClassUID: '1.2',
    transferSyntaxUID: '1.2',
    bytes: 10,
    digest: hex(digest),
    ...(original === undefined ? {} : { originalDigest: hex(original) }),
  });
  const policy = { name: 'identified', version: 1 };
  const manifest = manifestSchema.parse({
    protocolVersion: 1,
    policy,
    studyInstanceUID: '1.2',
    instances: [entry(2, 102), entry(3)],
  });
  const row = { sop_instance_uid: '1.2.4', policy_name: 'identified' };
  const known: Known[] = [
    {
      ...row,
      id: 0,
      study_id: 'another',
      digest: hex(2),
      state: 'refused',
      policy_version: 1,
      original_digest: null,
      reason: 'empty-file',
    },
    {
      ...row,
      id: 1,
      study_id: STUDY,
      digest: hex(3),
      state: 'stored',
      policy_version: 2,
      original_digest: hex(102),
      reason: null,
    },
  ];
  const first = compareManifest(manifest, STUDY, known, seen());
  assert.equal(first.conflict, [{ sopInstanceUID: '1.2.4', digest: hex(2), reason: 'conflicting-instance' }]);
  assert.equal(
    compareManifest(manifest, STUDY, applied(known, manifest, first), seen()).conflict,
    first.conflict,
  );
});

test('I2: of one UID at most one digest is wanted or here', () => {
  const quiet = ['refused', 'left-out', 'quarantined'];
  fc.assert(
    fc.property(manifests, knownRows, inPacs, (manifest, rows, held) => {
      // The known rows hold the invariant.
      const known = [...Map.groupBy(rows, (row) => row.sop_instance_uid).values()].flatMap((same) =>
        same.filter((row, i) => i === 0 || quiet.includes(row.state)),
      );
      const after = applied(known, manifest, compareManifest(manifest, STUDY, known, held));
      for (const same of Map.groupBy(
        after.filter(({ state }) => !quiet.includes(state)),
        (row) => row.sop_instance_uid,
      ).values())
        assert.is(same.length, 1);
    }),
  );
});

const one = (digest: number, original?: number): Manifest => ({
  protocolVersion: 1,
  policy: { name: 'deidentified', version: 2 },
  studyInstanceUID: '1.2' as Manifest['studyInstanceUID'],
  instances: [
    {
      sopInstanceUID: '1.2.1',
      seriesInstanceUID: '1.2',
      sopClassUID: '1.2',
      transferSyntaxUID: '1.2',
      bytes: 10,
      digest: hex(digest),
      ...(original ? { originalDigest: hex(original) } : {}),
    },
  ],
});
const row = (state: Known['state'], more: Partial<Known> = {}): Known => ({
  id: 1,
  study_id: STUDY,
  sop_instance_uid: '1.2.1',
  digest: hex(1),
  state,
  reason: null,
  original_digest: null,
  policy_name: 'deidentified',
  policy_version: 1,
  ...more,
});

test('the same original under another version of the policy is already here, and no conflict', () => {
  const { conflict, insert } = compareManifest(
    one(2, 9),
    STUDY,
    [row('stored', { original_digest: hex(9) })],
    null,
  );
  assert.is(conflict[0]?.reason, 'already-here-other-policy');
  assert.is(insert[0]?.state, 'refused');
});

test('another study with the same UID is a conflict; a study that only claimed the digest gives it up', () => {
  assert.is(
    compareManifest(one(2), STUDY, [row('stored', { study_id: 'another' })], null).conflict[0]?.reason,
    'conflicting-instance',
  );
  assert.is(
    compareManifest(one(1), STUDY, [row('stored', { study_id: 'another' })], null).conflict[0]?.reason,
    'manifest-mismatch',
  );
  assert.is(
    compareManifest(
      one(1),
      STUDY,
      [row('refused', { study_id: 'another', reason: 'manifest-mismatch' })],
      null,
    ).need.length,
    1,
  );
});

test('instances that the PACS no longer has are asked for; without an answer, its earlier confirmation counts', () => {
  assert.is(compareManifest(one(1), STUDY, [row('stored')], seen()).need.length, 1);
  assert.is(compareManifest(one(1), STUDY, [row('stored')], seen('1.2.1')).have.length, 1);
  assert.is(compareManifest(one(1), STUDY, [row('stored')], null).have.length, 1);
});

test('marks those that the PACS was seen to hold in this request: the device need not keep them', () => {
  const saidOf = (known: Known[], pacs: InPacs | null) =>
    compareManifest(one(1), STUDY, known, pacs).have.map((entry) => entry.inPacs ?? false);
  assert.equal(saidOf([row('stored')], seen('1.2.1')), [true]);
  assert.equal(
    saidOf([row('already-stored')], { seen: new Set(), believed: new Set(['1.2.1']) }),
    [false],
    'confirmed since, and not asked',
  );
  assert.equal(saidOf([row('coerced')], null), [false], 'the PACS does not answer');
  assert.equal(
    saidOf([row('received')], seen('1.2.1')),
    [false],
    'the PACS may hold another one there, but ours is not in it yet',
  );
});

test.run();
