// test:all: a whole gateway with its own database; retention.routes.test guards what is deleted
/** What retention deletes is found nowhere in the data directory afterwards, but in the database's log. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RETENTION_DEFAULT, retentionSchema, type Retention } from '#shared/protocol/retention.ts';
import { skipped } from '#testing/environment.ts';
import { createGatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { runRelay } from '#testing/run-relay.ts';
import { findOrthanc, startOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { openBeside } from '../database/database.ts';
import { ADMIN_PASSWORD, upload, writeStudy } from '../testing/killed-study.ts';
import { signInAt } from '../testing/sign-in-at.ts';

const test = suite('a deleted study');

/** Files below the folder that hold one of the texts. */
async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (texts.some((text) => bytes.includes(text))) found.push(path.slice(folder.length + 1));
  }
  return found;
}

async function deletesWithoutTrace(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-gone-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs'), port: await freePort() });
  const dataDir = join(folder, 'data');
  const gateway = createGatewayUnderTest({
    ...{ port: await freePort(), webPort: await freePort(), dataDir, adminPassword: ADMIN_PASSWORD },
    pacs: { url: orthanc.url, authorization: orthanc.authorization },
  });
  try {
    await gateway.start();
    const sent = await writeStudy(join(folder, 'sent'), 7);
    const { code, stderr } = await upload(join(folder, 'sent'), gateway.api);
    assert.is(code, 0, stderr);
    const digests = sent.map(({ digest }) => digest);
    await age(dataDir);
    assert.ok((await filesWith(dataDir, digests)).length > 0, 'they are there before');
    const { accessToken: token } = await signInAt(gateway.api, {
      username: 'admin',
      password: ADMIN_PASSWORD,
    });
    const ask = (method: string, path: string, body?: object): Promise<Response> =>
      fetch(`${gateway.api}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
    const set = await ask('PUT', '/admin/retention', { ...RETENTION_DEFAULT, studies: 30, receipts: 30 });
    assert.is(set.status, 200);
    const { deletions } = await until('the study to be deleted', async (): Promise<Retention | false> => {
      const now = retentionSchema.parse(await (await ask('GET', '/admin/retention')).json());
      // The run ends once the tables are written again.
      return now.ranAt !== null && now.deletions.some(({ kind }) => kind === 'studies') && now;
    });
    const { id } = deletions.find(({ kind }) => kind === 'studies')!;
    const proof = join(folder, 'proof.jws');
    const jwks = join(folder, 'jwks.json');
    const save = async (path: string, to: string): Promise<void> =>
      writeFile(to, await (await ask('GET', path)).text());
    await save(`/admin/retention/deletions/${id}`, proof);
    await save('/.well-known/jwks.json', jwks);
    await gateway.stop();
    const left = await filesWith(join(dataDir, 'database', 'cluster', 'base'), digests);
    assert.equal(left, [], 'nothing is left in the tables and their indexes');
    const log = join('database', 'cluster', 'pg_wal');
    assert.equal(
      (await filesWith(dataDir, digests)).filter((path) => !path.startsWith(log)),
      [],
    );
    await verifiesOffline(proof, jwks);
  } finally {
    await gateway.stop();
    await orthanc.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function verifiesOffline(proof: string, jwks: string): Promise<void> {
  const verified = await runRelay(['deletion', 'verify', proof, '--jwks', jwks], {});
  assert.is(verified.code, 0, verified.said);
  assert.match(verified.out, /deleted studies \(1\)/);
  const text = await readFile(proof, 'utf8');
  const changed = `${text.slice(0, -20)}${text.at(-20) === 'A' ? 'B' : 'A'}${text.slice(-19)}`;
  await writeFile(proof, changed);
  assert.is((await runRelay(['deletion', 'verify', proof, '--jwks', jwks], {})).code, 1);
}

/** As if everything had happened a year ago. */
async function age(dataDir: string): Promise<void> {
  const database = await openBeside({ kind: 'folder', path: join(dataDir, 'database') });
  await until('the study to be done', async () => {
    const open = database.db.selectFrom('study').select('id').where('state', '<>', 'closed');
    return (await open.execute()).length === 0;
  });
  await sql`update study set updated_at = updated_at - interval '1 year'`.execute(database.db);
  await sql`update receipt set issued_at = issued_at - interval '1 year'`.execute(database.db);
  await database.close();
}

if ((await findOrthanc()) === null) skipped('a deleted study', 'no Orthanc');
else test('is in no file but the database’s log, and its proof verifies offline', deletesWithoutTrace);

test.run();
