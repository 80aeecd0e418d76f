/** A gateway is backed up by the command line and restored on an empty machine, where it starts. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createGatewayUnderTest, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { runRelay } from '#testing/run-relay.ts';
import { freePort } from '../system/ports.ts';

const PASSWORD = 'the first password';

const test = suite('backup and restore');
let folder: string;
const gateways: GatewayUnderTest[] = [];
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-backup-'));
});
test.after(async () => {
  for (const gateway of gateways) await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startIn(name: string): Promise<GatewayUnderTest> {
  const gateway = createGatewayUnderTest({
    ...{
      port: await freePort(),
      webPort: await freePort(),
      dataDir: join(folder, name),
      adminPassword: PASSWORD,
    },
    pacs: { url: 'http://127.0.0.1:9/dicom-web', authorization: 'Bearer none' },
  });
  gateways.push(gateway);
  await gateway.start();
  return gateway;
}

test('a gateway comes back with its people, its keys and its trail', async () => {
  const first = await startIn('first');
  const by = ['--gateway', first.api, '--user', 'admin'];
  const env = { RELAY_PASSWORD: PASSWORD };
  const added = await runRelay(['user', 'add', 'mira', '--roles', 'technician', ...by], env);
  assert.is(added.code, 0, added.said);
  const made = await runRelay(['backup', folder, ...by], env);
  assert.is(made.code, 0, made.said);
  const key = /AGE-SECRET-KEY-1\w+/.exec(made.out)![0];
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.age'));
  const again = await runRelay(['backup', join(folder, 'again.age'), ...by], env);
  assert.not.match(again.out, 'AGE-SECRET-KEY', 'a key is shown once');
  await first.stop();
  const restored = await runRelay(['restore', join(folder, file!)], {
    RELAY_BACKUP_KEY: key,
    RELAY_DATA_DIR: join(folder, 'second'),
  });
  assert.is(restored.code, 0, restored.said);
  const second = await startIn('second');
  const listed = await runRelay(['user', 'list', '--gateway', second.api, '--user', 'admin'], env);
  assert.match(listed.out, 'mira');
  const trail = await runRelay(['audit', 'verify', '--gateway', second.api, '--user', 'admin'], env);
  assert.match(trail.out, 'The audit trail is whole');
});

test.run();
