/** `relay audit verify` as an auditor reads it: its words and its exit code, and the heads that were kept elsewhere. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactSign, exportJWK, generateKeyPair } from 'jose';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AUDIT_HEAD_TYPE, type AuditVerdict } from '#shared/protocol/audit-head.ts';
import { auditVerify } from './audit.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const HASH = 'a'.repeat(64);
const AT = '2026-05-01T10:00:00.000Z';
const WHOLE: AuditVerdict = {
  kind: 'whole',
  rows: 12,
  head: HASH,
  proven: { seq: 10, at: AT },
  shipped: null,
  unproven: 2,
  lost: [],
  archived: null,
};

/** A gateway that answers with this verdict and holds this hash in row 10; `run` asks it. */
async function openAuditor(verdict: AuditVerdict, hash = HASH) {
  const folder = await mkdtemp(join(tmpdir(), 'relay-audit-'));
  const { privateKey, publicKey } = await generateKeyPair('EdDSA');
  const answers: Record<string, unknown> = {
    '/audit/verify': verdict,
    '/audit?after=9&limit=1': { rows: [{ seq: 10, hash }], next: null },
    '/.well-known/jwks.json': { keys: [{ ...(await exportJWK(publicKey)), kid: 'audit' }] },
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  });
  const port = await listenOnLoopback(server);
  const gateway = `http://127.0.0.1:${port}`;
  const file = join(folder, 'heads.jws');
  const head = { iss: gateway, seq: 10, hash: HASH, at: AT, previous: null };
  const sign = (typ: string): Promise<string> =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(head)))
      .setProtectedHeader({ alg: 'EdDSA', kid: 'audit', typ })
      .sign(privateKey);
  return {
    file,
    keep: async (typ: string = AUDIT_HEAD_TYPE) => writeFile(file, `${await sign(typ)}\n`),
    async run(...args: string[]) {
      const words: string[] = [];
      const tell = (line: string): void => void words.push(line);
      const around = { env: {}, print: tell, say: tell, signal: new AbortController().signal };
      const code = await auditVerify(['--gateway', gateway, '--token', 't', ...args], around as never);
      return { code, words: words.join(' ') };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

test('a whole trail is whole, up to its last head, and the rows after that are unproven', async () => {
  const auditor = await openAuditor(WHOLE);
  const { code, words } = await auditor.run();
  assert.is(code, 0);
  for (const word of ['12 rows', AT, 'up to row 10', '2 rows after that are unproven'])
    assert.match(words, word);
  await auditor.close();
});

test('a changed trail is named with its row, and rows that are known to be gone are no whole trail', async () => {
  const changed = await openAuditor({ kind: 'broken', atSeq: 7, because: 'rewritten' });
  const { code, words } = await changed.run();
  assert.is(code, 1);
  assert.match(words, 'row 7');
  await changed.close();
  const restored = await openAuditor({ ...WHOLE, lost: [{ from: 5, to: 9 }] } as AuditVerdict);
  const said = await restored.run();
  assert.is(said.code, 1);
  assert.match(said.words, 'Rows 5 to 9 are gone');
  await restored.close();
});

test('a head that was kept elsewhere is held against its row; a file without one is refused', async () => {
  const auditor = await openAuditor(WHOLE);
  assert.is((await auditor.run('--heads', auditor.file)).code, 2);
  await auditor.keep();
  assert.is((await auditor.run('--heads', auditor.file)).code, 0);
  await auditor.keep('relaypacs-receipt+jws');
  assert.is((await auditor.run('--heads', auditor.file)).code, 2, 'another token is no head');
  await auditor.close();
  const other = await openAuditor(WHOLE, 'b'.repeat(64));
  await other.keep();
  const { code, words } = await other.run('--heads', other.file);
  assert.is(code, 1);
  assert.match(words, 'Row 10 is not the one whose head was signed');
  await other.close();
});

test.run();
