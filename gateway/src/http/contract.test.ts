import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { everyNth } from '#testing/every-nth.ts';
import {
  openContract,
  type CallByContract,
  type OpenApiDocument,
  type Operation,
} from '../testing/call-by-contract.ts';
import { createTestDevice } from '../testing/open-device.ts';
import { ROLES, type PolicyAnswer, type Role, type Session } from '#shared/protocol/api.ts';
import { blindPatients } from '#shared/transfer/patient-secrets.ts';
import { createDevicePair, nameDevicePair } from '#shared/transfer/wrapped-key.ts';
import { formOf, greyFile } from '../testing/open-job.ts';
import { meanModel } from '../testing/build-model.ts';
import {
  ADMIN_PASSWORD,
  type CallOptions,
  openTestGateway,
  type TestGateway,
} from '../testing/open-gateway.ts';
import type { Access } from './route.ts';

const test = suite('the contract');
let gateway: TestGateway;
let contract: OpenApiDocument;
let callByContract: CallByContract;
let lacking: () => readonly string[];

test.before(async () => {
  gateway = await openTestGateway();
  ({ contract, callByContract, lacking } = await openContract(gateway));
});
test.after(() => gateway.close());

test('real answers about signing in are as /openapi.json says', async () => {
  const session = (await callByContract('post', '/auth/login', 200, {
    body: { username: 'admin', password: ADMIN_PASSWORD },
  })) as { accessToken: string; refreshToken: string };
  const token = session.accessToken;
  await callByContract('post', '/auth/login', 401, {
    body: { username: 'admin', password: 'wrong password' },
  });
  await callByContract('post', '/auth/login', 422, { body: {} });
  await callByContract('post', '/auth/login', 400, {
    ...{ form: new Uint8Array([0x7b]), headers: { 'content-type': 'application/json' } },
  });
  const { refreshToken } = (await callByContract('post', '/auth/refresh', 200, {
    body: { refreshToken: session.refreshToken },
  })) as { refreshToken: string };
  await callByContract('post', '/auth/refresh', 401, { body: { refreshToken: 'x' } });
  await callByContract('post', '/auth/logout', 204, { body: { refreshToken } });
  await callByContract('get', '/auth/me', 200, { token });
  await callByContract('get', '/auth/me', 401);
});

test('real answers about one’s own password and sessions are as /openapi.json says', async () => {
  const { accessToken } = await gateway.userWith(['technician']);
  const change = (status: number, token: string, currentPassword: string, newPassword: string) =>
    callByContract('post', '/auth/password', status, { token, body: { currentPassword, newPassword } });
  await change(403, accessToken, 'a guess', 'another password');
  await change(422, accessToken, 'a long password', 'password');
  const next = (await change(200, accessToken, 'a long password', 'another password')) as Session;
  await callByContract('delete', '/auth/sessions', 422, { token: next.accessToken });
  await callByContract('delete', '/auth/sessions', 204, { token: next.accessToken, query: { which: 'all' } });
});

test('real answers about the gateway itself are as /openapi.json says', async () => {
  const { accessToken: token } = await gateway.signIn();
  await callByContract('get', '/.well-known/jwks.json', 200);
  await callByContract('get', '/health', 200);
  await callByContract('get', '/health/live', 200);
  await callByContract('get', '/health/ready', 200);
  await callByContract('get', '/version', 200);
  await callByContract('get', '/metrics', 200, { token });
  await callByContract('get', '/metrics', 200, {
    token,
    headers: { accept: 'application/json' },
    query: { by: 'month' },
  });
  await callByContract('get', '/metrics', 422, { token, query: { from: 'yesterday' } });
});

test('real answers about keys for devices are as /openapi.json says', async () => {
  const { accessToken: token } = await gateway.signIn();
  const { sealingKey } = (await callByContract('get', '/upload/policy', 200, { token })) as PolicyAnswer;
  assert.equal(
    [sealingKey?.crv, Buffer.from(sealingKey?.x ?? '', 'base64url').length],
    ['X25519', 32],
    'the key to which devices seal',
  );
  const deviceKey = await nameDevicePair(await createDevicePair());
  const { pseudonymKeys } = (await callByContract('get', '/upload/policy', 200, {
    token,
    query: { deviceKey },
  })) as PolicyAnswer;
  assert.is(pseudonymKeys[0]?.wrapped?.ephemeral.length, 87, 'the key of a policy, for this device alone');
  const policy = { policy: 'deidentified', version: 1 };
  const blinded = blindPatients(['patient\0P1']).map(({ element }) => element);
  await callByContract('post', '/upload/pseudonyms', 200, { token, body: { ...policy, blinded } });
  await callByContract('post', '/upload/pseudonyms', 422, {
    token,
    body: { ...policy, blinded: [`_${blinded[0]!.slice(1)}`] },
  });
  await callByContract('get', '/upload/policy', 422, { token, query: { deviceKey: 'x' } });
  const asked = { studyInstanceUID: '1.2.3', sopInstanceUIDs: ['1.2.3.4'] };
  await callByContract('post', '/upload/in-pacs', 200, { token, body: asked });
});

test('real answers about users are as /openapi.json says', async () => {
  const { accessToken: token } = await gateway.signIn();
  await callByContract('get', '/admin/users', 200, { token });
  const body = { username: 'tech', password: 'a long password', roles: ['technician'] };
  const { id } = (await callByContract('post', '/admin/users', 201, { token, body })) as { id: string };
  await callByContract('post', '/admin/users', 409, { token, body });
  await callByContract('post', '/admin/users', 415, {
    token,
    body,
    headers: { 'content-type': 'text/plain' },
  });
  await callByContract('patch', '/admin/users/{id}', 200, {
    token,
    params: { id },
    body: { disabled: true },
  });
  await callByContract('patch', '/admin/users/{id}', 404, {
    token,
    params: { id: '00000000-0000-4000-8000-000000000000' },
    body: {},
  });
  await callByContract('put', '/admin/users/{id}/password', 204, {
    token,
    params: { id },
    body: { password: 'another password' },
  });
  await callByContract('delete', '/admin/users/{id}/sessions', 204, { token, params: { id } });
  await callByContract('post', '/admin/users/{id}/take-over', 204, {
    token,
    params: { id },
    body: { studies: 2 },
  });
  const other = await gateway.userWith(['technician']);
  await callByContract('get', '/admin/users', 403, { token: other.accessToken });
});

test('real answers about policies are as /openapi.json says', async () => {
  const { accessToken: token } = await gateway.signIn();
  const policy = {
    name: 'own',
    title: 'Our own',
    deidentify: true,
    options: ['retain-uids'],
    roles: ['technician'],
    rules: { attributes: { '00101010': 'keep' } },
  };
  await callByContract('post', '/admin/policies', 201, { token, body: policy });
  await callByContract('post', '/admin/policies', 409, { token, body: policy });
  await callByContract('post', '/admin/policies', 422, {
    token,
    body: { ...policy, options: ['clean-pixel-data'] },
  });
  await callByContract('get', '/admin/policies', 200, { token });
  await callByContract('get', '/admin/policies/{name}', 200, { token, params: { name: 'own' } });
  await callByContract('get', '/admin/policies/{name}', 404, { token, params: { name: 'nobodys' } });
  await callByContract('put', '/admin/policies/{name}', 200, {
    token,
    params: { name: 'own' },
    body: { replaces: 1, policy },
  });
  await callByContract('put', '/admin/policies/{name}', 409, {
    token,
    params: { name: 'own' },
    body: { replaces: 1, policy },
  });
  const technician = await gateway.userWith(['technician']);
  await callByContract('get', '/upload/policy', 200, { token: technician.accessToken });
  const form = new FormData();
  form.append('policy', JSON.stringify(policy));
  form.append('file', new Blob(['no instance']), 'name.dcm');
  await callByContract('post', '/admin/policies/dry-run', 200, { token, form });
  await callByContract('post', '/admin/policies/dry-run', 415, { token, body: policy });
  await callByContract('post', '/admin/policies/{name}/withdraw', 200, {
    token,
    params: { name: 'own' },
    body: { version: 2 },
  });
  await callByContract('post', '/admin/policies/{name}/withdraw', 409, {
    token,
    params: { name: 'identified' },
    body: { version: 1 },
  });
});

test('real answers about devices are as /openapi.json says', async () => {
  const { accessToken: token } = await gateway.signIn();
  const device = await createTestDevice(gateway);
  await callByContract('post', '/auth/enrol', 200, { token, body: { publicKey: device.publicKey } });
  await callByContract('post', '/auth/enrol', 422, {
    token,
    body: { publicKey: { ...device.publicKey, x: 'A'.repeat(43) } },
  });
  await callByContract('post', '/auth/enrol', 401, { body: { publicKey: device.publicKey } });
  await device.enrol(token);
  await callByContract('post', '/auth/device-token', 200, { body: { assertion: await device.assertion() } });
  await callByContract('post', '/auth/device-token', 401, {
    body: { assertion: await device.assertion({ aud: 'https://elsewhere.example' }) },
  });
  await callByContract('post', '/auth/device-token', 422, { body: {} });
});

const NOBODY = { id: '00000000-0000-4000-8000-000000000000' };

test('real answers about models are as /openapi.json says', async () => {
  const { accessToken: token } = await gateway.signIn();
  await callByContract('get', '/models', 200, { token });
  await callByContract('get', '/models/{id}', 200, { token, params: { id: 'pneumonia' } });
  await callByContract('get', '/models/{id}', 404, { token, params: { id: 'nobodys' } });
  await callByContract('post', '/models', 201, { token, form: modelForm() });
  await callByContract('post', '/models', 415, { token, body: {} });
  const params = { id: 'mean-grey', version: '1.0.0' };
  await callByContract('post', '/models/{id}/versions/{version}/activate', 200, { token, params });
  await callByContract('post', '/models/{id}/versions/{version}/rollback', 409, { token, params });
  await callByContract('post', '/models', 201, { token, form: modelForm('1.1.0') });
  const next = { token, params: { ...params, version: '1.1.0' } };
  await callByContract('post', '/models/{id}/versions/{version}/activate', 200, next);
  await callByContract('post', '/models/{id}/versions/{version}/rollback', 200, next);
  await callByContract('post', '/models/{id}/versions/{version}/stop', 200, { token, params });
  await callByContract('put', '/admin/models/{id}/fallback', 200, {
    token,
    params,
    body: { fallback: { id: 'pneumonia', version: '1.0.0' } },
  });
  await callByContract('put', '/admin/models/{id}/fallback', 409, {
    token,
    params,
    body: { fallback: { id: 'nobodys', version: '1' } },
  });
});

test('real answers about rules are as /openapi.json says', async () => {
  const { accessToken: token } = await gateway.signIn();
  const path = '/admin/rules/{kind}';
  const of = { token, params: { kind: 'inference' } };
  const films = { name: 'films', enabled: false, when: {}, models: ['pneumonia'] };
  await callByContract('get', path, 200, of);
  await callByContract('put', path, 200, { ...of, body: { rules: [films] } });
  await callByContract('put', path, 422, { ...of, body: { rules: [{ name: '' }] } });
  await callByContract('put', path, 409, { ...of, body: { rules: [], version: '0'.repeat(64) } });
  const dryRun = `${path}/dry-run`;
  await callByContract('post', dryRun, 200, { ...of, body: { attributes: { modality: ['DX'] } } });
  await callByContract('post', dryRun, 404, { ...of, body: { studyInstanceUID: '1.2.3' } });
});

test('real answers about jobs and results are as /openapi.json says', async () => {
  const { accessToken: token } = await gateway.userWith(['radiologist', 'admin']);
  await callByContract('post', '/predict', 200, { token, form: formOf([greyFile(1)]) });
  await callByContract('post', '/predict', 415, { token, form: formOf([Buffer.from('x')]) });
  await callByContract('post', '/infer', 422, { token, body: { model: 'pneumonia' } });
  await callByContract('post', '/infer/batch', 202, { token, form: formOf([greyFile(2), greyFile(3)]) });
  const { id } = (await callByContract('post', '/infer', 202, { token, form: formOf([greyFile(4)]) })) as {
    id: string;
  };
  await callByContract('get', '/jobs/{id}/events', 200, { token, params: { id } });
  const { results } = (await callByContract('get', '/jobs/{id}', 200, { token, params: { id } })) as {
    results: [string];
  };
  await callByContract('get', '/jobs', 200, { token });
  await callByContract('delete', '/jobs/{id}', 409, { token, params: { id } });
  await callByContract('post', '/jobs/{id}/retry', 409, { token, params: { id } });
  await callByContract('get', '/jobs/{id}', 404, { token, params: NOBODY });
  await callResultByContract(token, results[0]);
});

async function callResultByContract(token: string, id: string): Promise<void> {
  await callByContract('get', '/results', 200, { token, query: { model: 'pneumonia', limit: '1' } });
  await callByContract('get', '/results/{id}', 200, { token, params: { id } });
  await callByContract('get', '/results/{id}/explanations/{method}', 410, {
    token,
    params: { id, method: 'image' },
  });
  await callByContract('get', '/results/{id}/explanations/{method}', 404, {
    token,
    params: { id, method: 'cam' },
  });
  await callByContract('get', '/results/{id}/preview', 410, { token, params: { id } });
  await callByContract('get', '/results/{id}/instances/{sopInstanceUID}', 404, {
    token,
    params: { id, sopInstanceUID: '1.2.3' },
  });
  const verdict = { token, params: { id }, body: { verdict: 'agree' } };
  const colleague = (await gateway.userWith(['radiologist'])).accessToken;
  await callByContract('post', '/results/{id}/verify', 409, { ...verdict, token: colleague });
  await callByContract('post', '/results/{id}/verify', 200, verdict);
  await callByContract('post', '/results/{id}/verify', 409, verdict);
}

test('real answers about parcels are as /openapi.json says', async () => {
  const { accessToken: token } = await gateway.userWith(['technician']);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const id = '00000000-0000-4000-8000-000000000000';
  const announce = (bytes: number): CallOptions => ({
    token,
    headers: {
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes),
      'upload-metadata': `upload ${base64(id)},parcel ${base64(id)}`,
    },
  });
  await callByContract('post', '/upload/files', 422, { token });
  await callByContract('post', '/upload/files', 404, announce(100));
  await callByContract('post', '/upload/files', 413, announce(2 ** 45));
  for (const method of ['head', 'patch', 'delete'])
    await callByContract(method, '/upload/files/{id}', 404, { token, params: { id } });
  assert.is((await gateway.call('GET', `/upload/files/${id}`, { token })).status, 405);
});

function modelForm(version = '1.0.0'): FormData {
  const { file, card } = meanModel();
  const form = new FormData();
  form.append('card', JSON.stringify({ ...card, version }));
  form.append('model', new Blob([file]));
  return form;
}

test('every operation refuses strangers and people without a role of it as /openapi.json says', async () => {
  const tokens = new Map<Role, string>();
  for (const role of ROLES) tokens.set(role, (await gateway.userWith([role])).accessToken);
  let refused = 0;
  for (const [path, operations] of Object.entries(contract.paths))
    for (const [method, operation] of Object.entries(operations)) {
      const roles = operation['x-roles'] as Access;
      if (roles === 'public') continue;
      await callByContract(method, path, 401);
      const other = ROLES.find((role) => !roles.includes(role));
      if (other !== undefined) await callByContract(method, path, 403, { token: tokens.get(other)! });
      refused += 1;
    }
  assert.ok(refused > 180, `${refused} operations`);
});

test('the contract has an example of each operation that was called', () => {
  assert.equal(lacking(), []);
});

const saidOf = (operation: Operation | undefined, name: string): string =>
  operation?.parameters?.find((one) => one.name === name)?.description ?? '';

test('the contract says which headers of a parcel go beyond tus 1.0', () => {
  const { post } = contract.paths['/upload/files']!;
  const { patch } = contract.paths['/upload/files/{id}']!;
  assert.match(saidOf(post, 'Upload-Metadata'), /`upload .*parcel .*seal .*enc /);
  assert.match(saidOf(patch, 'Upload-Checksum'), /`sha256 /);
  assert.match(patch?.description ?? '', / 460 /);
});

test('the contract names every route that is served, with its roles', () => {
  assert.match(contract.openapi, /^3\.1\./);
  const described = new Set(
    Object.entries(contract.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    ),
  );
  const served = new Set(
    gateway.api.routes
      .filter(({ method, path }) => method !== 'ALL' && path !== '/openapi.json')
      // The two OPTIONS of tus are the protocol's own; HEAD is GET without a body.
      .filter(({ method }) => method !== 'OPTIONS' && method !== 'HEAD')
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
  );
  assert.equal(
    // A route that is described as HEAD alone refuses GET.
    [...served].filter((route) => !described.has(route) && !described.has(route.replace(/^get /, 'head '))),
    [],
  );
  for (const [path, operations] of Object.entries(contract.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      assert.match(operation.tags?.join() ?? '', /^[a-z]+$/, `${method} ${path} is in one group`);
      const schemes = operation.security?.flatMap((requirement) => Object.keys(requirement as object));
      if (operation['x-roles'] === 'public') assert.equal(schemes, [], `${method} ${path}`);
      // The walks in gateway.test.ts and api-keys.test.ts check which routes a device's right and a key reach.
      else
        assert.ok(
          /^bearer(,apiKey)*$/.test(schemes?.join() ?? '') ||
            (/^bearer,uploadRight(,apiKey)*$/.test(schemes?.join() ?? '') &&
              /^\/(upload\/|events$)/.test(path)),
          `${method} ${path}: ${schemes?.join()}`,
        );
    }
  }
});

/** Beyond every type that a parameter may have: numbers, days, pages, names. */
const ODD_VALUES = [
  ...['', '0', '-1', '1e400', '99999999999999999999', 'NaN', '0000-01-01', '0000-01-01T00:00:00Z'],
  ...['9999-12-31', '+275760-09-14', `1~${'-'.repeat(36)}`, `1~${'0'.repeat(36)}`, '\0', "'", '%', '../..'],
  `9999999999999999~${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`,
  'é'.repeat(500),
];
const NOBODYS_ID = '00000000-0000-4000-8000-000000000000';
/** Their answers have no end. */
const STREAMS = ['/events', '/jobs/{id}/events'];

test('no value of a parameter is unexpected (in the gate, each route meets a fifth of them in its turn)', async () => {
  const { accessToken: token } = await gateway.signIn();
  const unexpected: string[] = [];
  const look = async (path: string): Promise<void> => {
    const { status, body } = await gateway.call('GET', path, { token });
    await body?.cancel();
    // The PACS is down.
    if (status >= 500 && status !== 502 && status !== 503) unexpected.push(`${path}: ${status}`);
  };
  let count = 0;
  for (const [nth, [template, { get }]] of Object.entries(contract.paths).entries()) {
    if (get === undefined || STREAMS.includes(template)) continue;
    const queries = (get.parameters ?? []).filter((one) => one.in === 'query');
    for (const value of everyNth(ODD_VALUES, 5, nth)) {
      const odd = encodeURIComponent(value) || '%20';
      if (template.includes('{')) await look(template.replaceAll(/\{\w+\}/g, odd));
      for (const { name } of queries)
        await look(`${template.replaceAll(/\{\w+\}/g, NOBODYS_ID)}?${name}=${encodeURIComponent(value)}`);
      count += queries.length;
    }
  }
  assert.ok(count > 100, `${count} requests`);
  assert.equal(unexpected, []);
});

test('no type of a body is unexpected', async () => {
  const { accessToken: token } = await gateway.userWith(ROLES);
  const unexpected: string[] = [];
  let count = 0;
  for (const [template, operations] of Object.entries(contract.paths))
    for (const [method, operation] of Object.entries(operations)) {
      if (operation.requestBody === undefined) continue;
      const path = template.replaceAll(/\{\w+\}/g, NOBODYS_ID);
      for (const type of ['application/json', 'text/csv', 'x/y']) {
        const headers = { 'content-type': type };
        const form = new TextEncoder().encode('{}');
        const { status, body } = await gateway.call(method.toUpperCase(), path, { token, form, headers });
        await body?.cancel();
        if (status === 500) unexpected.push(`${method} ${template} as ${type}`);
        count += 1;
      }
    }
  assert.ok(count > 100, `${count} requests`);
  assert.equal(unexpected, []);
});

test.run();
