/** The arguments and the environment of `relay doctor`. Its diagnoses: doctor.e2e.ts. */
import { createServer } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { runRelay } from '#testing/run-relay.ts';
import { createTunnelProxy } from '../../gateway/src/testing/tunnel-proxy.ts';

const test = suite('relay doctor');

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => runRelay(['doctor', ...args], env);

test('a server that asks for credentials gets those of the environment: exit 1 while they are wrong', async () => {
  const given: unknown[] = [];
  const server = createServer((request, response) => {
    given.push(request.headers.authorization);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="PACS"' }).end();
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}/dicom-web/`;
  const { code, out } = await run([url, '--json'], { PACS_AUTHORIZATION: 'Basic c2VjcmV0' });
  server.closeAllConnections();
  server.close();
  assert.is(code, 1);
  assert.equal(given, ['Basic c2VjcmV0']);
  const report = JSON.parse(out) as { url: string; findings: { check: string; code: string }[] };
  assert.is(report.url, url.slice(0, -1));
  assert.is(report.findings.find(({ check }) => check === 'authentication')?.code, 'credentials-refused');
  assert.not.match(out, 'c2VjcmV0');
});

test('goes through HTTPS_PROXY as the gateway does, or straight where NO_PROXY says so', async () => {
  const { server, tunnels } = createTunnelProxy(1);
  const HTTPS_PROXY = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const url = 'https://pacs.ward.test/dicom-web';
  await run([url], { HTTPS_PROXY });
  assert.equal([...new Set(tunnels)], ['pacs.ward.test:443']);
  tunnels.length = 0;
  await run([url], { HTTPS_PROXY, NO_PROXY: '.ward.test' });
  assert.equal(tunnels, []);
  assert.is((await run([url], { HTTPS_PROXY: 'proxy.example.org' })).code, 2);
  server.closeAllConnections();
  server.close();
});

test('the help names every address that it takes', async () => {
  const { out, said } = await run(['--help']);
  for (const kind of ['https://', 'dimse://CALLING@HOST:PORT/CALLED', 'dimse-tls://'])
    assert.match(out + said, kind);
});

test('wrong usage: exit 2', async () => {
  for (const args of [
    [],
    ['ftp://pacs/'],
    ['http://user:secret@pacs/dicom-web'],
    ['http://pacs/dicom-web', '--ca', import.meta.filename],
    ['http://pacs/dicom-web', '--authorization', 'Basic\nx'],
  ]) {
    const { code, said } = await run(args);
    assert.is(code, 2, args.join(' '));
    assert.match(said, 'usage: npm run -s relay -- doctor URL');
    assert.not.match(said, 'secret');
  }
});

test.run();
