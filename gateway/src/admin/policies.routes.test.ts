/**
 * The promises of the policy routes to an administrator: versions that stay, changes that do not cross, and a
 * dry run that tells everything but values.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import { policyTrialsSchema, type AdminPolicy, type PolicyTrial } from '#shared/protocol/policy.ts';
import type { PseudonymRequests } from '#shared/deid/pseudonyms.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openTestGateway, type CallOptions, type TestGateway } from '../testing/open-gateway.ts';
import { DRY_RUN } from './policies.routes.ts';
import { TRIAL_ACTIONS_LIMIT, tryPolicy } from './try-policy.ts';

const POLICY = {
  name: 'research-ct',
  title: 'Research CT',
  deidentify: true,
  options: ['retain-institution-identity'],
  roles: ['researcher'],
};
const study = syntheticStudy({ seed: 700, instancesPerSeries: 2, rows: 8, columns: 8 });
const { identifiers } = study.instances[0]!;

/** An instance with these elements and one pixel. */
function instanceWith(elements: readonly SimpleElement[]): Uint8Array<ArrayBuffer> {
  const image = { rows: 1, columns: 1, bitsAllocated: 16, pixels: new Uint8Array(2) } as const;
  return new Uint8Array(
    concatBytes(
      buildInstance({ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, elements, image }),
    ),
  );
}

const test = suite('an administrator’s policies');
let gateway: TestGateway;
let token: string;
let adminId: string;
test.before(async () => {
  gateway = await openTestGateway({ start: false });
  const session = await gateway.signIn();
  token = session.accessToken;
  adminId = session.user.id;
});
test.after(() => gateway.close());

const call = async <T = AdminPolicy>(
  method: string,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<[number, T]> => {
  const answer = await gateway.call(method, `/admin/policies${path}`, {
    token,
    ...(body === undefined ? {} : { body }),
    ...options,
  });
  return [answer.status, (await answer.json()) as T];
};
const codeOf = async (method: string, path: string, body?: unknown): Promise<string> =>
  (await call<ProblemDetails>(method, path, body))[1].code;

async function dryRun(
  policy: unknown,
  files: readonly Uint8Array<ArrayBuffer>[],
  field = 'policy',
): Promise<[number, string]> {
  const form = new FormData();
  form.append(field, typeof policy === 'string' ? policy : JSON.stringify(policy));
  for (const bytes of files) form.append('file', new Blob([bytes]), 'QzFileName^Xq.dcm');
  const answer = await gateway.call('POST', '/admin/policies/dry-run', { token, form });
  return [answer.status, await answer.text()];
}
const trialsOf = ([status, text]: [number, string]): PolicyTrial[] => {
  assert.is(status, 200, text);
  return policyTrialsSchema.parse(JSON.parse(text)).instances;
};

test('are made, changed by a new version and withdrawn, and all of it can be seen and stands in the audit trail', async () => {
  const [status, made] = await call('POST', '', POLICY);
  assert.equal([status, made.inForce, made.builtIn], [201, 1, false]);
  assert.equal([made.versions[0]?.madeBy, made.versions[0]?.policy], [adminId, POLICY]);
  const second = { ...POLICY, options: [] };
  const [, changed] = await call('PUT', '/research-ct', { replaces: 1, policy: second });
  assert.equal(
    [changed.inForce, changed.versions.map(({ version, policy }) => [version, policy?.options])],
    [
      2,
      [
        [2, []],
        [1, POLICY.options],
      ],
    ],
  );
  const [, withdrawn] = await call('POST', '/research-ct/withdraw', { version: 2 });
  assert.is(withdrawn.inForce, null);
  assert.equal(
    withdrawn.versions.map(({ withdrawnAt }) => withdrawnAt !== null),
    [true, false],
  );
  assert.is((await call('POST', '/research-ct/withdraw', { version: 2 }))[0], 200, 'again');
  assert.equal((await call('GET', '/research-ct'))[1], withdrawn);
  const [, { policies }] = await call<{ policies: AdminPolicy[] }>('GET', '');
  assert.equal(
    policies.map(({ name, builtIn, inForce }) => [name, builtIn, inForce]),
    [
      ['identified', true, 1],
      ['deidentified', true, 1],
      ['research-ct', false, null],
    ],
  );
  const audit = (await (await gateway.call('GET', '/audit?limit=1000', { token })).json()) as {
    rows: { event: string; fields: object }[];
  };
  const rows = audit.rows.filter(({ event }) => event.startsWith('policy-'));
  assert.equal(
    rows.map(({ event, fields }) => ({ event, ...fields })),
    [
      { event: 'policy-made', policy: 'research-ct', version: 1, by: adminId },
      { event: 'policy-changed', policy: 'research-ct', version: 2, by: adminId },
      { event: 'policy-withdrawn', policy: 'research-ct', version: 2, by: adminId },
    ],
  );
});

test('are not made twice, not changed behind another’s back, and the built-in ones not at all', async () => {
  const own = { ...POLICY, name: 'once' };
  await call('POST', '', own);
  assert.is(await codeOf('POST', '', own), 'policy-exists');
  await call('POST', '/once/withdraw', { version: 1 });
  assert.is(
    await codeOf('POST', '', own),
    'policy-exists',
    'withdrawn, its versions still mean what they meant',
  );
  for (const replaces of [2, 7])
    assert.is(await codeOf('PUT', '/once', { replaces, policy: own }), 'policy-changed', String(replaces));
  assert.is((await call('PUT', '/once', { replaces: 1, policy: own }))[1].inForce, 2);
  assert.is(await codeOf('POST', '/once/withdraw', { version: 1 }), 'policy-changed');
  assert.is(
    await codeOf('PUT', '/nobodys', { replaces: 1, policy: { ...POLICY, name: 'nobodys' } }),
    'not-found',
  );
  assert.is(
    await codeOf('PUT', '/once', { replaces: 2, policy: { ...POLICY, name: 'another' } }),
    'invalid-request',
  );
  for (const name of ['identified', 'deidentified']) {
    assert.is(await codeOf('PUT', `/${name}`, { replaces: 1, policy: POLICY }), 'policy-built-in');
    assert.is(await codeOf('POST', `/${name}/withdraw`, { version: 1 }), 'policy-built-in');
    assert.is(await codeOf('POST', '', { ...POLICY, name }), 'invalid-request');
  }
});

test('that cannot be carried out are refused in words, and misplaced text is not repeated', async () => {
  const refused = async (more: object): Promise<ProblemDetails> =>
    (await call<ProblemDetails>('POST', '', { ...POLICY, name: 'refused', ...more }))[1];
  const pixels = await refused({ options: ['clean-pixel-data'] });
  assert.is(pixels.code, 'policy-not-possible');
  assert.match(pixels.detail ?? '', 'clean-pixel-data');
  const unknown = await refused({ options: ['qz-jane-doe'] });
  assert.is(unknown.code, 'policy-not-possible');
  const tag = await refused({ rules: { attributes: { '0020000d': 'keep' } } });
  assert.equal([tag.code, tag.detail], ['invalid-request', 'Invalid: rules.attributes.0020000d.']);
  const planted = await refused({ rules: { attributes: { 'QZ^JANE': 'keep' } }, title: '' });
  assert.equal(
    [planted.code, planted.detail],
    ['invalid-request', 'Invalid: title (expected: at least 1), rules.attributes.'],
  );
  assert.not.match(JSON.stringify([unknown, planted, gateway.lines]), /jane/i);
});

test('are tried on instances: what would be done to which element, in their order, and no value of the data anywhere', async () => {
  const damaged = study.instances[0]!.bytes.slice(0, 600);
  const answer = await dryRun(POLICY, [...study.instances.map(({ bytes }) => bytes), damaged]);
  const [first, second, third] = trialsOf(answer);
  assert.ok(first?.outcome === 'ready' && second?.outcome === 'ready');
  if (first?.outcome !== 'ready') return;
  assert.equal(
    first.actions.find(({ path }) => path === '0008,0080'),
    { path: '0008,0080', action: 'K', because: 'option' },
  );
  assert.equal(
    first.actions.find(({ path }) => path === '0010,0020'),
    { path: '0010,0020', action: 'D', because: 'pseudonym' },
  );
  assert.is(
    first.counts.reduce((sum, { count }) => sum + count, 0),
    first.actions.length + first.more,
  );
  const isPseudonym = ({ action, because }: { action: string; because: string }): boolean =>
    action === 'D' && because === 'pseudonym';
  assert.is(first.counts.find(isPseudonym)?.count, first.actions.filter(isPseudonym).length);
  assert.equal(third, { outcome: 'refused', reason: 'truncated' });
  const said = answer[1] + JSON.stringify(gateway.lines);
  for (const value of [...study.planted, study.studyInstanceUID, 'QzFileName', '19570101'])
    assert.not.ok(said.includes(value), value);
  assert.is(
    await gateway.database.db
      .selectFrom('policy')
      .where('name', '=', POLICY.name)
      .select('version')
      .execute()
      .then(({ length }) => length),
    2,
    'nothing is kept',
  );
});

test('that change nothing can be tried too, and instances that no policy can make safe are reported', async () => {
  const asIs = { ...POLICY, deidentify: false, options: [] };
  assert.equal(trialsOf(await dryRun(asIs, [study.instances[0]!.bytes])), [
    { outcome: 'ready', counts: [], actions: [], more: 0 },
  ]);
  const burnedIn = instanceWith([[0x00280301, 'CS', 'YES']]);
  assert.equal(trialsOf(await dryRun(POLICY, [burnedIn])), [
    { outcome: 'quarantined', reason: 'burned-in-annotation' },
  ]);
});

test('are not tried without a policy, on too many instances, or on one that is too large', async () => {
  const code = async (answer: Promise<[number, string]>) =>
    (JSON.parse((await answer)[1]) as Partial<ProblemDetails>).code;
  const none = new Uint8Array(1);
  assert.is(await code(dryRun(POLICY, [none], 'file')), 'invalid-request');
  assert.is(await code(dryRun('{', [none])), 'bad-request');
  assert.is(await code(dryRun({ ...POLICY, colour: 'red' }, [none])), 'invalid-request');
  assert.is(await code(dryRun({ ...POLICY, options: ['clean-pixel-data'] }, [none])), 'policy-not-possible');
  assert.is(await code(dryRun(`${' '.repeat(64 * 1024)}{}`, [none])), 'body-too-large');
  assert.equal(trialsOf(await dryRun(POLICY, [])), []);
  assert.is(
    trialsOf(await dryRun(POLICY, Array<Uint8Array<ArrayBuffer>>(DRY_RUN.instances).fill(none))).length,
    DRY_RUN.instances,
  );
  assert.is(
    await code(dryRun(POLICY, Array<Uint8Array<ArrayBuffer>>(DRY_RUN.instances + 1).fill(none))),
    'body-too-large',
  );
  assert.equal(trialsOf(await dryRun(POLICY, [new Uint8Array(DRY_RUN.instanceBytes)])), [
    { outcome: 'refused', reason: 'not-dicom' },
  ]);
  assert.is(await code(dryRun(POLICY, [new Uint8Array(DRY_RUN.instanceBytes + 1)])), 'body-too-large');
  assert.is(
    await code(
      gateway
        .call('POST', '/admin/policies/dry-run', { token })
        .then(async (answer): Promise<[number, string]> => [answer.status, await answer.text()]),
    ),
    'bad-request',
  );
});

test('with options that would hold every study on arrival are reported before they are saved', async () => {
  const [one, other] = await Promise.all([pseudonymsOf(1), pseudonymsOf(2)]);
  let asked = 0;
  // A replaced value cannot be restored.
  const pseudonyms = {
    ...one,
    resolve(requests: PseudonymRequests) {
      asked += 1;
      return (asked === 1 ? one : other).resolve(requests);
    },
  };
  const signal = new AbortController().signal;
  const source = bytesSource(study.instances[0]!.bytes);
  assert.is((await tryPolicy(source, { rules: rulesOf(), pseudonyms: one }, signal)).outcome, 'ready');
  assert.equal(await tryPolicy(source, { rules: rulesOf(), pseudonyms }, signal), {
    outcome: 'quarantined',
    reason: 'identity-remains',
  });
});

test('name no more elements of one instance than a person could read; the rest is counted', async () => {
  const elements = Array.from(
    { length: TRIAL_ACTIONS_LIMIT + 50 },
    (_, at) => [0x00110000 + 0x1000 + at, 'LO', 'x'] as const,
  );
  const bytes = instanceWith([[0x00110010, 'LO', 'ANY'], ...elements]);
  const trial = await tryPolicy(
    bytesSource(bytes),
    { rules: rulesOf(), pseudonyms: await pseudonymsOf(1) },
    new AbortController().signal,
  );
  assert.ok(trial.outcome === 'ready');
  if (trial.outcome !== 'ready') return;
  assert.is(trial.actions.length, TRIAL_ACTIONS_LIMIT);
  assert.is(
    trial.counts.reduce((sum, { count }) => sum + count, 0),
    TRIAL_ACTIONS_LIMIT + trial.more,
  );
  assert.ok(trial.more >= 50);
});

test.run();
