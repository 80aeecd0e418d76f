/** A vault: who makes it, what it keeps, and what a thief, an administrator or a hostile account can do. */
import * as assert from 'uvu/assert';
import { VAULT_ENTRIES_LIMIT, VAULT_ENTRY_BYTES } from '#shared/protocol/limits.ts';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { createMessagePair } from '#shared/transfer/seal.ts';
import { approvalOf, identitiesIn } from '#shared/transfer/vault-opening.ts';
import { quotaUse, setAccountQuota } from '../policies/quota.store.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { ANNA, openTestVault, PSEUDONYM, pseudonymOf, vaultSuite } from '../testing/open-vault.ts';

const test = vaultSuite('a vault');

test('is off until an administrator makes one and both holders have their halves; then devices are told its keys', async (context) => {
  const { gateway, calls, sender, admin, auditedBefore } = context;
  assert.is('vault' in (await calls.call('GET', '/upload/policy', sender)).body!, false);
  const one = await gateway.userWith(['auditor']);
  const other = await gateway.userWith(['radiologist']);
  const holders = [one.user.username, other.user.username];
  assert.is(await calls.codeOf('POST', '/admin/vault', admin, { holders }), 201);
  assert.is(await calls.codeOf('POST', '/admin/vault', admin, { holders }), 'vault-exists');
  const { id } = (await calls.shown(admin)).vaults[0]!;
  const path = `/admin/vault/${id}/key`;
  const keys = await Promise.all([1, 2].map(async () => toBase64Url((await createMessagePair()).publicKey)));
  const unusable = { key: 'A'.repeat(43) };
  assert.is(await calls.codeOf('PUT', path, one, unusable), 'invalid-request', 'nobody can seal to it');
  assert.is(await calls.codeOf('PUT', path, one, { key: keys[0] }), 200);
  assert.is(await calls.termsFor(sender), undefined, 'with one half');
  assert.is(await calls.codeOf('PUT', path, one, { key: keys[1] }), 'vault-step-not-possible', 'set once');
  assert.is(
    await calls.codeOf('PUT', path, other, { key: keys[0] }),
    'vault-step-not-possible',
    'two halves',
  );
  assert.is(await calls.codeOf('PUT', path, admin, { key: keys[1] }), 'not-found', 'whoever holds none');
  assert.is(await calls.codeOf('PUT', path, other, { key: keys[1] }), 200);
  assert.equal(await calls.termsFor(sender), { id, keys });
  assert.equal(await calls.eventsAfter(auditedBefore), ['vault-made', 'vault-key-set', 'vault-key-set']);
});

test('has two people as holders, who may sign in, and no researcher', async ({ gateway, calls, admin }) => {
  const holder = (await gateway.userWith(['auditor'])).user.username;
  const researcher = (await gateway.userWith(['researcher', 'admin'])).user.username;
  const disabled = await gateway.userWith(['radiologist']);
  await calls.call('PATCH', `/admin/users/${disabled.user.id}`, admin, { disabled: true });
  const others = [[holder], [holder.toUpperCase()], [researcher], [disabled.user.username], ['nobody'], []];
  for (const other of others) {
    const body = { holders: [holder, ...other] };
    assert.is(await calls.codeOf('POST', '/admin/vault', admin, body), 'invalid-request', `${other}`);
  }
});

test('nothing of an identity is in the database, and a thief of it with one half opens nothing', async (context) => {
  const { gateway, calls, sender } = context;
  const vault = await openTestVault(gateway);
  const [first, second] = vault.holders;
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  const path = await calls.requestOf(vault, first);
  await calls.approve(path, second);
  const { db } = gateway.database;
  const rows = JSON.stringify([
    await db.selectFrom('vault_entry').selectAll().execute(),
    await db.selectFrom('vault_request').selectAll().execute(),
    await db.selectFrom('audit').selectAll().execute(),
  ]);
  for (const value of ['PID-ANNA', 'Plantagenet', 'Anna', '19610203'])
    for (const form of [value, toBase64Url(Buffer.from(value)), Buffer.from(value).toString('hex')])
      assert.not.ok(rows.includes(form), value);
  // With everything that the gateway has, the half of the one who approved opens nothing: the share is for the other.
  const opening = await calls.readOpening('POST', `${path}/open`, first);
  const stolen = { ...opening, asker: 1 };
  assert.equal(fieldsOf(await identitiesIn(stolen, second.half), 'identity'), [null]);
});

test('entries are kept under policies that feed the vault, for the vault in force, and once arrived not again', async (context) => {
  const { gateway, calls, sender, admin } = context;
  const { terms } = await openTestVault(gateway);
  const foreign = { ...terms, id: '7b0d0a3e-2f0e-4ac6-9d57-0a3c2f6b1a11' };
  const kept = async () => (await calls.shown(admin)).vaults[0]!.entries;
  const { status } = await calls.announce([await calls.entryFor(foreign)], sender);
  assert.is(status, 200, 'the study itself travels');
  const policy = { name: 'identified', version: 1 };
  assert.is((await calls.announce([await calls.entryFor(terms)], sender, { policy })).status, 200);
  assert.is(await kept(), 0);
  await calls.announce([await calls.entryFor(terms)], sender);
  await calls.announce([await calls.entryFor(terms)], sender, { again: true });
  assert.is(await kept(), 1, 'the same manifest again');
  await calls.announce([await calls.entryFor(terms)], sender);
  assert.is(await kept(), 2, 'another study of the patient, and neither has arrived');
  await calls.arrive(sender);
  await calls.announce([await calls.entryFor(terms)], sender);
  assert.is(await kept(), 2);
  await calls.announce([await calls.entryFor(terms)], await gateway.userWith(['technician']));
  assert.is(await kept(), 3, 'another account has its own');
  assert.is((await calls.shown(admin)).vaults[0]!.patients, 1);
});

test('an administrator’s policy feeds the vault where it says so', async (context) => {
  const { gateway, calls, sender, admin } = context;
  const { terms } = await openTestVault(gateway);
  const own = { title: 'Own', deidentify: true, options: [], roles: ['technician'] };
  await calls.call('POST', '/admin/policies', admin, { ...own, name: 'silent' });
  await calls.call('POST', '/admin/policies', admin, { ...own, name: 'feeding', vault: true });
  const sent = { ...own, name: 'identity', deidentify: false, vault: true };
  assert.is(await calls.codeOf('POST', '/admin/policies', admin, sent), 'invalid-request');
  for (const [name, entries] of [
    ['silent', 0],
    ['feeding', 1],
  ] as const) {
    await calls.announce([await calls.entryFor(terms)], sender, { policy: { name, version: 1 } });
    assert.is((await calls.shown(admin)).vaults[0]!.entries, entries, name);
  }
});

test('an entry of another length, too many of them and one for no pseudonym are refused before anything is kept', async (context) => {
  const { gateway, calls, sender, admin } = context;
  const { terms } = await openTestVault(gateway);
  const entry = await calls.entryFor(terms);
  const longer = { ...entry, sealed: toBase64Url(Buffer.alloc(VAULT_ENTRY_BYTES + 3)) };
  const unnamed = { ...entry, pseudonym: 'PID-ANNA' };
  for (const entries of [[longer], [unnamed], Array.from({ length: 17 }, () => entry)])
    assert.is((await calls.announce(entries, sender)).body?.code, 'invalid-request');
  assert.is((await calls.shown(admin)).vaults[0]!.entries, 0);
});

test('an upload brings sixteen entries, in however many manifests, and not one more; what is refused leaves nothing', async (context) => {
  const { gateway, calls, sender, admin } = context;
  const { terms } = await openTestVault(gateway);
  const letters = [...'ABCDEFGHJKMNPQRST'];
  const entries = await Promise.all(letters.map((letter) => calls.entryFor(terms, pseudonymOf(letter))));
  assert.is(entries.length, VAULT_ENTRIES_LIMIT + 1);
  const kept = async () => (await calls.shown(admin)).vaults[0]!.entries;
  assert.is((await calls.announce(entries.slice(0, 8), sender)).status, 200);
  const rest = entries.slice(8, VAULT_ENTRIES_LIMIT);
  assert.is((await calls.announce(rest, sender, { again: true })).status, 200);
  assert.is(await kept(), VAULT_ENTRIES_LIMIT);
  const more = await calls.announce(entries.slice(-1), sender, { again: true });
  assert.equal([more.body?.code, await kept()], ['invalid-request', VAULT_ENTRIES_LIMIT]);
  assert.is((await calls.announce(rest, sender, { again: true })).status, 200, 'the same ones again');
  assert.is((await calls.announce(entries.slice(-1), sender)).status, 200, 'with another study');
});

test('entries count in the bytes that an account has announced: a quota that holds one more takes one more', async (context) => {
  const { gateway, calls, sender } = context;
  const { terms } = await openTestVault(gateway);
  const { db } = gateway.database;
  await calls.announce([], sender);
  const used = async () => (await quotaUse(db, sender.user.id, new Date()))!.used.bytes;
  const film = await used();
  await calls.announce([await calls.entryFor(terms)], sender, { again: true });
  assert.is(await used(), film + VAULT_ENTRY_BYTES);
  const quota = { uploads: 9, instances: 9, patients: 9, bytes: film + 2 * VAULT_ENTRY_BYTES };
  const second = [await calls.entryFor(terms, pseudonymOf('B'))];
  const { siteId } = sender.user;
  await setAccountQuota(db, siteId, sender.user.id, { ...quota, bytes: quota.bytes - 1 });
  assert.is((await calls.announce(second, sender, { again: true })).body?.code, 'quota-exceeded');
  await setAccountQuota(db, siteId, sender.user.id, quota);
  assert.is((await calls.announce(second, sender, { again: true })).status, 200);
});

test('false entries of a hostile account displace nobody’s: an opening shows who wrote what, arrived ones first', async (context) => {
  const { gateway, calls, sender } = context;
  const vault = await openTestVault(gateway);
  const [first, second] = vault.holders;
  const hostile = await gateway.userWith(['technician']);
  const mallory = { ...ANNA, name: 'Mallory^False' };
  const stranger = { ...vault.terms, keys: [vault.terms.keys[1]!, vault.terms.keys[0]!] };
  await calls.announce([await calls.entryFor(vault.terms, PSEUDONYM, mallory)], hostile);
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  const confused = await gateway.userWith(['admin']);
  await calls.announce([await calls.entryFor(stranger)], confused);
  await calls.arrive(sender);
  const path = await calls.requestOf(vault, first);
  const shares = await approvalOf(await calls.readOpening('GET', path, second), second.half);
  assert.is(shares.length, 2, 'what was sealed to other keys has no share');
  await calls.approve(path, second);
  const opened = await calls.identitiesBy('POST', `${path}/open`, first);
  assert.equal(
    opened.map(({ entry, identity }) => [entry.writtenBy, entry.hasArrived, identity?.name ?? null]),
    [
      [sender.user.username, true, ANNA.name],
      [hostile.user.username, false, mallory.name],
      [confused.user.username, false, null],
    ],
  );
});

test('a study that is taken back takes its entry with it', async ({ gateway, calls, sender, admin }) => {
  const { terms } = await openTestVault(gateway);
  const { uploadId } = (await calls.announce([await calls.entryFor(terms)], sender)).body as {
    uploadId: string;
  };
  assert.is((await calls.call('DELETE', `/upload/${uploadId}`, sender)).status, 204);
  assert.is((await calls.shown(admin)).vaults[0]!.entries, 0);
});

test('a closed vault takes no more and can be opened; a destroyed one is gone with its entries', async (context) => {
  const { gateway, calls, sender, admin, auditedBefore } = context;
  const vault = await openTestVault(gateway);
  const [first] = vault.holders;
  await calls.announce([await calls.entryFor(vault.terms)], sender);
  const path = `/admin/vault/${vault.terms.id}`;
  assert.is(await calls.codeOf('DELETE', path, admin), 'vault-step-not-possible', 'in force');
  assert.is(await calls.codeOf('POST', `${path}/close`, admin), 200);
  assert.is(await calls.codeOf('POST', `${path}/close`, admin), 200);
  assert.is(await calls.termsFor(sender), undefined);
  assert.is(
    (await calls.announce([await calls.entryFor(vault.terms, pseudonymOf('C'))], sender)).status,
    200,
  );
  assert.equal(fieldsOf((await calls.shown(admin)).vaults, 'state', 'entries'), [['closed', 1]]);
  assert.is((await calls.ask(vault, first)).status, 201);
  const next = await openTestVault(gateway);
  assert.is.not(next.terms.id, vault.terms.id);
  assert.is(await calls.codeOf('DELETE', path, admin), 204);
  assert.is((await calls.ask(vault, first)).body?.code, 'not-found');
  assert.is((await calls.shown(admin)).vaults.length, 1);
  assert.ok((await calls.eventsAfter(auditedBefore)).join().includes('vault-closed,vault-asked'));
  assert.ok((await calls.eventsAfter(auditedBefore)).includes('vault-destroyed'));
});

test.run();
