/**
 * The short form of `npm run lab -- bodies`: every operation of the contract gets the bodies of its content type, at a
 * gateway without ports. It looks at counts, sizes and answers; how long the gateway is held is for the lab.
 */
import { z } from '@hono/zod-openapi';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HEADER_BYTES_LIMIT } from '#shared/dicom/limits.ts';
import { listArchive } from '#shared/ingest/archive.ts';
import { everyNth } from '#testing/every-nth.ts';
import { ROLES } from '#shared/protocol/api.ts';
import { defineRoute, jsonBody } from '../../../gateway/src/http/route.ts';
import { openTestGateway, type TestGateway } from '../../../gateway/src/testing/open-gateway.ts';
import { openTestPacs } from '../../../gateway/src/testing/open-pacs.ts';
import { denseArchive } from './archive-body.ts';
import { Addresses } from './addresses.ts';
import { attackTogether, attackWith, faultOf, FIRST_BYTES } from './attack.ts';
import type { Ask } from './ask.ts';
import { NOBODY, operationsOf, resolverOf, type Contract } from './operations.ts';
import { requestsFor, targetsOf, type Target } from './targets.ts';

const test = suite('the bodies of the lab');
let gateway: TestGateway;
let world: Attacked;
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
  world = await openContractOf(gateway);
});
test.after(() => gateway.close());

type Attacked = {
  readonly contract: Contract;
  readonly targets: readonly Target[];
  readonly ask: Ask;
  readonly addresses: Addresses;
};

async function openContractOf(attacked: TestGateway): Promise<Attacked> {
  const contract = (await (await attacked.call('GET', '/openapi.json')).json()) as Contract;
  const tokens = new Map<string, string>();
  for (const role of ROLES) tokens.set(role, (await attacked.userWith([role])).accessToken);
  const ask: Ask = async (caller, { method, path, headers = {}, body: sent }) => {
    const token = tokens.get(caller);
    const more = { ...(token && { token }), ...(sent && { form: new Uint8Array(sent) }) };
    const answer = await attacked.call(method, path, { headers, ...more });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    const body: unknown = isJson ? JSON.parse(text) : text;
    return { status: answer.status, code: (body as { code?: string }).code ?? null, body };
  };
  const addresses = new Addresses(operationsOf(contract), resolverOf(contract), {
    ask,
    isOthers: () => false,
  });
  return { contract, targets: targetsOf(contract, 1), ask, addresses };
}

/** Devices and keys are for the lab. */
const callerOf = ({ operation }: Target): string =>
  operation.callers.find((one) => one === NOBODY || ROLES.some((role) => role === one))!;

type Shot = { readonly target: Target; readonly kinds: Target['kinds']; readonly bytes: number };

/** How many of each kind were sent, and a line for each wrong answer. */
async function fire({ ask, addresses }: Attacked, { target, kinds, bytes }: Shot) {
  const caller = callerOf(target);
  const sent = new Map<string, number>();
  const faults: string[] = [];
  for (const kind of kinds) {
    const body = kind.make(bytes, target.place);
    const isRefused = target.mustRefuse(kind, body);
    const requests = await requestsFor(target, body, { caller, addresses, isRefused });
    sent.set(kind.name, requests.length);
    for (const asked of requests) {
      const fault = faultOf(await ask(caller, asked), isRefused);
      if (fault !== null) faults.push(`${target.name} ${kind.name} ${fault}`);
    }
  }
  return { sent, faults };
}

test('every operation that takes a body is a target with each of its content types', () => {
  const { contract, targets } = world;
  const wanted = Object.entries(contract.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { requestBody }]) =>
      Object.keys(requestBody?.content ?? {}).map((type) => `${method.toUpperCase()} ${path} ${type}`),
    ),
  );
  assert.ok(wanted.length > 80, `${wanted.length}`);
  assert.equal(
    targets.map(({ operation, place }) => `${operation.method} ${operation.path} ${place.type}`),
    wanted,
  );
  for (const { name, kinds } of targets) {
    assert.ok(kinds.length >= 20, `${name}: ${kinds.length} kinds`);
    assert.is(new Set(kinds.map((kind) => kind.name)).size, kinds.length, name);
    assert.ok(kinds[0]!.isPlain, `${name} has a body that finds its limit`);
  }
});

test('every operation refuses the bodies that it cannot take, and nothing goes wrong (in the gate each meets a fifth of them in its turn)', async () => {
  const wrong: string[] = [];
  let count = 0;
  for (const [nth, target] of world.targets.entries()) {
    const kinds = everyNth(target.kinds, 5, nth);
    const { sent, faults } = await fire(world, { target, kinds, bytes: 4 * 1024 });
    wrong.push(...faults);
    const kept = [...sent].filter(([, times]) => times === 0).map(([name]) => name);
    const isSetting = target.operation.callers.join() === 'admin';
    assert.ok(isSetting || kept.length === 0, `${target.name} was spared ${kept}`);
    count += kinds.length - kept.length;
  }
  assert.ok(count > 400, `${count} bodies`);
  assert.equal(wrong, []);
});

test('bodies are as large as they are asked to be, and an operation takes the first size of the lab', async () => {
  const { targets, ask, addresses } = world;
  const shares: number[] = [];
  for (const [nth, target] of targets.entries()) {
    for (const { make } of everyNth(target.kinds, 8, nth)) {
      const { length } = make(FIRST_BYTES, target.place).bytes;
      assert.ok(length <= FIRST_BYTES, `${target.name}: ${length} bytes`);
      shares.push(length / FIRST_BYTES);
    }
    const caller = callerOf(target);
    const body = target.kinds[0]!.make(FIRST_BYTES, target.place);
    for (const asked of await requestsFor(target, body, { caller, addresses, isRefused: true }))
      assert.is.not((await ask(caller, asked)).code, 'body-too-large', target.name);
  }
  const full = shares.filter((share) => share > 0.98);
  assert.ok(full.length >= shares.length / 3, `${full.length} of ${shares.length}`);
});

test('a route that nobody has told the lab of is attacked', async () => {
  const own = await openTestGateway({ start: false });
  const wish = z.object({ names: z.array(z.string().max(8)).max(20) });
  const received: string[] = [];
  const route = defineRoute({
    ...{ method: 'post', path: '/things/{id}/names', roles: 'public', tags: ['things'], summary: 'Name it' },
    request: { params: z.object({ id: z.uuid() }), body: jsonBody(wish) },
    responses: { 204: { description: 'Named' } },
  } as const);
  own.api.openapi(route, (c) => {
    received.push(JSON.stringify(c.req.valid('json')));
    return c.body(null, 204);
  });
  const world = await openContractOf(own);
  const target = world.targets.find(({ operation }) => operation.path === route.path)!;
  const { sent, faults } = await fire(world, { target, kinds: target.kinds, bytes: 4 * 1024 });
  assert.is(sent.size, target.kinds.length);
  assert.ok([...sent.values()].every((times) => times === 1));
  assert.ok(
    received.some((text) => text.includes('a1')),
    'a legal body too, by its schema',
  );
  assert.equal(faults, []);
  await own.close();
});

test('an archive of dense entries is just below the limits of one', async () => {
  const entries = await listArchive(new Blob([new Uint8Array(denseArchive(1, 1))]));
  assert.equal(
    entries.map(({ kind }) => kind),
    ['entry'],
  );
  assert.ok(entries[0]!.bytes > 0.9 * HEADER_BYTES_LIMIT);
});

test('an attack that cannot be made or measured is a fault of its own, and the next one goes on', async () => {
  const fails = async (): Promise<never> => {
    throw new Error('no memory to read');
  };
  const { ask, addresses } = world;
  const tools = { ask, addresses, enoughMs: 50, seed: 1, isChosen: () => true };
  const beside = () => ({ heldMs: 0, during: null });
  const watch = { noteBeside: () => undefined, beside, kept: fails, measure: fails };
  const named = { name: 'an attack', group: 'files', caller: NOBODY } as const;
  const shot = { bytes: 1, isRefused: false, fire: fails };
  const attacks = [
    ...(await Array.fromAsync(attackWith({ ...tools, watch }, named, fails))),
    ...(await Array.fromAsync(attackWith({ ...tools, watch }, named, () => shot))),
    ...(await Array.fromAsync(attackTogether({ ...tools, watch }, [{ ...named, ...shot }]))),
  ];
  assert.is(attacks.length, 3);
  for (const { fault } of attacks) assert.match(fault!, /came to no end: .*no memory to read/s);
});

test('no attack is aimed at what other people work at', async () => {
  const rows = ['1.2.3', '1.2.4'].map((uid) => ({ '0020000D': { vr: 'UI', Value: [uid] } }));
  const ask: Ask = async () => ({ status: 200, code: null, body: rows });
  const nothing = { callers: ['technician'], parameters: [], bodies: [], limit: null, words: [] };
  const list = { ...nothing, method: 'GET', path: '/dicom-web/studies' };
  const one = { ...list, path: `${list.path}/{studyInstanceUID}` };
  const addressOf = async (isOthers: (text: string) => boolean) =>
    new Addresses([list, one], (schema) => schema, { ask, isOthers }).real(one, 'technician');
  assert.equal(await addressOf(() => false), ['/dicom-web/studies/1.2.3']);
  assert.equal(await addressOf((text) => text === '1.2.3'), ['/dicom-web/studies/1.2.4']);
});

test.run();
