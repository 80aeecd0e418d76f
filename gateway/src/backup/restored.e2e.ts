// test:all: rounds with real parts take minutes; relay/backup.e2e guards the commands, restore-backup.test the file
/**
 * A backup at a moment that a seed chooses, while a program sends a study; the gateway dies, and another one is
 * restored from the backup, which may be older than what the PACS knows. In the end every instance is in the PACS once,
 * bit for bit, also those of a sender without a queue that was told "stored" while the PACS was away. `RELAY_SEED`
 * repeats a run, `RELAY_ROUNDS` makes it longer.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backupsSchema, type Backups } from '#shared/protocol/backups.ts';
import { skipped } from '#testing/environment.ts';
import { createGatewayUnderTest, until, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { startRecordingProxy, type RecordingProxy } from '#testing/recording-proxy.ts';
import { runRelay } from '#testing/run-relay.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { bodyOf, STOW_TYPE } from '../testing/foreign-clients.ts';
import { ADMIN_PASSWORD, digestInOrthanc, upload, writeStudy, type Sent } from '../testing/killed-study.ts';
import { createTestDatabase } from '../testing/open-database.ts';
import { signInAt } from '../testing/sign-in-at.ts';

const ROUNDS = Number(process.env.RELAY_ROUNDS ?? 3);
const SEED = Number(process.env.RELAY_SEED ?? 1);
/** A study of this size takes about this long. */
const MOMENT_AT_MOST_MS = 1_500;
const LARGE_BYTES = 6 * 1024 * 1024;
/** Of the command: the gateway could not be reached. */
const UNREACHABLE = 3;
const NO_PACS = 'http://127.0.0.1:9/dicom-web';

const test = suite('restored');
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);

async function askAt({ api }: GatewayUnderTest, token: string, method: string, body?: object): Promise<void> {
  const answer = await fetch(`${api}/admin/backups`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  assert.ok(answer.ok, await answer.text());
}

const backupsAt = async ({ api }: GatewayUnderTest, token: string): Promise<Backups> =>
  backupsSchema.parse(
    await (await fetch(`${api}/admin/backups`, { headers: { authorization: `Bearer ${token}` } })).json(),
  );

/** Its path. */
async function backUp(gateway: GatewayUnderTest, token: string, dataDir: string): Promise<string> {
  await askAt(gateway, token, 'POST');
  const made = await until('the backup', async () => (await backupsAt(gateway, token)).backups[0]);
  return join(dataDir, 'backups', made.name);
}

async function storeAll(gateway: GatewayUnderTest, token: string, folder: string): Promise<void> {
  const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
  const answer = await fetch(`${gateway.api}/dicom-web/studies?policy=identified`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': STOW_TYPE },
    body: bodyOf(files),
  });
  assert.is(answer.status, 202, `accepted, and the PACS is away: ${await answer.text()}`);
}

type World = {
  readonly folder: string;
  readonly orthanc: RunningOrthanc;
  readonly proxy: RecordingProxy;
  readonly before: GatewayUnderTest;
  readonly restored: GatewayUnderTest;
  /** Where the restored gateway has its data. */
  readonly place: NodeJS.ProcessEnv;
  close(): Promise<void>;
};

/** `hasServer`: the restored gateway has a PostgreSQL of its own. */
async function openWorld(hasServer: boolean): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-restored-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs'), port: await freePort() });
  const proxy = await startRecordingProxy(orthanc.url);
  const database = hasServer ? await createTestDatabase({ isEmpty: true }) : null;
  const port = await freePort();
  const openIn = async (dataDir: string, databaseUrl?: string): Promise<GatewayUnderTest> =>
    createGatewayUnderTest({
      ...{ port, webPort: await freePort(), dataDir, adminPassword: ADMIN_PASSWORD },
      pacs: { url: proxy.url, authorization: orthanc.authorization },
      ...(databaseUrl !== undefined && { databaseUrl }),
    });
  const before = await openIn(join(folder, 'before'));
  const restored = await openIn(join(folder, 'restored'), database?.url);
  return {
    ...{ folder, orthanc, proxy, before, restored },
    place: {
      RELAY_DATA_DIR: join(folder, 'restored'),
      ...(database !== null && { DATABASE_URL: database.url }),
    },
    async close() {
      await before.stop();
      await restored.stop();
      await proxy.stop();
      await orthanc.stop();
      database?.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const CREDENTIALS = { username: 'admin', password: ADMIN_PASSWORD };

async function playRound(round: number): Promise<void> {
  const random = seededRandom(SEED * 1000 + round);
  const world = await openWorld(random() < 0.5);
  const { folder, before, restored } = world;
  try {
    await before.start({ PACS_URL: NO_PACS });
    const { accessToken: token } = await signInAt(before.api, CREDENTIALS);
    const plan = { recipient, everyHours: null, keep: 3, password: ADMIN_PASSWORD };
    await askAt(before, token, 'PUT', plan);
    const stored = await writeStudy(join(folder, 'stored'), round * 10);
    await storeAll(before, token, join(folder, 'stored'));
    const isAway = random() < 0.5;
    if (!isAway) {
      await before.stop();
      await before.start();
    }
    const sent = await writeStudy(join(folder, 'sent'), round * 10 + 1, LARGE_BYTES);
    const sending = upload(join(folder, 'sent'), before.api);
    // The waits are the experiment: the moments are what the seed varies.
    await after(Math.floor(random() * MOMENT_AT_MOST_MS));
    const { accessToken: again } = await signInAt(before.api, CREDENTIALS);
    const file = await backUp(before, again, join(folder, 'before'));
    await after(Math.floor(random() * 2 * MOMENT_AT_MOST_MS));
    await before.kill();
    const done = await runRelay(['restore', file], { RELAY_BACKUP_KEY: identity, ...world.place });
    assert.is(done.code, 0, done.said);
    await restored.start();
    const first = await sending;
    // On a slow machine the command has given up, and says so; whoever sends asks it again.
    const result = first.code === UNREACHABLE ? await upload(join(folder, 'sent'), restored.api) : first;
    assert.is(result.code, 0, `seed ${SEED}, round ${round}: ${result.stderr}`);
    await areInPacs(world, [...sent, ...stored], `seed ${SEED}, round ${round}`);
    const trail = await runRelay(['audit', 'verify', '--gateway', restored.api, '--user', 'admin'], {
      RELAY_PASSWORD: ADMIN_PASSWORD,
    });
    assert.match(trail.out, 'The audit trail is whole');
  } finally {
    await world.close();
  }
}

async function areInPacs({ orthanc, proxy }: World, sent: readonly Sent[], when: string): Promise<void> {
  for (const { sopInstanceUID, digest } of sent) {
    await until(`${sopInstanceUID} in the PACS`, () => proxy.posted.get(sopInstanceUID) ?? 0);
    const found = await until('the PACS to show it', () =>
      digestInOrthanc(orthanc, sopInstanceUID).catch(() => null),
    );
    assert.is(found, digest, `${when}: bit for bit in the PACS`);
  }
}

if ((await findOrthanc()) === null) skipped('restored', 'no Orthanc');
else
  for (let round = 1; round <= ROUNDS; round += 1)
    test(`seed ${SEED}, round ${round}: nothing that was accepted is missing from the PACS`, () =>
      playRound(round));

test.run();
