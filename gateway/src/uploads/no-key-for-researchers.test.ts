/** A researcher, who must not re-identify, gets no key by any route: all are walked, and every answer is searched. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { policyAnswerSchema } from '#shared/protocol/api.ts';
import { blindPatients } from '#shared/transfer/patient-secrets.ts';
import { derivePolicyKey } from '#shared/transfer/policy-key.ts';
import { createDevicePair, nameDevicePair, unwrapPolicyKey } from '#shared/transfer/wrapped-key.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

const test = suite('a researcher');
let folder: string;
let gateway: TestGateway;
test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relay-researcher-'));
  gateway = await openTestGateway({ folder });
});
test.after(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const OWN = { name: 'own', title: 'Own', deidentify: true, options: [], roles: ['researcher', 'technician'] };
const policies = [
  { name: 'deidentified', key: 1 },
  { name: 'own', key: 1 },
];

/** Every secret of the gateway: the files of its keys, and the keys of its policies. */
async function secrets(): Promise<Buffer[]> {
  const keys = join(folder, 'keys');
  const files = readdirSync(keys, { withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.map(({ name }) => {
    const content = readFileSync(join(keys, name));
    if (!name.endsWith('.pem')) return content;
    // The secret is the end of PKCS #8 (RFC 8410 §7); what is before it is the same for all.
    return Buffer.from(content.toString().replaceAll(/-----[^-]+-----|\s/g, ''), 'base64').subarray(-32);
  });
  const root = readFileSync(join(keys, 'pseudonyms.key'));
  const own = await Promise.all(policies.map((policy) => derivePolicyKey(root, policy)));
  return [...bytes, ...own.map(({ pair }) => Buffer.from(pair.secretKey))];
}

/** The texts by which bytes would be known: in base64 also where they begin in the middle of other bytes. */
function formsOf(secret: Buffer): string[] {
  const inBase64 = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), secret]).toString('base64url');
    return [text.slice(Math.ceil((shift * 8) / 6), -2)];
  });
  const plain = inBase64.map((text) => text.replaceAll('-', '+').replaceAll('_', '/'));
  return [
    secret.toString('latin1'),
    secret.toString('hex'),
    BigInt(`0x${secret.toString('hex')}`).toString(),
  ].concat(inBase64, plain);
}

const finds = (answer: string, all: readonly Buffer[]): boolean =>
  all.some((secret) => formsOf(secret).some((form) => answer.includes(form)));

type Asked = { readonly method: string; readonly path: string; readonly body?: unknown };

/** Each route of the contract, with values that lead somewhere; those of sign-in last, because they end sessions. */
async function everyRoute(deviceKey: string): Promise<Asked[]> {
  const contract = (await (await gateway.call('GET', '/openapi.json')).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const blinded = blindPatients(['patient\0P1']).map(({ element }) => element);
  const bodies = [
    undefined,
    { deviceKey, policy: 'own', version: 1, blinded },
    { deviceKey, policy: 'deidentified', version: 1, blinded },
  ];
  const asked = Object.entries(contract.paths).flatMap(([template, methods]) => {
    const path = template
      .replace(/\{name\}/, 'own')
      .replaceAll(/\{[^}]+\}/g, '00000000-0000-4000-8000-000000000000');
    return Object.keys(methods).flatMap((method) =>
      method === 'get'
        ? ['', `?deviceKey=${deviceKey}`].map((query) => ({ method: 'GET', path: path + query }))
        : (method === 'head' ? [undefined] : bodies).map((body) => ({
            method: method.toUpperCase(),
            path,
            body,
          })),
    );
  });
  return asked.sort((a, b) => Number(a.path.startsWith('/auth')) - Number(b.path.startsWith('/auth')));
}

async function answerTo({ method, path, body }: Asked, token: string): Promise<string> {
  const answer = await gateway.call(method, path, { token, ...(body !== undefined && { body }) });
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    await answer.body?.cancel();
    return '';
  }
  const headers = [...answer.headers].flat().join('\n');
  return headers + Buffer.from(await answer.arrayBuffer()).toString('latin1');
}

test('is answered by every route without a byte of a key', async () => {
  const { accessToken: admin } = await gateway.signIn();
  const made = await gateway.call('POST', '/admin/policies', { token: admin, body: OWN });
  assert.is(made.status, 201, await made.text());
  const all = await secrets();
  assert.ok(all.length >= 8);
  const pair = await createDevicePair();
  const deviceKey = await nameDevicePair(pair);
  const { accessToken: token } = await gateway.userWith(['researcher']);
  const routes = await everyRoute(deviceKey);
  assert.ok(routes.length > 150, `${routes.length} requests`);
  let answered = 0;
  for (const asked of routes) {
    const answer = await answerTo(asked, token);
    if (answer.includes('"evaluated"')) answered += 1;
    assert.not.ok(finds(answer, all), `${asked.method} ${asked.path}`);
    assert.not.ok(
      answer.includes('ephemeral') && asked.path !== '/openapi.json',
      `${asked.method} ${asked.path}`,
    );
  }
  assert.is(answered, 2, 'the gateway helps the researcher all the same');
});

test('would be found out: the search knows a key in every form, and a technician’s device opens one', async () => {
  const all = await secrets();
  for (const secret of all)
    for (const form of formsOf(secret)) assert.ok(finds(`"key": "x${form}"`, [secret]), form);
  const pair = await createDevicePair();
  const { accessToken: token } = await gateway.userWith(['technician']);
  const path = `/upload/policy?deviceKey=${await nameDevicePair(pair)}`;
  const { pseudonymKeys } = policyAnswerSchema.parse(
    await (await gateway.call('GET', path, { token })).json(),
  );
  for (const { wrapped } of pseudonymKeys) assert.is((await unwrapPolicyKey(wrapped!, pair)).type, 'private');
});

test.run();
