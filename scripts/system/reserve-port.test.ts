/** A reserved port is nobody else's, as long as its process lives. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { reservePort } from './reserve-port.ts';

const MODULE = new URL('./reserve-port.ts', import.meta.url).href;

/** A process that reserves so many ports, from the ones on that this process had, and lives until it is ended. */
async function startOwner(count: number) {
  const script = `
    Object.defineProperty(process, 'pid', { value: ${process.pid} });
    const { reservePort } = await import('${MODULE}');
    for (let nth = 0; nth < ${count}; nth += 1) console.log(await reservePort());
    setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ports: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    ports.push(Number(line));
    if (ports.length === count) break;
  }
  return {
    ports,
    async end() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

test('no two processes that look at the same ports get the same one, and one that was killed leaves its own', async () => {
  if (process.platform !== 'linux') skip('reserved ports', 'only Linux has sockets without a file');
  const owners = await Promise.all([startOwner(20), startOwner(20)]);
  const [one, other] = owners.map(({ ports }) => ports) as [number[], number[]];
  await owners[0]!.end();
  const heir = await startOwner(20);
  await Promise.all([owners[1]!.end(), heir.end()]);
  assert.is(new Set([...one, ...other]).size, 40);
  assert.is(new Set([...heir.ports, ...other]).size, 40);
  assert.ok(heir.ports.some((port) => one.includes(port)));
});

test('a port is given once, and one on which a program listens is passed over', async () => {
  const first = await reservePort();
  const server = createServer();
  await new Promise<unknown>((done) =>
    server.once('error', done).listen(first + 1, '127.0.0.1', () => done(0)),
  );
  const later = await Promise.all([reservePort(), reservePort(), reservePort()]);
  server.close();
  assert.is(new Set([first, first + 1, ...later]).size, 5);
});

test('no outgoing connection gets a reserved port', async () => {
  const said = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '49152 65535');
  const [lowest, highest] = said.split(/\s+/).map(Number) as [number, number];
  const port = await reservePort();
  assert.ok(port < lowest || port > highest);
  assert.ok(port > 10_080, 'and browsers refuse none of them');
});

test.run();
