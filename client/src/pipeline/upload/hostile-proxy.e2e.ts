// test:all: Slow links take minutes; by day tus-client.test.ts and uploader.test.ts guard the answers to proxies.
/**
 * Hospital networks, with a real nginx and typical settings: a study still arrives in the PACS, and the
 * person is told what is in the way. Sent by the command line, which shares the page's uploader.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAccount, PASSWORD, type Account } from '#testing/accounts.ts';
import { seedsOf } from '#testing/app-page.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { findNginx, passTo, startBetween, startNginx } from '#testing/hostile-proxy.ts';
import { startShapedLink } from '#testing/shaped-link.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld, type World } from '#testing/world.ts';
import { findOrthanc } from '../../../../scripts/system/orthanc.ts';
import { freePort } from '../../../../scripts/system/ports.ts';
import { relay } from '../../../../scripts/relay.ts';
import type { Diagnosis } from '../queue/queued-study.ts';
import { DIAGNOSES } from '../queue/diagnosis-words.ts';

/** 3 Mbit/s: the first piece takes longer than a connection may last. */
const SLOW = { roundTripMs: 20, bitsPerSecond: 3e6 };
const LIVES_MS = 2_500;
/**
 * Two parcels travel at once: while a connection lives, each brings clearly more than the 256 KiB that a proxy
 * which does not buffer would have passed on, and clearly less than the pieces of 512 KiB that follow.
 */
const SLOWER = { roundTripMs: 20, bitsPerSecond: 2.2e6 };

const test = suite('hostile proxies');
const nginx = findNginx();
const why =
  nginx === null ? 'there is no nginx' : (await findOrthanc()) === null ? 'Orthanc is not installed' : null;

let world: World;
let account: Account;
/** The port of the gateway's API. */
let port: number;
test.before(async () => {
  if (why !== null) return;
  world = await openWorld();
  account = await createAccount(world.gateway, 'tess', ['technician']);
  port = Number(new URL(world.gateway.api).port);
});
test.after(async () => world?.close());

const seed = seedsOf('hostile proxies');

async function writeStudy(nth: number, instances: number, side = 512): Promise<readonly string[]> {
  const size = { rows: side, columns: side };
  const study = syntheticStudy({ seed: seed(nth), instancesPerSeries: instances, ...size });
  return Promise.all(
    study.instances.map(async ({ bytes }, index) => {
      const path = join(world.folder, `${nth}-${index}.dcm`);
      await writeFile(path, bytes);
      return path;
    }),
  );
}

/**
 * Sends like the command line and returns the diagnoses shown to the person. The whole study is in the PACS
 * when it resolves.
 */
async function send(
  through: number,
  paths: readonly string[],
  onSaid: (line: string) => void = () => undefined,
): Promise<readonly Diagnosis[]> {
  const said: string[] = [];
  const args = [
    'upload',
    ...paths,
    '--user',
    account.username,
    '--gateway',
    `http://127.0.0.1:${through}`,
    '--policy',
    'identified',
    '--wait',
    '--json',
  ];
  const code = await relay(args, {
    env: { RELAY_PASSWORD: PASSWORD, RELAY_CODING: 'off' },
    signal: new AbortController().signal,
    print: () => undefined,
    say: (line) => {
      said.push(line);
      onSaid(line);
    },
  });
  assert.is(code, 0, said.join('\n'));
  return (Object.keys(DIAGNOSES) as Diagnosis[]).filter((one) =>
    said.some((line) => line.startsWith(DIAGNOSES[one].title)),
  );
}

test('behind a proxy that limits bodies to 1 MB the study arrives in smaller pieces, and the limit is reported', async () => {
  if (why !== null) skip('a proxy that limits bodies', why);
  const proxy = await startNginx(nginx!, {
    port: await freePort(),
    server: ['client_max_body_size 1m;'],
    location: [...passTo(port), 'proxy_request_buffering off;'],
  });
  try {
    assert.equal(await send(proxy.port, await writeStudy(1, 12)), ['proxy-limits-size']);
  } finally {
    await proxy.stop();
  }
});

test('a load balancer that ends connections after 2.5 s causes no repeated bytes, and is reported', async () => {
  if (why !== null) skip('a proxy that cuts long requests', why);
  const balancer = await startBetween({ targetPort: port, livesMs: LIVES_MS });
  const link = await startShapedLink({ targetPort: balancer.port, ...SLOW });
  try {
    const paths = await writeStudy(2, 10);
    const bytes = 10 * 512 * 512 * 2;
    assert.equal(await send(link.port, paths), ['proxy-cuts-long-requests']);
    const { up } = link.counts();
    assert.ok(up < bytes * 1.25, `${up} bytes for ${bytes}`);
  } finally {
    await link.stop();
    await balancer.stop();
  }
});

test('behind a proxy that buffers bodies and one that ends connections the study arrives, and the buffering is reported', async () => {
  if (why !== null) skip('a proxy that buffers', why);
  // Each request has a connection of its own, so its age at its end is the balancer's limit.
  const timeouts = ['client_body_timeout 3s;', 'send_timeout 3s;', 'keepalive_timeout 0;'];
  const location = [...passTo(port), 'proxy_request_buffering on;', 'proxy_read_timeout 3s;'];
  const proxy = await startNginx(nginx!, {
    port: await freePort(),
    server: ['client_max_body_size 0;', ...timeouts],
    location,
  });
  const balancer = await startBetween({ targetPort: proxy.port, livesMs: LIVES_MS });
  const link = await startShapedLink({ targetPort: balancer.port, ...SLOWER });
  try {
    // Until enough bodies are lost it may look like a limit of time or size.
    const diagnoses = await send(link.port, await writeStudy(3, 6));
    assert.ok(diagnoses.includes('proxy-buffers'), diagnoses.join() || 'nothing was reported');
  } finally {
    await link.stop();
    await balancer.stop();
    await proxy.stop();
  }
});

test('through a proxy that lets no PATCH through the study arrives, and the refusals are reported', async () => {
  if (why !== null) skip('a proxy that lets no PATCH through', why);
  const proxy = await startNginx(nginx!, {
    port: await freePort(),
    server: ['client_max_body_size 0;'],
    location: [...passTo(port), 'proxy_request_buffering off;', 'limit_except GET POST { deny all; }'],
  });
  // A parcel of 8 MB takes more than its creation.
  const link = await startShapedLink({ targetPort: proxy.port, ...SLOW, bitsPerSecond: 8e6 });
  try {
    assert.equal(await send(link.port, await writeStudy(5, 1, 2048)), ['proxy-answers']);
  } finally {
    await link.stop();
    await proxy.stop();
  }
});

test('the sign-in page of a guest network is never believed and is reported; the study continues when the network opens', async () => {
  if (why !== null) skip('a sign-in page in the gateway’s place', why);
  const location = [
    'default_type text/html;',
    'return 200 "<html><body>Welcome. Please sign in.</body></html>";',
  ];
  const portal = await startNginx(nginx!, {
    port: await freePort(),
    server: ['client_max_body_size 0;'],
    location,
  });
  const between = await startBetween({ targetPort: port });
  const link = await startShapedLink({ targetPort: between.port, ...SLOW });
  try {
    const told = Promise.withResolvers<void>();
    const sending = send(
      link.port,
      await writeStudy(4, 6),
      (line) => line.startsWith(DIAGNOSES['proxy-answers'].title) && told.resolve(),
    );
    await until('the first bytes', () => link.counts().up > 500_000);
    between.leadTo(portal.port);
    await Promise.race([told.promise, sending]);
    between.leadTo(port);
    assert.equal(await sending, ['proxy-answers']);
  } finally {
    await link.stop();
    await between.stop();
    await portal.stop();
  }
});

test.run();
