// test:all: the command line of the vault; vault-requests.test guards its rules
/**
 * The vault from the command line, with a real gateway and a real Orthanc: two holders make their halves, a study is
 * sent de-identified, and both together get the patient back. One alone does not, and neither does whoever has all
 * that the gateway has written.
 */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { identityOf, patientOf } from '#shared/deid/named-patients.ts';
import { vaultAnswerSchema, vaultRequestSchema } from '#shared/protocol/vault.ts';
import { filesOfInstance } from '#testing/ask-orthanc.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { createIdentitySearch } from '#testing/find-identities.ts';
import { ADMIN_PASSWORD, openSystem } from '#testing/open-system.ts';
import { runRelay, type RelayOutcome } from '#testing/run-relay.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';

const test = suite('the vault');
const study = syntheticStudy({ seed: 9101, instancesPerSeries: 2 });

const HOLDERS = 'the password of a holder';

async function openWorld() {
  const system = await openSystem();
  const as =
    (user: string, password: string) =>
    (args: readonly string[], passphrase?: string): Promise<RelayOutcome> =>
      runRelay([...args, '--user', user, '--gateway', system.gateway.api], {
        RELAY_PASSWORD: password,
        RELAY_NEW_PASSWORD: HOLDERS,
        ...(passphrase !== undefined && { RELAY_VAULT_PASSPHRASE: passphrase }),
      });
  const files = join(system.folder, 'files');
  await mkdir(files);
  for (const [at, { bytes }] of study.instances.entries()) await writeFile(join(files, `${at}.dcm`), bytes);
  return {
    ...system,
    files,
    admin: as('admin', ADMIN_PASSWORD),
    anna: as('anna', HOLDERS),
    otto: as('otto', HOLDERS),
  };
}

let world: Awaited<ReturnType<typeof openWorld>>;
test.before(async () => {
  world = await openWorld();
});
test.after(async () => world?.close());

const ANNAS = 'a passphrase of Anna';
const OTTOS = 'a passphrase of Otto';

/** The answer of a command that ends well. */
async function done(answer: Promise<RelayOutcome>): Promise<string> {
  const { code, out, said } = await answer;
  assert.is(code, 0, said);
  return out;
}

/** Sends the study de-identified; the Patient ID that it has in the PACS. */
async function sendStudy(): Promise<string> {
  const sent = await done(
    world.admin(['upload', world.files, '--policy', 'deidentified', '--wait', '--json']),
  );
  const { studies } = JSON.parse(sent) as { studies: { instances: { sopInstanceUID: string }[] }[] };
  const [stored] = await filesOfInstance(world.orthanc, studies[0]!.instances[0]!.sopInstanceUID);
  const instance = await parsed(new Uint8Array(stored!));
  return patientOf(instance.elements, instance).id;
}

test('two holders get the patient back together, one of them alone does not; nothing of the patient lies at the gateway', async () => {
  const { admin, anna, otto, folder } = world;
  const halves = { anna: join(folder, 'anna.half'), otto: join(folder, 'otto.half') };
  for (const name of ['anna', 'otto']) await done(admin(['user', 'add', name, '--roles', 'auditor']));
  await done(admin(['vault', 'make', 'anna', 'otto']));
  assert.is((await anna(['vault', 'half', halves.anna], 'short')).code, 2, 'a short passphrase');
  await done(anna(['vault', 'half', halves.anna], ANNAS));
  assert.is((await anna(['vault', 'half', join(folder, 'second')], ANNAS)).code, 2, 'one half each');
  await done(otto(['vault', 'half', halves.otto], OTTOS));
  assert.is((await stat(halves.anna)).mode & 0o077, 0);
  await done(anna(['vault', 'list', '--half', halves.anna]));
  assert.is((await anna(['vault', 'list', '--half', world.files])).code, 2);

  const pseudonym = await sendStudy();
  const { vaults } = vaultAnswerSchema.parse(JSON.parse(await done(anna(['vault', 'list', '--json']))));
  assert.equal([vaults[0]?.state, vaults[0]?.patients], ['open', 1]);

  const ask = ['vault', 'ask', pseudonym, '--reason', 'incidental-finding', '--json'];
  assert.is((await admin(ask)).code, 2, 'an administrator holds no half');
  const { id } = vaultRequestSchema.parse(JSON.parse(await done(anna(ask))));
  const open = (half: string) => ['vault', 'open', id, '--half', half, '--json'];
  const approve = (half: string) => ['vault', 'approve', id, '--half', half];
  assert.is((await anna(open(halves.anna), ANNAS)).code, 1, 'before the approval');
  assert.is((await anna(approve(halves.anna), ANNAS)).code, 2, 'her own request');
  assert.is((await otto(approve(halves.anna), ANNAS)).code, 2, 'with her half');
  assert.is((await otto(approve(halves.otto), ANNAS)).code, 2, 'a wrong passphrase');
  await done(otto(approve(halves.otto), OTTOS));
  assert.is((await otto(open(halves.otto), OTTOS)).code, 1, 'for the one who asked alone');

  const opened = JSON.parse(await done(anna(open(halves.anna), ANNAS))) as { entries: unknown[] };
  const [entry] = opened.entries as { identity: unknown; writtenBy: string; hasArrived: boolean }[];
  assert.equal(entry?.identity, identityOf(await parsed(study.instances[0]!.bytes)));
  assert.equal([entry?.writtenBy, entry?.hasArrived], ['admin', true]);

  const search = createIdentitySearch(study.planted);
  assert.ok((await search.inFolder(world.files)).length > 0, 'the search finds what is there');
  assert.ok((await readdir(join(folder, 'data'))).includes('keys'), 'what the gateway has written');
  assert.equal(await search.inFolder(join(folder, 'data')), []);
  for (const half of Object.values(halves)) assert.equal(search.inBytes(await readFile(half)), []);
});

test('each step stands in the audit trail, with who and why, and without whom', async () => {
  const { events } = await auditOf();
  assert.equal(
    events.filter((event) => event.startsWith('vault-')),
    ['vault-made', 'vault-key-set', 'vault-key-set', 'vault-asked', 'vault-approved', 'vault-opened'],
  );
  await done(world.admin(['audit', 'verify']));
});

test('once it is closed nothing more is kept, and once it is destroyed nothing is opened', async () => {
  const { admin, anna } = world;
  const list = async () =>
    vaultAnswerSchema.parse(JSON.parse(await done(admin(['vault', 'list', '--json'])))).vaults;
  const [{ id } = { id: '' }] = await list();
  assert.is((await admin(['vault', 'destroy', id])).code, 1, 'it is in force');
  await done(admin(['vault', 'close', id]));
  await done(admin(['vault', 'destroy', id]));
  assert.equal(await list(), []);
  const ask = ['vault', 'ask', `RP-${'0'.repeat(26)}`, '--reason', 'data-error'];
  assert.is((await anna(ask)).code, 2);
});

async function auditOf(): Promise<{ readonly events: readonly string[] }> {
  const { gateway } = world;
  const json = { 'content-type': 'application/json' };
  const body = JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD });
  const login = await fetch(`${gateway.api}/auth/login`, { method: 'POST', headers: json, body });
  const { accessToken } = (await login.json()) as { accessToken: string };
  const headers = { authorization: `Bearer ${accessToken}` };
  const answer = await fetch(`${gateway.api}/audit?limit=1000`, { headers });
  const { rows } = (await answer.json()) as { rows: { event: string }[] };
  return { events: rows.map(({ event }) => event) };
}

test.run();
