/** The settings of `npm start -- --lan`: contradictions are refused, and nothing is made before all of it is right. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { prepareLan } from './lan.ts';

test('settings that contradict --lan are all named, and no authority is made', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-lan-'));
  const mistakes: string[] = [];
  const wrongly = {
    ...{ RELAY_PUBLIC_URL: 'https://relay.example.org', RELAY_TLS_CERT: '/cert.pem', RELAY_LAN_PORT: 'none' },
    ...{ RELAY_HOST: '203.0.113.7', RELAY_DATA_DIR: folder },
  };
  assert.is(await prepareLan(wrongly, (mistake) => void mistakes.push(mistake)), null);
  assert.match(
    mistakes.join('\n'),
    /^--lan sets RELAY_PUBLIC_URL itself.*\n--lan sets RELAY_TLS_CERT itself/,
  );
  // A machine without a network has no private address to choose from.
  assert.match(mistakes[2]!, /^With --lan, RELAY_HOST must be one of|^--lan needs a private IPv4 address/);
  assert.match(mistakes[3]!, /^RELAY_LAN_PORT must be a port/);
  assert.not.ok(existsSync(join(folder, 'lan')));
  await rm(folder, { recursive: true });
});

test.run();
