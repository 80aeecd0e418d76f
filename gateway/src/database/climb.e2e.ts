// test:all: copies of the project and many starts take minutes; migrations.test guards the ladder itself
/**
 * A newer version, made of this one and two more migrations, climbs a data directory in which much has happened: killed
 * at moments that a seed chooses, and one gateway after another while a program sends. `RELAY_SEED` repeats a run;
 * `RELAY_KILLS` and `RELAY_AUDIT_ROWS` make it longer.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startBalancer } from '#testing/balancer.ts';
import { skipped } from '#testing/environment.ts';
import { createGatewayUnderTest, type GatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { copyWith, type MutatedCopy } from '#testing/mutated-copy.ts';
import { runRelay } from '#testing/run-relay.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { recordAudits } from '../audit/audit.ts';
import { ADMIN_PASSWORD, digestInOrthanc, upload, writeStudy } from '../testing/killed-study.ts';
import { createTestDatabase } from '../testing/open-database.ts';
import { openBeside, openDatabase, type Db } from './database.ts';
import { defaultSiteId } from './default-site.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SEED = Number(process.env.RELAY_SEED ?? 1);
const KILLS = Number(process.env.RELAY_KILLS ?? 4);
const AUDIT_ROWS = Number(process.env.RELAY_AUDIT_ROWS ?? 20_000);
const AUDIT_AT_ONCE = 5_000;
/** A start that climbs takes about this long. */
const START_AT_MOST_MS = 6_000;
const LARGE_BYTES = 6 * 1024 * 1024;

const FROM = `const MIGRATIONS: Rungs = { '0001-initial': initial };`;
/** The second one writes every row of the trail, which takes a while. */
const climbing = (second: 'expand' | 'stop'): string => `
const said = ['create table climbed (id int primary key)', 'alter table audit add column climbed int',
  'update audit set climbed = seq % 7'];
const running = (texts: readonly string[]) => async (db: Kysely<unknown>) => {
  for (const text of texts) await sql.raw(text).execute(db);
};
const MIGRATIONS: Rungs = {
  '0001-initial': initial,
  '9001-made-up': { up: running(said.slice(0, 1)), statements: said.slice(0, 1), kind: 'expand' },
  '9002-made-up': { up: running(said.slice(1)), statements: said.slice(1), kind: '${second}' },
};`;

const newer = (second: 'expand' | 'stop'): Promise<MutatedCopy> =>
  copyWith([
    {
      ...{ what: 'a newer version', file: 'gateway/src/database/migrations.ts' },
      ...{ from: FROM, to: climbing(second) },
    },
  ]);

const test = suite('an upgrade');
let folder: string;
let orthanc: RunningOrthanc | null = null;
const gateways: GatewayUnderTest[] = [];
const copies: MutatedCopy[] = [];
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-climb-'));
});
test.after(async () => {
  for (const gateway of gateways) await gateway.stop();
  await orthanc?.stop();
  for (const copy of copies) await copy.remove();
  await rm(folder, { recursive: true, force: true });
});

type Place = {
  readonly dataDir: string;
  readonly root?: string;
  readonly databaseUrl?: string;
  readonly port?: number;
};

async function gatewayIn({ port, ...place }: Place): Promise<GatewayUnderTest> {
  orthanc ??= await startOrthanc({ folder: join(folder, 'pacs'), port: await freePort() });
  const gateway = createGatewayUnderTest({
    ...{ port: port ?? (await freePort()), webPort: await freePort(), adminPassword: ADMIN_PASSWORD },
    pacs: orthanc,
    // Behind a balancer they are one.
    env: { RELAY_PUBLIC_URL: 'http://localhost' },
    ...place,
  });
  gateways.push(gateway);
  return gateway;
}

async function makeNewer(second: 'expand' | 'stop' = 'expand'): Promise<MutatedCopy> {
  const copy = await newer(second);
  copies.push(copy);
  return copy;
}

/** The rows of each table, counted, and of the trail and the receipts a digest too. */
async function countRows(db: Db): Promise<Record<string, unknown>> {
  const { rows: tables } = await sql<{ name: string }>`
    select relname as name from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace
      and relname not in ('kysely_migration', 'schema_mark', 'climbed', 'tally', 'audit', 'device_assertion')
    order by 1`.execute(db);
  const counts: Record<string, unknown> = {};
  for (const { name } of tables)
    counts[name] = (await sql`select count(*)::int as n from ${sql.table(name)}`.execute(db)).rows[0];
  counts['receipts'] = (
    await sql`select md5(string_agg(jws, ' ' order by id)) as digest from receipt`.execute(db)
  ).rows[0];
  return counts;
}

const trailUpTo = async (db: Db, seq: number): Promise<unknown> =>
  (
    await sql`select count(*)::int as n, md5(string_agg(hash, ' ' order by seq)) as digest
      from audit where seq <= ${seq}`.execute(db)
  ).rows[0];

async function fillTrail(db: Db): Promise<number> {
  const siteId = await defaultSiteId(db);
  const event = { event: 'gateway-stopped' } as const;
  for (let made = 0; made < AUDIT_ROWS; made += AUDIT_AT_ONCE)
    await db.transaction().execute((trx) =>
      recordAudits(
        trx,
        siteId,
        Array.from({ length: Math.min(AUDIT_AT_ONCE, AUDIT_ROWS - made) }, () => event),
        new Date(),
      ),
    );
  const { rows } = await sql<{ seq: number }>`select max(seq) as seq from audit`.execute(db);
  return rows[0]!.seq;
}

/** What a gateway says that does not start. */
async function refusalOf(root: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = execFile(process.execPath, [join(root, 'gateway/src/main.ts')], {
    env: {
      ...{ PATH: process.env.PATH, RELAY_TEST_RUN: process.env.RELAY_TEST_RUN },
      ...{ PACS_URL: orthanc!.url, PACS_AUTHORIZATION: orthanc!.authorization },
      ...env,
    },
  });
  const all = Promise.all([text(child.stdout!), text(child.stderr!)]);
  const [code] = (await once(child, 'close')) as [number];
  assert.is.not(code, 0);
  return (await all).join('');
}

if ((await findOrthanc()) === null) skipped('an upgrade', 'no Orthanc');
else {
  test(`survives ${KILLS} kills with all rows in place, and an older version refuses what it made`, async () => {
    const dataDir = join(folder, 'killed');
    const place = { kind: 'folder', path: join(dataDir, 'database') } as const;
    const before = await gatewayIn({ dataDir });
    await before.start();
    const sample = await runRelay(['sample', '--gateway', before.api, '--user', 'admin'], {
      RELAY_PASSWORD: ADMIN_PASSWORD,
    });
    assert.is(sample.code, 0, sample.said);
    await before.stop();
    const database = await openDatabase(place);
    const last = await fillTrail(database.db);
    const rows = await countRows(database.db);
    const trail = await trailUpTo(database.db, last);
    await database.close();
    const { root } = await makeNewer();
    const random = seededRandom(SEED);
    const climber = await gatewayIn({ dataDir, root });
    for (let kill = 0; kill < KILLS; kill += 1) {
      const starting = climber.start().catch(() => 'killed');
      // The wait is the experiment: the moment of the kill is what the seed varies.
      await after(random() * START_AT_MOST_MS);
      await climber.kill();
      await starting;
    }
    await climber.start();
    await climber.stop();
    const kept = (await readdir(join(dataDir, 'backups'))).filter((name) => name.endsWith('.age'));
    assert.ok(kept.length >= 1 && kept.every((name) => name.startsWith('before-')), `${kept}`);
    const said = await refusalOf(ROOT, { RELAY_DATA_DIR: dataDir, RELAY_PORT: `${await freePort()}` });
    assert.match(said, 'Nothing was changed');
    assert.match(said, '9002-made-up');
    const climbed = await openBeside(place);
    assert.equal(await countRows(climbed.db), rows);
    assert.equal(await trailUpTo(climbed.db, last), trail);
    const wrong =
      await sql`select 1 from audit where seq <= ${last} and climbed is distinct from seq % 7`.execute(
        climbed.db,
      );
    assert.is(wrong.rows.length, 0, 'every row climbed once');
    await climbed.close();
  });

  test('replaces one gateway after another while a program sends, and loses and doubles nothing', async () => {
    const database = await createTestDatabase({ isEmpty: true });
    const shared = { dataDir: join(folder, 'rolling'), databaseUrl: database.url };
    const ports = [await freePort(), await freePort()] as const;
    const one = await gatewayIn({ ...shared, port: ports[0] });
    const two = await gatewayIn({ ...shared, port: ports[1] });
    await Promise.all([one.start(), two.start()]);
    const balancer = await startBalancer(ports, 1_500_000);
    const { root } = await makeNewer();
    const nextOne = await gatewayIn({ ...shared, root, port: ports[0] });
    const nextTwo = await gatewayIn({ ...shared, root, port: ports[1] });
    const sent = await writeStudy(join(folder, 'sent'), 77, LARGE_BYTES);
    const sending = upload(join(folder, 'sent'), `http://127.0.0.1:${balancer.port}`);
    await until('the study to be announced', () =>
      [one, two].some(({ lines }) => lines.some(({ route }) => route === '/upload/init')),
    );
    await one.stop();
    await nextOne.start();
    await two.stop();
    await nextTwo.start();
    const result = await sending;
    assert.is(result.code, 0, result.stderr);
    for (const { sopInstanceUID, digest } of sent)
      assert.is(await digestInOrthanc(orthanc!, sopInstanceUID), digest);
    await balancer.stop();
    await nextOne.stop();
    await nextTwo.stop();
    database.drop();
  });

  test('that gateways of the version before could not work with waits until they are stopped', async () => {
    const database = await createTestDatabase({ isEmpty: true });
    const shared = { dataDir: join(folder, 'stopping'), databaseUrl: database.url };
    const before = await gatewayIn(shared);
    await before.start();
    const { root } = await makeNewer('stop');
    const env = { RELAY_DATA_DIR: shared.dataDir, DATABASE_URL: database.url };
    const said = await refusalOf(root, { ...env, RELAY_PORT: `${await freePort()}` });
    assert.match(said, 'Stop all gateways');
    await before.stop();
    const climber = await gatewayIn({ ...shared, root });
    await climber.start();
    await climber.stop();
    database.drop();
  });
}

test.run();
