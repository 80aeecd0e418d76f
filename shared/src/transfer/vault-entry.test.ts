/** Identities in the vault: two holders open one together, one holder or a thief opens nothing. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VAULT_ENTRY_BYTES } from '../protocol/limits.ts';
import { vaultEntrySchema, type VaultEntry, type VaultTerms } from '../protocol/vault.ts';
import { parseBase64Url, toBase64Url } from './base64url.ts';
import { createMessagePair } from './seal.ts';
import {
  openIdentity,
  openShare,
  passShare,
  receiveShare,
  sealIdentity,
  type PatientIdentity,
} from './vault-entry.ts';
import { createHalf, openHalf, parseHalf } from './vault-half.ts';

const test = suite('the vault');
const ID = '5c0d0a3e-2f0e-4ac6-9d57-0a3c2f6b1a11';
const PSEUDONYM = `RP-${'0A'.repeat(13)}`;
const ANNA: PatientIdentity = {
  patientID: 'P-4711',
  issuer: 'St. Elsewhere',
  name: 'Müller^Anna=山田',
  birthDate: '19610203',
};
const pairs = [await createMessagePair(), await createMessagePair()] as const;
const stranger = await createMessagePair();
const termsFor = (id: string, ...of: readonly { readonly publicKey: Uint8Array }[]): VaultTerms => ({
  id,
  keys: of.map(({ publicKey }) => toBase64Url(publicKey)),
});
const terms = termsFor(ID, ...pairs);
/** The two holders' shares of an entry. */
const sharesOf = async (entry: VaultEntry) =>
  [(await openShare(terms, entry, 0, pairs[0]))!, (await openShare(terms, entry, 1, pairs[1]))!] as const;

test('two holders open an entry, and one of them learns the identity: the other passes a share on', async () => {
  const entry = await sealIdentity(terms, PSEUDONYM, ANNA);
  assert.equal(vaultEntrySchema.parse(entry), entry);
  for (const asker of [0, 1] as const) {
    const other = asker === 0 ? 1 : 0;
    const on = { request: ID, entry: 7 };
    const share = await openShare(terms, entry, other, pairs[other]);
    const passed = await passShare(share!, terms.keys[asker]!, on);
    const received = await receiveShare(passed, pairs[asker], on);
    const own = await openShare(terms, entry, asker, pairs[asker]);
    assert.equal(await openIdentity(terms, entry, [own!, received!]), ANNA);
    assert.is(await receiveShare(passed, stranger, on), null, 'passed to one holder alone');
    assert.is(await receiveShare(passed, pairs[asker], { ...on, entry: 8 }), null, 'for one entry alone');
    assert.is(await receiveShare(passed, pairs[asker], { ...on, request: PSEUDONYM }), null);
  }
});

test('one half opens nothing: not with a guessed share, not with its own twice', async () => {
  const entry = await sealIdentity(terms, PSEUDONYM, ANNA);
  const share = (await openShare(terms, entry, 0, pairs[0]))!;
  assert.is(await openShare(terms, entry, 1, pairs[0]), null, 'the other share is not for this half');
  assert.is(await openIdentity(terms, entry, [share, share]), null);
  assert.is(await openIdentity(terms, entry, [share, new Uint8Array(32)]), null);
  assert.is(await openIdentity(terms, entry, [share, new Uint8Array(3)]), null);
});

test('an entry opens for its pseudonym, its vault and its two keys alone', async () => {
  const entry = await sealIdentity(terms, PSEUDONYM, ANNA);
  const opens = async (asked: VaultTerms, pseudonym: string) =>
    (await openShare(asked, { ...entry, pseudonym }, 0, pairs[0])) !== null;
  assert.is(await opens(terms, PSEUDONYM), true);
  assert.is(await opens(terms, `RP-${'0B'.repeat(13)}`), false, 'another patient’s');
  assert.is(await opens(termsFor('7b0d0a3e-2f0e-4ac6-9d57-0a3c2f6b1a11', ...pairs), PSEUDONYM), false);
  assert.is(await opens(termsFor(ID, pairs[0], stranger), PSEUDONYM), false, 'a key in the other’s place');
  assert.is(await opens(termsFor(ID, pairs[1], pairs[0]), PSEUDONYM), false, 'keys the other way round');
});

test('an entry that was changed anywhere does not open', async () => {
  const entry = await sealIdentity(terms, PSEUDONYM, ANNA);
  const bytes = parseBase64Url(entry.sealed);
  const shares = await sharesOf(entry);
  for (const at of [5, 40, 100, 150, 160, bytes.length - 1]) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    const damaged = { ...entry, sealed: toBase64Url(changed) };
    const opened = [
      await openShare(terms, damaged, 0, pairs[0]),
      await openShare(terms, damaged, 1, pairs[1]),
      await openIdentity(terms, damaged, shares),
    ];
    assert.ok(opened.includes(null), `byte ${at}`);
  }
  assert.is(await openShare(terms, { ...entry, sealed: 'AAAA' }, 0, pairs[0]), null, 'too short');
});

test('entries are as long for every patient, and two of one patient are not alike', async () => {
  const nobody = { patientID: '', issuer: '', name: '', birthDate: '' };
  const endless = {
    patientID: '"'.repeat(9999),
    issuer: '\u0001'.repeat(9999),
    name: '山'.repeat(9999),
    birthDate: '\ud800'.repeat(9999),
  };
  for (const identity of [nobody, ANNA, endless]) {
    const entry = await sealIdentity(terms, PSEUDONYM, identity);
    assert.is(parseBase64Url(entry.sealed).length, VAULT_ENTRY_BYTES);
    const opened = await openIdentity(terms, entry, await sharesOf(entry));
    assert.is(opened?.name, identity.name.slice(0, 256));
    assert.is(opened?.patientID, identity.patientID.slice(0, 128));
  }
  const one = await sealIdentity(terms, PSEUDONYM, ANNA);
  const other = await sealIdentity(terms, PSEUDONYM, ANNA);
  assert.is.not(one.sealed, other.sealed);
});

test('nothing of the identity is in the entry', async () => {
  const { sealed } = await sealIdentity(terms, PSEUDONYM, ANNA);
  const bytes = Buffer.from(parseBase64Url(sealed));
  for (const value of Object.values(ANNA)) assert.not.ok(bytes.includes(value), value);
});

test('a half is a file that opens with its passphrase alone', async () => {
  const file = await createHalf(ID, 'four words and more');
  const text = JSON.stringify(file);
  const half = await openHalf(parseHalf(text)!, 'four words and more');
  assert.is(toBase64Url(half!.publicKey), file.publicKey);
  const entry = await sealIdentity(termsFor(ID, half!, pairs[1]), PSEUDONYM, ANNA);
  assert.ok(await openShare(termsFor(ID, half!, pairs[1]), entry, 0, half!));
  assert.not.ok(text.includes(toBase64Url(half!.privateKey)));
  assert.is(await openHalf(file, 'four words and mere'), null);
  const vault = '7b0d0a3e-2f0e-4ac6-9d57-0a3c2f6b1a11';
  assert.is(await openHalf({ ...file, vault }, 'four words and more'), null, 'of another vault');
  for (const foreign of ['', '{}', 'null', JSON.stringify({ ...file, iterations: 1 })])
    assert.is(parseHalf(foreign), null, foreign);
});

test.run();
