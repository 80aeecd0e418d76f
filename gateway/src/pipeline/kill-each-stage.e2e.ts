/**
 * SIGKILL in every stage, with work of that stage in flight, and of the PACS: nothing is lost, nothing is
 * doubled.
 *
 * A stage is caught in the act by means outside the product: the database holds back exactly the row change
 * that ends the stage (a trigger that waits for a lock which the test holds), the link stops in the middle of
 * a PATCH, or the PACS's answer is held back. The kill then comes between the stage's effect and its commit,
 * the worst moment there is.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IS_WHOLE_PROOF, skipped, testEnvironment } from '#testing/environment.ts';
import { createGatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { startLink } from '#testing/link.ts';
import { startRecordingProxy } from '#testing/recording-proxy.ts';
import { startOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import {
  ADMIN_PASSWORD,
  digestInOrthanc,
  type Sent,
  upload,
  type UploadResult,
  writeStudy,
} from '../testing/killed-study.ts';

/** The lock that holds a stage back; any number that nothing else uses. */
const HELD = 4711;

/** The row change that ends each stage. */
const ENDS_OF_STAGES = {
  intake: `before update on parcel for each row when (new.state = 'received')`,
  verify: `before update on instance for each row when (new.state = 'received')`,
  assembly: `before update on study for each row when (new.state = 'assembled' and old.state = 'receiving')`,
  forward: `before update on study for each row when (new.state = 'forwarded')`,
  reconcile: `before update on study for each row when (new.state = 'reconciled')`,
  receipt: `before insert on receipt for each row`,
  eviction: `before update on study for each row when (new.state in ('closed', 'held'))`,
} as const;
type Stage = keyof typeof ENDS_OF_STAGES;
/** The gate kills it where the PACS has what the database does not know of yet. */
const STAGES: readonly Stage[] = IS_WHOLE_PROOF ? (Object.keys(ENDS_OF_STAGES) as Stage[]) : ['forward'];

async function openDatabaseFor(test: string, serverUrl: string) {
  const server = new pg.Client({ connectionString: serverUrl });
  await server.connect();
  const name = `relay_${test}_${randomUUID().slice(0, 8)}`;
  await server.query(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return {
    url: url.href,
    client,
    async drop() {
      await client.end();
      await server.query(`drop database ${name} with (force)`);
      await server.end();
    },
  };
}

const { postgresUrl } = testEnvironment();
const test = suite('a kill in each stage');

async function openWorld(serverUrl: string) {
  const folder = await mkdtemp(join(tmpdir(), 'relay-kill-'));
  const orthancFolder = join(folder, 'pacs');
  const orthancPort = await freePort();
  const orthanc = { running: await startOrthanc({ folder: orthancFolder, port: orthancPort }) };
  const proxy = await startRecordingProxy(orthanc.running.url);
  const database = await openDatabaseFor('kill', serverUrl);
  const port = await freePort();
  const gateway = createGatewayUnderTest({
    port,
    webPort: await freePort(),
    dataDir: join(folder, 'data'),
    adminPassword: ADMIN_PASSWORD,
    databaseUrl: database.url,
    pacs: { url: proxy.url, authorization: orthanc.running.authorization },
  });
  await gateway.start();
  const link = await startLink(port);
  return {
    folder,
    orthanc,
    orthancFolder,
    orthancPort,
    proxy,
    database,
    gateway,
    link,
    through: `http://127.0.0.1:${link.port}`,
    async close() {
      await gateway.stop();
      await link.stop();
      await proxy.stop();
      await orthanc.running.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
type World = Awaited<ReturnType<typeof openWorld>>;

/** Holds back the end of a stage; `reached` when the gateway stands there. */
async function holdEndOf(stage: Stage, { database, gateway }: World) {
  const { client } = database;
  await client.query(`select pg_advisory_lock(${HELD})`);
  await client.query(
    `create or replace function hold_stage() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(${HELD}); return new; end $$`,
  );
  const [table] = / on (\w+) /.exec(ENDS_OF_STAGES[stage])!.slice(1);
  await client.query(`create trigger hold_stage ${ENDS_OF_STAGES[stage]} execute function hold_stage()`);
  return {
    async reached() {
      await until(`the gateway to stand in ${stage}`, async () => {
        const { rows } = await client.query(
          `select count(*)::int as waiting from pg_locks where locktype = 'advisory' and objid = ${HELD} and not granted`,
        );
        return rows[0].waiting > 0;
      });
      const started = gateway.lines.filter(
        (line) => line.event === 'stage-started' && line.stage === stage,
      ).length;
      const finished = gateway.lines.filter(
        (line) => line.event === 'stage-finished' && line.stage === stage,
      ).length;
      if (stage !== 'intake') assert.ok(started > finished, `${stage} has work in flight`);
    },
    async release() {
      // The server has not noticed that the gateway is dead: its transactions wait for our lock, or soon
      // will, and would keep the table locked.
      await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
      await client.query(`drop trigger hold_stage on ${table}`);
      await client.query(`select pg_advisory_unlock(${HELD})`);
    },
  };
}

async function standing({ database }: World, studyUidSuffix: string): Promise<string> {
  const { rows } = await database.client.query(
    `select i.state, count(*)::int as count from instance i join study s on s.id = i.study_id where s.study_instance_uid like $1 group by i.state order by 1`,
    [`%.${studyUidSuffix}`],
  );
  const study = await database.client.query(`select state from study where study_instance_uid like $1`, [
    `%.${studyUidSuffix}`,
  ]);
  return `${study.rows[0]?.state ?? 'no study'}: ${rows.map((row) => `${row.count} ${row.state}`).join(', ')}`;
}

/** Asserts what must be true after any number of kills. */
async function assertWhole(
  world: World,
  sent: readonly Sent[],
  result: UploadResult,
  { kills, study }: { readonly kills: number; readonly study: number },
): Promise<void> {
  assert.is(result.code, 0, `the upload ends well: ${result.stderr}`);
  for (const { sopInstanceUID, digest } of sent) {
    const posts = world.proxy.posted.get(sopInstanceUID) ?? 0;
    assert.ok(posts >= 1 && posts <= 1 + kills, `posted ${posts} times with ${kills} kills`);
    assert.is(
      await digestInOrthanc(world.orthanc.running, sopInstanceUID),
      digest,
      'bit for bit in the PACS',
    );
  }
  const { rows } = await world.database.client.query(
    `select r.revision, count(*)::int as count from receipt r join study s on s.id = r.study_id where s.study_instance_uid like $1 group by 1`,
    [`%.${study}`],
  );
  assert.equal(rows, [{ revision: 1, count: 1 }], 'one receipt a revision');
  await until('the study to be closed', async () =>
    (await standing(world, String(study))).startsWith('closed'),
  );
}

if (postgresUrl === null) {
  skipped('a kill in each stage', 'no PostgreSQL');
} else {
  let world: World;
  let number = 0;
  let held: { release(): void } | null = null;
  test.before(async () => {
    world = await openWorld(postgresUrl);
  });
  test.after(async () => world?.close());

  /**
   * Uploads a study, waits until `caught` says that the stage is in flight, kills, lets go, starts again and
   * looks at the end.
   */
  async function killWhen(
    what: string,
    largeBytes: number,
    arrange: () => Promise<{ reached(): Promise<void>; release(): Promise<void> | void }>,
  ): Promise<void> {
    number += 1;
    const study = 1000 + number;
    const folder = join(world.folder, `study-${study}`);
    const sent = await writeStudy(folder, study, largeBytes);
    const hold = await arrange();
    const uploading = upload(folder, world.through);
    await Promise.race([
      hold.reached(),
      uploading.then(({ stderr }) =>
        assert.unreachable(`the upload ended before ${what} was reached: ${stderr}`),
      ),
    ]);
    const before = await standing(world, String(study));
    await world.gateway.kill();
    await hold.release();
    await world.gateway.start();
    const result = await uploading;
    process.stdout.write(
      `killed in ${what}: before [${before}] after [${await standing(world, String(study))}]\n`,
    );
    await assertWhole(world, sent, result, { kills: 1, study });
  }

  for (const stage of STAGES) {
    test(`a gateway killed between the effect and the commit of ${stage} loses and doubles nothing`, () =>
      killWhen(stage, 0, () => holdEndOf(stage, world)));
  }

  test('a gateway killed in the middle of a PATCH keeps what arrived and takes the rest', () =>
    killWhen('intake (mid-PATCH)', 12 * 1024 * 1024, async () => {
      const pause = world.link.pauseAfter(3 * 1024 * 1024);
      return {
        reached: () => pause.reached,
        release() {
          pause.resume();
          world.link.cut();
          world.link.mend();
        },
      };
    }));

  test('a gateway killed while the PACS has not answered a store request asks before it posts again', () =>
    killWhen('forward (no answer yet)', 0, async () => {
      const hold = world.proxy.hold('store');
      return { reached: () => hold.reached, release: () => hold.release() };
    }));

  test('a gateway killed while it waits for the PACS to say what it holds asks again', () =>
    killWhen('reconcile (no answer yet)', 0, async () => {
      const store = world.proxy.hold('store');
      return {
        // The searches that init and forward make are let through: only the one after the store is held.
        reached: async () => {
          await store.reached;
          const search = world.proxy.hold('search');
          store.release();
          await search.reached;
          held = search;
        },
        release: () => held?.release(),
      };
    }));

  test('a PACS that is killed while it is being written to gets everything once it is back', async () => {
    number += 1;
    const study = 1000 + number;
    const folder = join(world.folder, `study-${study}`);
    const sent = await writeStudy(folder, study);
    const store = world.proxy.hold('store');
    const uploading = upload(folder, world.through);
    await store.reached;
    process.kill(world.orthanc.running.pid, 'SIGKILL');
    await world.orthanc.running.exited;
    store.release();
    await until('the study to wait for the PACS', async () => {
      const { rows } = await world.database.client.query(
        `select waiting_because from study where study_instance_uid like $1`,
        [`%.${study}`],
      );
      return rows[0]?.waiting_because === 'pacs-unreachable';
    });
    world.orthanc.running = await startOrthanc({ folder: world.orthancFolder, port: world.orthancPort });
    await assertWhole(world, sent, await uploading, { kills: 1, study });
  });
}

test.run();
