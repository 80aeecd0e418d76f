// test:all: a day of many patients takes a minute; canaries guards that nothing of them leaves
/**
 * The patients of whom an account may ask in a day are counted in the database: a session or a device more, a second
 * gateway, and a gateway that is killed and started again give it none. Real processes, one of them killed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blindPatients } from '#shared/transfer/patient-secrets.ts';
import { PSEUDONYMS_AT_ONCE } from '#shared/protocol/limits.ts';
import { ADMIN, ask, createAccount, PASSWORD } from '#testing/accounts.ts';
import { createGatewayUnderTest, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { createTestDatabase } from '../testing/open-database.ts';
import { signInAt } from '../testing/sign-in-at.ts';

/** The number of every account, unless its site says otherwise. */
const A_DAY = 500;

async function openWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'relay-a-day-'));
  const database = await createTestDatabase({ isEmpty: true });
  const settings = {
    dataDir: join(folder, 'data'),
    adminPassword: PASSWORD,
    databaseUrl: database.url,
    // Nobody is asked for a study here.
    pacs: { url: `http://127.0.0.1:${await freePort()}/dicom-web`, authorization: '' },
    env: { RELAY_PUBLIC_URL: 'http://localhost' },
  };
  const gateways: GatewayUnderTest[] = [];
  for (const port of [await freePort(), await freePort()])
    gateways.push(createGatewayUnderTest({ ...settings, port, webPort: await freePort() }));
  const close = async (): Promise<void> => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  };
  return { gateways: gateways as [GatewayUnderTest, GatewayUnderTest], close };
}

/** A session of its own, as each device of the account has one. */
async function openSession({ api }: GatewayUnderTest, username: string) {
  const { accessToken } = await signInAt(api, { username, password: PASSWORD });
  return async (patients: number, from: GatewayUnderTest = { api } as GatewayUnderTest) => {
    const asked = blindPatients(Array.from({ length: patients }, (_, at) => `patient\0P${at}`));
    const answer = await fetch(`${from.api}/upload/pseudonyms`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({
        policy: 'deidentified',
        version: 1,
        blinded: asked.map(({ element }) => element),
      }),
    });
    const { code = 'answered' } = (await answer.json()) as { readonly code?: string };
    return code;
  };
}

test('the limit of a day holds across sessions, gateways and a restart', async () => {
  const { gateways, close } = await openWorld();
  try {
    const [first, second] = gateways;
    await first.start();
    const { username } = await createAccount(first, 'researcher', ['researcher']);
    const other = await createAccount(first, 'colleague', ['researcher']);
    const onTablet = await openSession(first, username);
    const half = Math.floor(A_DAY / 2 / PSEUDONYMS_AT_ONCE);
    for (let request = 0; request < half; request += 1)
      assert.is(await onTablet(PSEUDONYMS_AT_ONCE), 'answered');

    await first.kill();
    await first.start();
    await second.start();
    const onDesk = await openSession(second, username);
    const left = A_DAY - half * PSEUDONYMS_AT_ONCE;
    for (let asked = 0; asked < left; asked += PSEUDONYMS_AT_ONCE)
      assert.is(await onDesk(Math.min(PSEUDONYMS_AT_ONCE, left - asked)), 'answered');

    const later = await openSession(first, username);
    for (const session of [onTablet, onDesk, later])
      for (const gateway of gateways) assert.is(await session(1, gateway), 'too-many-patients');
    await second.kill();
    await second.start();
    assert.is(await onDesk(1, second), 'too-many-patients', 'also after a second restart');
    assert.is(
      await (await openSession(first, other.username))(1),
      'answered',
      'another account is not held up',
    );

    const shown = await ask(first, ADMIN, { path: '/admin/quotas' });
    const { site } = (await shown.json()) as { readonly site: { readonly patients: number } };
    assert.is(site.patients, A_DAY);
  } finally {
    await close();
  }
});

test.run();
