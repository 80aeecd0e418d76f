/** `/admin/config`: exported and applied elsewhere, planned, refused with all its mistakes. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RETENTION_DEFAULT } from '#shared/protocol/retention.ts';
import type { Configuration, ConfigurationOutcome } from '#shared/protocol/configuration.ts';
import { audited } from '../testing/audited.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

const test = suite('the configuration');
const SECRETS = await mkdtemp(join(tmpdir(), 'relay-secrets-'));
await writeFile(join(SECRETS, 'token'), 'token-of-the-archive\n');
await writeFile(join(SECRETS, 'token.for'), 'https://archive.example.org\n');
const env = {
  ...{ RELAY_SECRET_NIGHT: 'night and day', RELAY_SECRET_NIGHT_FOR: 'https://night.example.org' },
  RELAY_SECRETS_DIR: SECRETS,
};
let gateway: TestGateway;
let token: string;
test.before(async () => {
  gateway = await openTestGateway({ env });
  token = (await gateway.signIn()).accessToken;
});
test.after(() => gateway.close());

const QUOTA = { uploads: 5, instances: 50, bytes: 1_000_000, patients: 5 };
const connection = (url: string) => ({ kind: 'dicomweb' as const, url, ca: null, certificate: null });
const plain = {
  ...{ tuning: { lagMinutes: null, proof: null }, viewers: [], worklist: null },
  ...{ isPrimary: false, need: null },
};
/** A document with something of every part. */
const DOCUMENT = {
  format: 1,
  policies: [
    {
      ...{ name: 'research', title: 'For research', deidentify: true, options: ['clean-descriptors'] },
      roles: ['technician'],
    },
  ],
  reviewTypes: [
    {
      name: 'short-reading',
      definition: {
        ...{ title: 'Short reading', readers: 1, hidesFinding: false, assignment: 'hand' },
        form: {
          ...{ type: 'object', required: ['seen'], additionalProperties: false },
          properties: {
            seen: {
              ...{ type: 'string', title: 'Seen', 'x-field': 'radio' },
              oneOf: [
                { const: 'yes', title: 'Yes' },
                { const: 'no', title: 'No' },
              ],
            },
          },
        },
      },
    },
  ],
  exportTemplates: [
    {
      name: 'own-findings',
      definition: { title: 'Findings', redaction: 'full', format: 'csv', fields: ['caseNumber'] },
    },
  ],
  destinations: [
    { ...plain, name: 'default', connection: null, isPrimary: true },
    {
      ...{ ...plain, name: 'archive' },
      connection: {
        ...connection('https://archive.example.org/dicom-web'),
        authentication: { kind: 'bearer', token: { file: 'token' } },
      },
    },
    {
      ...{ ...plain, name: 'night', need: 'also', tuning: { lagMinutes: 30, proof: 'digest' } },
      connection: {
        ...connection('https://night.example.org/dicom-web'),
        authentication: { kind: 'basic', username: 'relay', password: { env: 'RELAY_SECRET_NIGHT' } },
      },
    },
  ],
  rules: [
    {
      kind: 'forwarding',
      rules: [
        {
          ...{ name: 'CT to the archive', enabled: true, when: { modality: ['CT'] } },
          to: [{ destination: 'archive', need: 'required' }],
        },
      ],
    },
    { kind: 'inference', rules: [] },
    { kind: 'cases', rules: [] },
  ],
  quotas: [
    { account: null, quota: QUOTA },
    { account: 'admin', quota: { ...QUOTA, uploads: 9 } },
  ],
  backups: { everyHours: 12, keep: 5 },
  retention: { ...RETENTION_DEFAULT, cases: 3650 },
};

const get = async (from = gateway, by = token): Promise<Configuration> =>
  (await (await from.call('GET', '/admin/config', { token: by })).json()) as Configuration;
const put = (body: object, query = '', from = gateway, by = token) =>
  from.call('PUT', `/admin/config${query}`, { token: by, body });
const outcome = async (response: Response): Promise<ConfigurationOutcome> => {
  assert.is(response.status, 200, response.status === 200 ? '' : await response.clone().text());
  return (await response.json()) as ConfigurationOutcome;
};

test('is planned, applied, and then asks for nothing more; a fresh gateway becomes the same', async () => {
  const before = await get();
  const planned = await outcome(await put(DOCUMENT, '?plan=true'));
  assert.is(planned.isApplied, false);
  assert.equal(await get(), before, 'a plan changes nothing');
  const applied = await outcome(await put(DOCUMENT));
  assert.equal(applied.changes, planned.changes);
  assert.equal((await outcome(await put(DOCUMENT))).changes, []);
  const exported = await get();
  assert.equal((await outcome(await put(exported))).changes, [], 'nor does what it exports');
  assert.equal(exported, {
    ...DOCUMENT,
    policies: exported.policies,
    reviewTypes: exported.reviewTypes,
  } as never);
  const other = await openTestGateway({ env });
  const by = (await other.signIn()).accessToken;
  await outcome(await put(exported, '', other, by));
  assert.equal(await get(other, by), exported);
  await other.close();
  const text = JSON.stringify(exported);
  for (const secret of ['night and day', 'token-of-the-archive']) assert.not.match(text, secret);
});

test('names ten mistakes of ten, and changes nothing', async () => {
  const before = await get();
  const rows = (await audited(gateway.database.db)).length;
  const { policies: [policy] = [], destinations: [, , night] = [], rules: [forwarding] = [] } = DOCUMENT;
  const wrong = {
    format: 1,
    policies: [
      { ...policy, options: ['no-such-option'] },
      { ...policy, name: 'Not A Name' },
    ],
    destinations: [
      ...DOCUMENT.destinations,
      { ...night, name: 'night' },
      { ...night, name: 'other', connection: { ...night!.connection, url: 'not an address' } },
      {
        ...night,
        name: 'third',
        connection: {
          ...night!.connection,
          authentication: { kind: 'bearer', token: { env: 'RELAY_SECRET_NOWHERE' } },
        },
      },
      { ...night, name: 'fourth', need: 'sometimes' },
    ],
    rules: [
      { ...forwarding, rules: [{ ...forwarding!.rules[0], to: [{ destination: 'nowhere', need: 'also' }] }] },
    ],
    quotas: [
      { account: 'nobody', quota: QUOTA },
      { account: null, quota: { ...QUOTA, uploads: -1 } },
    ],
    backups: { everyHours: 0, keep: 5 },
  };
  for (const query of ['', '?plan=true']) {
    const refused = await put(wrong, query);
    assert.is(refused.status, 422);
    const { code, detail } = (await refused.json()) as { code: string; detail: string };
    assert.is(code, 'configuration-wrong');
    assert.match(detail, '10 mistakes:');
    for (const place of [
      'policies.0',
      'policies.1.name',
      'destinations.3 (stands there twice)',
      'destinations.4: connection.url',
      'destinations.5: token',
      'destinations.6.need',
      'rules.0: rules.0.to',
      'quotas.0',
      'quotas.1.quota.uploads',
      'backups.everyHours',
    ])
      assert.match(detail, place);
  }
  assert.equal(await get(), before);
  assert.is((await audited(gateway.database.db)).length, rows, 'nothing is in the trail');
});

test('leaves parts alone that a document lacks, and removes entries that a part lacks', async () => {
  const { destinations, rules } = await get();
  const primary = destinations!.find(({ isPrimary }) => isPrimary)!;
  const left = await put({ format: 1, destinations: [primary] });
  assert.is(left.status, 422, 'a rule names one of those that are left out');
  const { changes } = await outcome(
    await put({
      ...{ format: 1, destinations: [primary] },
      rules: rules!.map((one) => (one.kind === 'forwarding' ? { ...one, rules: [] } : one)),
    }),
  );
  assert.equal(
    changes.map(({ part, name, change }) => [part, name, change]),
    [
      ['rules', 'forwarding', 'change'],
      ['destinations', 'archive', 'remove'],
      ['destinations', 'night', 'remove'],
    ],
  );
  const now = await get();
  assert.equal(now.policies!.length, 1);
});

test('takes a secret that a person typed as it is, and refuses it elsewhere', async () => {
  const body = {
    ...connection('https://typed.example.org/dicom-web'),
    ...{ name: 'typed', authentication: { kind: 'basic', username: 'u', password: 'by hand' } },
  };
  assert.is((await gateway.call('POST', '/admin/destinations', { token, body })).status, 201);
  const exported = await get();
  assert.match(JSON.stringify(exported), '"kept":true');
  assert.not.match(JSON.stringify(exported), 'by hand');
  assert.equal((await outcome(await put(exported))).changes, []);
  const other = await openTestGateway({ env });
  const refused = await put(exported, '', other, (await other.signIn()).accessToken);
  assert.is(refused.status, 422);
  assert.match(await refused.text(), 'destinations.');
  await other.close();
});

test('sends a named secret to the receiver of its owner alone, and takes no mistyped plan', async () => {
  const { destinations } = await get();
  const [, archive, night] = DOCUMENT.destinations;
  for (const [url, status] of [
    ['https://elsewhere.example.org/dicom-web', 422],
    ['https://night.example.org/other/dicom-web/', 200],
  ] as const) {
    const moved = { ...night, connection: { ...night!.connection, url } };
    const others = destinations!.filter(({ name }) => name !== 'night');
    const body = { format: 1, destinations: [...others, moved] };
    assert.is((await put(body, '?plan=true')).status, status, url);
  }
  assert.ok(archive);
  for (const query of ['?plan=1', '?plan', '?paln=true'])
    assert.is((await put({ format: 1 }, query)).status, 422, query);
});

test('is the business of administrators', async () => {
  const { accessToken } = await gateway.userWith(['technician', 'radiologist', 'researcher', 'auditor']);
  assert.is((await gateway.call('GET', '/admin/config', { token: accessToken })).status, 403);
  assert.is((await put(DOCUMENT, '', gateway, accessToken)).status, 403);
});

test.run();
