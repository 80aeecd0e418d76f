/** Two holders of a vault open one identity together; nobody opens one alone. */
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import { vaultAnswerSchema, vaultOpeningSchema, type VaultRequest } from '#shared/protocol/vault.ts';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { createMessagePair } from '#shared/transfer/seal.ts';
import { approvalOf, identitiesIn } from '#shared/transfer/vault-opening.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { audited } from '../testing/audited.ts';
import { openContract } from '../testing/call-by-contract.ts';
import {
  ANNA,
  openTestVault,
  PSEUDONYM,
  pseudonymOf,
  vaultSuite,
  type TestHolder,
} from '../testing/open-vault.ts';
import { OPENINGS_A_DAY } from './vault-request.store.ts';

const test = vaultSuite('the holders of a vault');

test('an identity comes back to the holder who asked, once the other has approved; each step is audited', async (scene) => {
  const { gateway, calls, sender, auditedBefore } = scene;
  const vault = await openTestVault(gateway);
  const [first, second] = vault.holders;
  assert.is((await calls.announce([await calls.entryFor(vault.terms)], sender)).status, 200);
  await calls.arrive(sender);
  const asked = (await calls.ask(vault, second)).body as unknown as VaultRequest;
  assert.equal(
    [asked.state, asked.askedBy, asked.other],
    ['asked', second.session.user.username, first.session.user.username],
  );
  const path = `/admin/vault/requests/${asked.id}`;
  assert.is(await calls.codeOf('POST', `${path}/open`, second.session), 'vault-step-not-possible', 'not yet');
  assert.equal(fieldsOf(await calls.identitiesBy('GET', path, second), 'identity'), [null], 'one half');
  const shares = await approvalOf(await calls.readOpening('GET', path, first), first.half);
  assert.is(
    await calls.codeOf('POST', `${path}/approve`, second.session, { shares }),
    'vault-step-not-possible',
    'the holder who asked does not approve',
  );
  assert.is(await calls.codeOf('POST', `${path}/approve`, first.session, { shares }), 200);
  assert.is(
    await calls.codeOf('POST', `${path}/open`, first.session),
    'vault-step-not-possible',
    'for the one who asked',
  );
  const [opened] = await calls.identitiesBy('POST', `${path}/open`, second);
  assert.equal(opened?.identity, ANNA);
  assert.equal([opened?.entry.writtenBy, opened?.entry.hasArrived], [sender.user.username, true]);
  assert.equal(fieldsOf((await calls.readOpening('GET', path, first)).entries, 'share'), [null]);
  assert.equal((await calls.eventsAfter(auditedBefore)).slice(3), [
    'vault-asked',
    'vault-approved',
    'vault-opened',
  ]);
  const { fields } = (await audited(gateway.database.db, 'vault-opened')).at(-1)!;
  assert.equal(fields, {
    vaultId: vault.terms.id,
    requestId: asked.id,
    accountId: second.session.user.id,
    pseudonym: PSEUDONYM,
    reason: 'incidental-finding',
  });
});

test('an approval is about the entries that were there: none that comes later is opened by it, nor takes their place', async (context) => {
  const { gateway, calls, sender } = context;
  const vault = await openTestVault(gateway);
  const [first, second] = vault.holders;
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  const path = await calls.requestOf(vault, first);
  const read = await calls.readOpening('GET', path, second);
  const shares = await approvalOf(read, second.half);
  await calls.call('POST', `${path}/approve`, second.session, { shares });
  const later = { ...ANNA, name: 'Later^Entry' };
  await calls.announce([await calls.entryFor(vault.terms, PSEUDONYM, later)], sender);
  const other = await gateway.userWith(['technician']);
  await calls.announce([await calls.entryFor(vault.terms, PSEUDONYM, later)], other);
  const { db } = gateway.database;
  const newest = (writer: Session) =>
    db
      .selectFrom('study')
      .select('id')
      .where('account_id', '=', writer.user.id)
      .orderBy('created_at', 'desc')
      .limit(1);
  for (const writer of [sender, other])
    await db.updateTable('instance').set({ brought: true }).where('study_id', 'in', newest(writer)).execute();
  const opened = await calls.identitiesBy('POST', `${path}/open`, first);
  assert.equal(
    opened.map(({ entry, identity }) => [entry.id, identity?.name]),
    read.entries.map((entry) => [entry.id, ANNA.name]),
  );
  assert.is(
    (await calls.readOpening('GET', path, second)).entries.length,
    read.entries.length,
    'the other holder sees what was approved',
  );
  const next = (await calls.ask(vault, first)).body as unknown as VaultRequest;
  const all = await calls.readOpening('GET', `/admin/vault/requests/${next.id}`, second);
  assert.is(all.entries.length, 2, 'a new request is about all of them');
});

test('a holder notices another key in the place of theirs, and an entry sealed before does not open with it', async (context) => {
  const { gateway, calls, sender } = context;
  const vault = await openTestVault(gateway);
  const [first, second] = vault.holders;
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  const { id } = (await calls.ask(vault, first)).body as unknown as VaultRequest;
  const thief = toBase64Url((await createMessagePair()).publicKey);
  await gateway.database.db.updateTable('vault').set({ first_key: thief }).execute();
  const path = `/admin/vault/requests/${id}`;
  assert.equal(await approvalOf(await calls.readOpening('GET', path, second), second.half), []);
  const opening = await calls.readOpening('GET', path, first);
  assert.throws(() => identitiesIn(opening, first.half), /does not belong/);
});

test('a request is about a patient with an entry; who holds nothing sees none, and an administrator that there is one', async (context) => {
  const { gateway, calls, sender, admin } = context;
  const vault = await openTestVault(gateway);
  const [first] = vault.holders;
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  assert.is(
    (await calls.ask(vault, first, pseudonymOf('B'))).body?.code,
    'not-found',
    'a patient without entry',
  );
  await calls.requestOf(vault, first);
  assert.equal((await calls.shown(sender)).vaults, []);
  assert.is((await calls.shown(admin)).requests.length, 1, 'an administrator sees that there is one');
});

test('a holder who became a researcher opens nothing', async ({ gateway, calls, sender, admin }) => {
  const vault = await openTestVault(gateway);
  const { user } = vault.holders[0].session;
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  await calls.call('PATCH', `/admin/users/${user.id}`, admin, { roles: ['auditor', 'researcher'] });
  const session = await gateway.signIn(user.username, 'a long password');
  assert.is((await calls.ask(vault, { ...vault.holders[0], session })).body?.code, 'not-allowed');
});

test('a refused request, and one that is a day old, open nothing; shares that nobody may use are deleted', async (context) => {
  const { gateway, calls, sender } = context;
  const vault = await openTestVault(gateway);
  const [first, second] = vault.holders;
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  const next = () => calls.requestOf(vault, first);
  const refused = await next();
  assert.is(await calls.codeOf('POST', `${refused}/refuse`, second.session), 200);
  assert.is(await calls.approve(refused, second), 'vault-step-not-possible');
  const late = await next();
  const approved = await next();
  gateway.wait(23 * 3_600_000);
  const signedIn = async (holder: TestHolder) => ({
    ...holder,
    session: await gateway.signIn(holder.session.user.username, 'a long password'),
  });
  assert.is(await calls.approve(approved, await signedIn(second)), 200);
  gateway.wait(2 * 3_600_000);
  const again = await signedIn(first);
  const too = await signedIn(second);
  assert.is(await calls.approve(late, too), 'vault-step-not-possible');
  assert.is(await calls.codeOf('POST', `${approved}/open`, again.session), 200, 'a day from the approval');
  const done = await calls.codeOf('POST', `${approved}/refuse`, again.session);
  assert.is(done, 200, 'and ends when they are done');
  assert.is(await calls.codeOf('POST', `${approved}/open`, again.session), 'vault-step-not-possible');
  const kept = await gateway.database.db.selectFrom('vault_request').select('shares').execute();
  assert.ok(kept.every((row) => row.shares === null));
});

test('ten are opened a day; the next day it may be more', async ({ gateway, calls, sender }) => {
  const vault = await openTestVault(gateway);
  const [first, second] = vault.holders;
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  const answers = await Promise.all(
    Array.from({ length: OPENINGS_A_DAY + 2 }, (_, at) => calls.ask(vault, at % 2 === 0 ? first : second)),
  );
  const codes = answers.map(({ status }) => status).sort();
  assert.equal(codes, [...Array.from({ length: OPENINGS_A_DAY }, () => 201), 429, 429]);
  gateway.wait(25 * 3_600_000);
  const session = await gateway.signIn(first.session.user.username, 'a long password');
  assert.is((await calls.ask(vault, { ...first, session })).status, 201);
});

test('real answers are as /openapi.json says', async ({ gateway, calls, sender, admin }) => {
  const { callByContract, lacking } = await openContract(gateway);
  const vault = await openTestVault(gateway);
  const [first, second] = vault.holders;
  const token = admin.accessToken;
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  const params = { id: vault.terms.id };
  const holders = { holders: [first, second].map(({ session }) => session.user.username) };
  await callByContract('get', '/admin/vault', 200, { token });
  await callByContract('get', '/upload/policy', 200, { token });
  await callByContract('post', '/admin/vault', 409, { token, body: holders });
  await callByContract('post', '/admin/vault', 422, { token, body: { holders: [] } });
  const asker = { token: first.session.accessToken };
  const other = { token: second.session.accessToken };
  await callByContract('put', '/admin/vault/{id}/key', 409, {
    ...asker,
    params,
    body: { key: vault.terms.keys[0]! },
  });
  const asking = { vault: vault.terms.id, pseudonym: PSEUDONYM, reason: 'data-error' };
  const { id } = (await callByContract('post', '/admin/vault/requests', 201, {
    ...asker,
    body: asking,
  })) as { id: string };
  const at = { params: { id } };
  const path = '/admin/vault/requests/{id}';
  const read = vaultOpeningSchema.parse(await callByContract('get', path, 200, { ...other, ...at }));
  const shares = await approvalOf(read, second.half);
  await callByContract('post', `${path}/approve`, 200, { ...other, ...at, body: { shares } });
  await callByContract('post', `${path}/open`, 200, { ...asker, ...at });
  await callByContract('post', `${path}/open`, 404, { token, ...at });
  await callByContract('post', `${path}/refuse`, 200, { ...asker, ...at });
  await callByContract('post', `${path}/refuse`, 409, { ...asker, ...at });
  await callByContract('delete', '/admin/vault/{id}', 409, { token, params });
  await callByContract('post', '/admin/vault/{id}/close', 200, { token, params });
  await callByContract('delete', '/admin/vault/{id}', 204, { token, params });
  const made = await callByContract('post', '/admin/vault', 201, { token, body: holders });
  const next = vaultAnswerSchema.parse(made).vaults.find(({ state }) => state === 'waiting')!;
  const halfOf = { ...asker, params: { id: next.id }, body: { key: vault.terms.keys[0] } };
  await callByContract('put', '/admin/vault/{id}/key', 200, halfOf);
  assert.equal(lacking(), [], 'an example of each');
});

test.run();
