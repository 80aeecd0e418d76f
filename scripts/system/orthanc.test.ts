/** The real Orthanc beside strangers: whom its port answers, and requests that never come whole. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip, skipped } from '#testing/environment.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { doesAnswer, findOrthanc, startOrthanc, type RunningOrthanc } from './orthanc.ts';
import { doesOpen, listensOnAllAddresses, outerAddresses } from './ports.ts';

const test = suite('the embedded Orthanc');
const lines: string[] = [];
let folder = '';
let orthanc: RunningOrthanc | null = null;
test.before(async () => {
  if ((await findOrthanc()) === null) skip('the embedded Orthanc', 'Orthanc is not installed');
  folder = await mkdtemp(join(tmpdir(), 'relay-orthanc-'));
  const say = (line: string): void => void lines.push(line);
  orthanc = await startOrthanc({ folder, say, settings: { HttpRequestTimeout: 2 } });
});
test.after(async () => {
  await orthanc?.stop();
  if (folder !== '') await rm(folder, { recursive: true });
});
const portOf = (): number => Number(new URL(orthanc!.restUrl).port);

const [elsewhere] = outerAddresses();

test('listens on the loopback alone where it can; where it cannot, one line says so, and where the remedy stands', async () => {
  const read = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  assert.equal((await read(join(folder, 'orthanc.json')))['HttpBindAddresses'], ['127.0.0.1']);
  // In a container it must answer the gateway's.
  const shared = await read('orthanc/orthanc.json');
  assert.equal([shared['HttpBindAddresses'], shared['DicomServerEnabled']], [undefined, false]);
  const isOpen = elsewhere !== undefined && (await doesOpen(elsewhere, portOf()));
  const told = lines.filter((line) => line.includes(String(portOf())));
  assert.is(told.length, isOpen ? 1 : 0, lines.join('\n'));
  if (isOpen) assert.match(told[0] ?? '', /listens on port \d+ on all addresses\. .* docs\/install\.md/);
});

if (elsewhere === undefined) skipped('a port that others reach', 'this machine has no network');
else
  test('is known to listen on all addresses by its port, which is tried', async () => {
    for (const [host, expected] of [
      ['127.0.0.1', false],
      ['0.0.0.0', true],
    ] as const) {
      const server = createServer((socket) => socket.destroy());
      const port = await listenOnLoopback(server, host);
      assert.is(await listensOnAllAddresses(port), expected, host);
      server.close();
    }
  });

/** More than it has threads. */
const HALVES = 40;
const POST = 'POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n';
const BODY =
  'Content-Type: multipart/related; type="application/dicom"; boundary=x\r\nContent-Length: 9000\r\n\r\n--x';

for (const [name, bytes] of [
  ['no byte of them comes', ''],
  ['half of the header comes', POST],
  ['half of the body comes, without a password', POST + BODY],
] as const)
  test(`ends requests of which ${name}, and then answers the gateway`, async () => {
    const ended = Array.from({ length: HALVES }, () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const socket = connect(portOf(), '127.0.0.1', () => socket.write(bytes));
      // Reset, or at its end: it is over.
      socket.resume().on('close', resolve).on('error', resolve);
      return promise;
    });
    // Nothing here ends them: without a limit of Orthanc's this test would.
    await Promise.all(ended);
    assert.ok(await doesAnswer(orthanc!.restUrl, orthanc!.authorization));
  });

test('gives its password to no other program that listens on its port', async () => {
  const given: (string | undefined)[] = [];
  const stranger = createHttpServer(({ headers }, answer) => {
    given.push(headers.authorization);
    answer.end('{}');
  });
  const port = await listenOnLoopback(stranger);
  const own = await mkdtemp(join(tmpdir(), 'relay-orthanc-'));
  const binary = join(own, 'slow-orthanc');
  await writeFile(binary, '#!/bin/sh\nexec sleep 60\n', { mode: 0o700 });
  const outcome = await startOrthanc({ folder: own, port, program: { binary, plugin: '' } }).then(
    async (running) => void (await running.stop()),
    (error: Error) => error.message,
  );
  stranger.close();
  await rm(own, { recursive: true });
  assert.equal(given, []);
  assert.match(outcome ?? '', /^Another program listens on port \d+/);
});

test('has that limit by its settings', async () => {
  const { HttpRequestTimeout, RemoteAccessAllowed } = JSON.parse(
    await readFile('orthanc/orthanc.json', 'utf8'),
  ) as Record<string, unknown>;
  assert.equal([HttpRequestTimeout, RemoteAccessAllowed], [30, false]);
});

test.run();
