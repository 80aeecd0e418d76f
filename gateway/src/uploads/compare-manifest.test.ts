/** Hash first: the answer to a manifest. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { manifestSchema, type Manifest } from '#shared/protocol/manifest.ts';
import { REASON_CODES } from '#shared/protocol/reasons.ts';
import { INSTANCE_STATES } from '#shared/protocol/study-state.ts';
import { turnsWithin } from '../testing/turns-within.ts';
import { compareManifest, keyOf, type Comparison, type InPacs, type Rows } from './compare-manifest.ts';

type Known = Rows['known'][number];
type Elsewhere = Rows['elsewhere'][number];
/** Without rows of other uploads. */
const compareOwn = (manifest: Manifest, known: readonly Known[], inPacs: InPacs | null) =>
  compareManifest(manifest, { known, elsewhere: [] }, inPacs);
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
      brought: fc.boolean(),
      state: fc.constantFrom(...INSTANCE_STATES),
      reason: fc.constantFrom(...REASON_CODES),
      original: fc.option(fc.integer({ min: 1, max: 2 })),
      version: fc.integer({ min: 1, max: 2 }),
    }),
    { selector: ({ uid, digest }) => `${uid} ${digest}`, maxLength: 8 },
  )
  .map((rows) =>
    rows.map(
      ({ uid, digest, brought, state, reason, original, version }, id): Known => ({
        id,
        brought,
        sop_instance_uid: `1.2.${uid}`,
        digest: hex(digest),
        state,
        policy_name: 'identified',
        policy_version: version,
        original_digest: original === null ? null : hex(100 + original),
        original_key: original === null ? null : 'own 1',
        reason: ['refused', 'quarantined', 'left-out'].includes(state) ? reason : null,
      }),
    ),
  );
const DESCRIBED = { sop_class_uid: '1.2', series_instance_uid: '1.2', transfer_syntax_uid: '1.2', bytes: 10 };
const HERE = ['received', 'posting', 'posted', 'stored', 'coerced', 'already-stored', 'quarantined'] as const;
const rowsElsewhere = fc
  .array(
    fc.record({
      uid: fc.integer({ min: 1, max: 5 }),
      digest: fc.integer({ min: 1, max: 3 }),
      brought: fc.boolean(),
      isOfStudy: fc.boolean(),
      state: fc.constantFrom(...HERE),
      original: fc.option(fc.integer({ min: 1, max: 2 })),
      version: fc.integer({ min: 1, max: 2 }),
    }),
    { maxLength: 4 },
  )
  .map((rows) =>
    rows.map(
      ({ uid, digest, original, version, ...row }): Elsewhere => ({
        ...row,
        ...DESCRIBED,
        reason: row.state === 'quarantined' ? 'identity-remains' : null,
        sop_instance_uid: `1.2.${uid}`,
        digest: hex(digest),
        policy_name: 'identified',
        policy_version: version,
        original_digest: original === null ? null : hex(100 + original),
        original_key: original === null ? null : 'own 1',
      }),
    ),
  );
const seen = (...uids: string[]): InPacs => ({ seen: new Set(uids), believed: new Set(uids) });
const inPacs = fc.option(
  fc.array(fc.integer({ min: 1, max: 5 })).map((uids): InPacs => seen(...uids.map((uid) => `1.2.${uid}`))),
);

/** The rows after the comparison was applied, as openUpload does. */
function applied(known: readonly Known[], manifest: Manifest, compared: Comparison): Known[] {
  const again = new Map(compared.again.map((change) => [change.id, change]));
  const superseded = new Set(compared.superseded.map(({ id }) => id));
  const changed = known.flatMap((row): Known[] => {
    if (superseded.has(row.id))
      return row.brought || row.state !== 'promised'
        ? [{ ...row, state: 'refused', reason: 'never-arrived' }]
        : [];
    if (!again.has(row.id)) return [row];
    return [{ ...row, state: 'promised', reason: null, policy_version: manifest.policy.version }];
  });
  const inserted = compared.insert.map((row, i) => ({
    brought: false,
    ...row,
    id: 100 + i,
    policy_name: manifest.policy.name,
    policy_version: manifest.policy.version,
  }));
  return [...changed, ...inserted];
}

const QUIET: readonly string[] = ['refused', 'left-out', 'quarantined'];
/** The known rows hold the invariant. */
const oneActive = (rows: readonly Known[]): Known[] =>
  [...Map.groupBy(rows, (row) => row.sop_instance_uid).values()].flatMap((same) =>
    same.filter((row, i) => i === 0 || QUIET.includes(row.state)),
  );

const test = suite('a manifest');

test('I4: each entry is answered in exactly one list', async () => {
  await fc.assert(
    fc.asyncProperty(
      manifests,
      knownRows,
      rowsElsewhere,
      inPacs,
      async (manifest, known, elsewhere, held) => {
        const { have, need, conflict } = await compareManifest(manifest, { known, elsewhere }, held);
        const answered = [...have, ...need, ...conflict].map(keyOf);
        assert.equal(answered.sort(), [...new Set(manifest.instances.map(keyOf))].sort());
      },
    ),
  );
});

test('I3: said again, it gets the same answer and changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(manifests, knownRows, rowsElsewhere, inPacs, async (manifest, rows, elsewhere, held) => {
      const known = oneActive(rows);
      const first = await compareManifest(manifest, { known, elsewhere }, held);
      const after = applied(known, manifest, first);
      const second = await compareManifest(manifest, { known: after, elsewhere }, held);
      assert.equal([second.have, second.need, second.conflict], [first.have, first.need, first.conflict]);
      assert.equal([second.insert, second.again, second.superseded], [[], [], []]);
    }),
  );
});

test('an instance that the PACS lost, promised again under another policy, is no rival under that policy', async () => {
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
      brought: true,
      digest: hex(2),
      state: 'refused',
      policy_version: 1,
      original_digest: null,
      original_key: null,
      reason: 'never-arrived',
    },
    {
      ...row,
      id: 1,
      brought: true,
      digest: hex(3),
      state: 'stored',
      policy_version: 2,
      original_digest: hex(102),
      original_key: 'own 1',
      reason: null,
    },
  ];
  const first = await compareOwn(manifest, known, seen());
  assert.equal(first.conflict, [{ sopInstanceUID: '1.2.4', digest: hex(2), reason: 'conflicting-instance' }]);
  assert.equal(
    (await compareOwn(manifest, applied(known, manifest, first), seen())).conflict,
    first.conflict,
  );
});

test('I2: of one UID at most one digest is wanted or here', async () => {
  await fc.assert(
    fc.asyncProperty(manifests, knownRows, rowsElsewhere, inPacs, async (manifest, rows, elsewhere, held) => {
      const known = oneActive(rows);
      const after = applied(known, manifest, await compareManifest(manifest, { known, elsewhere }, held));
      for (const same of Map.groupBy(
        after.filter(({ state }) => !QUIET.includes(state)),
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
  brought: true,
  sop_instance_uid: '1.2.1',
  digest: hex(1),
  state,
  reason: null,
  original_digest: null,
  original_key: null,
  policy_name: 'deidentified',
  policy_version: 1,
  ...more,
});

const elsewhere = (state: Elsewhere['state'], more: Partial<Elsewhere> = {}): Elsewhere => ({
  ...row(state),
  ...DESCRIBED,
  isOfStudy: true,
  ...more,
});

test('the same original under another version of the policy is already here, and no conflict', async () => {
  const { conflict, insert } = await compareOwn(
    one(2, 9),
    [row('stored', { original_digest: hex(9) })],
    null,
  );
  assert.is(conflict[0]?.reason, 'already-here-other-policy');
  assert.is(insert[0]?.state, 'refused');
});

test('the same original with other boxes is already here, whoever of the account brought it, and the first boxes stand', async () => {
  const stored = { original_digest: hex(9), policy_version: one(1).policy.version };
  for (const rows of [
    { known: [row('stored', stored)], elsewhere: [] },
    { known: [], elsewhere: [elsewhere('stored', stored)] },
  ]) {
    const { conflict, insert, need } = await compareManifest(one(2, 9), rows, null);
    assert.equal([conflict[0]?.reason, insert[0]?.state], ['already-here-other-boxes', 'refused']);
    assert.equal(need, []);
  }
  const again = await compareOwn(one(1, 9), [row('stored', stored)], null);
  assert.equal([again.have.length, again.conflict], [1, []], 'the same boxes are the same instance');
  const promised = await compareOwn(one(2, 9), [row('promised', { ...stored, brought: false })], null);
  assert.equal(
    [promised.need.length, promised.superseded.length],
    [1, 1],
    'a promise is replaced by its device',
  );
  const held = await compareOwn(
    one(2, 9),
    [row('quarantined', { ...stored, reason: 'cover-mismatch' })],
    null,
  );
  assert.is(held.conflict[0]?.reason, 'conflicting-instance', 'one that is held proves nothing');
});

test('once the PACS no longer has the first boxes, others may stand; until then they are refused each time', async () => {
  const stored = { original_digest: hex(9), policy_version: one(1).policy.version };
  const refused = {
    ...stored,
    ...{ id: 2, digest: hex(2), brought: false, reason: 'already-here-other-boxes' as const },
  };
  for (const rows of [
    { known: [row('stored', stored)], elsewhere: [] },
    { known: [row('stored', stored), row('refused', refused)], elsewhere: [] },
    { known: [row('refused', refused)], elsewhere: [elsewhere('stored', stored)] },
  ]) {
    const there = await compareManifest(one(2, 9), rows, seen('1.2.1'));
    assert.equal([there.conflict[0]?.reason, there.again], ['already-here-other-boxes', []]);
    const gone = await compareManifest(one(2, 9), rows, seen());
    assert.equal([gone.need.length, gone.conflict], [1, []]);
    const replaced = rows.known.filter(({ state }) => state === 'stored').map(({ id }) => id);
    assert.equal(
      gone.superseded.map(({ id }) => id),
      replaced,
    );
  }
  const ofAnother = elsewhere('stored', { ...stored, isOfStudy: false });
  assert.is((await compareManifest(one(2, 9), { known: [], elsewhere: [ofAnother] }, seen())).need.length, 0);
});

test('of one original that a manifest names twice, covered differently, the first is taken', async () => {
  const manifest = { ...one(1, 9), instances: [...one(1, 9).instances, ...one(2, 9).instances] };
  const { need, conflict } = await compareOwn(manifest, [], null);
  assert.equal(
    [need.map(({ digest }) => digest), conflict[0]?.reason],
    [[hex(1)], 'already-here-other-boxes'],
  );
});

test('other bytes under a UID that is here under another key are held, since nobody can tell whether they conflict', async () => {
  const there = [row('stored', { original_digest: hex(9), original_key: 'own 1' })];
  const under = (key: string | null, original?: number) =>
    compareManifest(one(2, original), { known: there, elsewhere: [] }, null, key);
  const { conflict, insert } = await under('own 2', 8);
  assert.is(conflict[0]?.reason, 'already-here-other-key');
  assert.equal([insert[0]?.state, insert[0]?.original_key], ['quarantined', 'own 2']);
  assert.is(
    (await under('own 1', 8)).conflict[0]?.reason,
    'conflicting-instance',
    'another original under the same key',
  );
  assert.is((await under(null)).conflict[0]?.reason, 'conflicting-instance', 'as it is: the bytes are known');
});

test('the account’s other uploads are in conflict where bytes of theirs are here; of another study they are no answer', async () => {
  const compared = (entry: Manifest, there: Elsewhere) =>
    compareManifest(entry, { known: [], elsewhere: [there] }, null);
  assert.is((await compared(one(2), elsewhere('stored'))).conflict[0]?.reason, 'conflicting-instance');
  assert.is((await compared(one(2), elsewhere('received', { isOfStudy: false }))).conflict.length, 1);
  assert.is((await compared(one(1), elsewhere('stored', { isOfStudy: false }))).need.length, 1);
  assert.is((await compared(one(1), elsewhere('received'))).need.length, 1, 'not in the PACS yet');
  const held = elsewhere('quarantined', { reason: 'identity-remains' });
  const { conflict, insert: kept } = await compared(one(1), held);
  assert.equal(
    [conflict[0]?.reason, kept[0]?.state],
    ['identity-remains', 'quarantined'],
    'it stays where it is',
  );
  assert.is((await compared(one(2), held)).need.length, 1, 'other bytes may come in its place');
  const { have, insert } = await compared(one(1), elsewhere('stored'));
  assert.equal([have.length, insert[0]?.state, insert[0]?.brought], [1, 'posted', true]);
  assert.is((await compared(one(1), elsewhere('stored', { brought: false }))).insert[0]?.brought, false);
});

test('a promise of other bytes that nobody kept is superseded', async () => {
  const { need, conflict, superseded } = await compareOwn(
    one(2),
    [row('promised', { brought: false })],
    null,
  );
  assert.equal([need.length, conflict.length, superseded.map(({ id }) => id)], [1, 0, [1]]);
  const held = row('quarantined', { reason: 'conflicting-instance', brought: false });
  assert.is(
    (await compareOwn(one(1), [held], null)).need.length,
    1,
    'and what was in conflict with it is asked for',
  );
});

test('instances that the PACS no longer has are asked for; without an answer, its earlier confirmation counts', async () => {
  assert.is((await compareOwn(one(1), [row('stored')], seen())).need.length, 1);
  assert.is((await compareOwn(one(1), [row('stored')], seen('1.2.1'))).have.length, 1);
  assert.is((await compareOwn(one(1), [row('stored')], null)).have.length, 1);
});

test('marks those that the PACS was seen to hold in this request: the device need not keep them', async () => {
  const saidOf = async (known: Known[], pacs: InPacs | null) =>
    (await compareOwn(one(1), known, pacs)).have.map((entry) => entry.inPacs ?? false);
  assert.equal(await saidOf([row('stored')], seen('1.2.1')), [true]);
  assert.equal(
    await saidOf([row('already-stored')], { seen: new Set(), believed: new Set(['1.2.1']) }),
    [false],
    'confirmed since, and not asked',
  );
  assert.equal(await saidOf([row('coerced')], null), [false], 'the PACS does not answer');
  assert.equal(
    await saidOf([row('received')], seen('1.2.1')),
    [false],
    'the PACS may hold another one there, but ours is not in it yet',
  );
});

test('20 000 instances are compared in many turns of the event loop', async () => {
  const [first] = one(1).instances;
  const known = Array.from({ length: 20_000 }, (_, at) => row('promised', { id: at, digest: hex(at) }));
  const instances = known.map(({ digest }) => ({ ...first!, digest }));
  const turns = await turnsWithin(() => compareOwn({ ...one(1), instances }, known, null));
  assert.ok(turns >= 4 * 20, String(turns));
});

test.run();
