import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openKeys } from '../keys.ts';
import { openTestGateway } from '../testing/open-gateway.ts';
import { openHeadFile } from './head-file.ts';
import { signHead } from './sign-head.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

type Page = { rows: { seq: number; event: string }[]; next: number | null };

const test = suite('reading the audit trail');

test('an auditor reads every row once, page by page, and is told that the chain is whole', async () => {
  const gateway = await openTestGateway();
  const { accessToken: token } = await gateway.userWith(['auditor']);
  const seqs: number[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page = (await (
      await gateway.call('GET', `/audit?after=${after}&limit=2`, { token })
    ).json()) as Page;
    seqs.push(...page.rows.map(({ seq }) => seq));
    after = page.next;
  }
  assert.ok(seqs.length >= 3, 'a start, an added user, a login');
  assert.equal(
    seqs,
    seqs.map((_, index) => index + 1),
    'in order, none twice, none left out',
  );
  const verdict = (await (await gateway.call('GET', '/audit/verify', { token })).json()) as {
    kind: string;
    rows: number;
  };
  assert.is(verdict.kind, 'whole');
  assert.is(verdict.rows, seqs.length);
  await gateway.close();
});

test('an auditor is told where the chain was changed', async () => {
  const gateway = await openTestGateway();
  const { accessToken: token } = await gateway.userWith(['auditor']);
  await gateway.database.db.updateTable('audit').set({ event: 'logout' }).where('seq', '=', 2).execute();
  assert.equal(await (await gateway.call('GET', '/audit/verify', { token })).json(), {
    kind: 'broken',
    atSeq: 2,
    because: 'row',
  });
  await gateway.close();
});

test('a database put back to its beginning is known before the start itself writes a row', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-restored-'));
  const { audit } = openKeys(join(folder, 'keys'));
  const lost = { seq: 1, hash: 'a'.repeat(64) };
  const head = { iss: 'http://localhost:3000', at: '2026-05-01T10:00:00.000Z', previous: null, ...lost };
  await openHeadFile(join(folder, 'audit', 'heads.jws')).append([await signHead(head, audit)]);
  const gateway = await openTestGateway({ folder });
  const { accessToken: token } = await gateway.userWith(['auditor']);
  const verdict = (await (await gateway.call('GET', '/audit/verify', { token })).json()) as {
    kind: string;
    lost: unknown;
  };
  assert.equal([verdict.kind, verdict.lost], ['whole', [{ from: 1, to: 1 }]]);
  await gateway.close();
  rmSync(folder, { recursive: true });
});

test('a place for the heads that does not answer does not keep the gateway from ending', async () => {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    // The server answers while the gateway starts, and never again.
    if (requests === 1) response.writeHead(405).end();
    else server.emit('asked');
  });
  const port = await listenOnLoopback(server);
  const asked = once(server, 'asked');
  const gateway = await openTestGateway({ env: { RELAY_AUDIT_URL: `http://127.0.0.1:${port}/heads` } });
  await asked;
  const before = requests;
  await gateway.close();
  assert.is(requests, before, 'ending asks it nothing');
  server.closeAllConnections();
  server.close();
});

test.run();
