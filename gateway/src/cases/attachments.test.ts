/** Attachments through the real routes: kinds and limits, ciphertext, and how they are given out. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ATTACHMENT_BYTES_LIMIT, ATTACHMENTS_LIMIT, type CaseAttachments } from '#shared/protocol/cases.ts';
import { openTestCase } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('attachments of cases');
const NAME = 'Yamada Kitsune.pdf';
const SAID = 'Yamada was seen on Monday';
const PDF = Buffer.from(`%PDF-1.7\n${SAID}`);
let gateway: TestGateway;
let token: string;
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
  token = (await gateway.userWith(['radiologist'])).accessToken;
});
test.after(() => gateway.close());

const openOne = async (): Promise<string> =>
  `/cases/${(await openTestCase(gateway, token, { expected: { accessionNumber: 'A1' } })).id}/attachments`;

async function attach(path: string, bytes: Uint8Array, name: string | null = NAME) {
  const form = new FormData();
  if (name !== null) form.set('name', name);
  form.set('file', new Blob([new Uint8Array(bytes)]), 'ignored.exe');
  const answer = await gateway.call('POST', path, { token, form });
  const body = (await answer.json()) as CaseAttachments & { code?: string };
  return { status: answer.status, ...body };
}

test('an attachment comes back bit for bit, to be saved and never shown', async () => {
  const path = await openOne();
  const { attachments } = await attach(path, PDF);
  const [{ id, ...of }] = attachments as [CaseAttachments['attachments'][number]];
  assert.equal([of.name, of.kind, of.bytes], [NAME, 'pdf', PDF.length]);
  const answer = await gateway.call('GET', `${path}/${id}`, { token });
  assert.equal(Buffer.from(await answer.arrayBuffer()), PDF);
  assert.is(answer.headers.get('content-type'), 'application/pdf');
  assert.match(answer.headers.get('content-disposition') ?? '', /^attachment; filename="case-\d+\.pdf"$/);
  assert.match(answer.headers.get('content-security-policy') ?? '', /^sandbox;/);
  assert.is(answer.headers.get('x-content-type-options'), 'nosniff');
  const { rows } = await sql<{ row: string }>`
    select to_jsonb(a)::text as row from case_attachment a`.execute(gateway.database.db);
  const held = rows.map(({ row }) => row).join();
  for (const word of [NAME, SAID]) {
    assert.not.ok(held.includes(word));
    assert.not.ok(held.includes(Buffer.from(word).toString('hex')));
  }
  assert.is((await gateway.call('DELETE', `${path}/${id}`, { token })).status, 204);
  assert.is((await gateway.call('GET', `${path}/${id}`, { token })).status, 404);
});

test('its first bytes say what it is, and not its name', async () => {
  const path = await openOne();
  for (const [bytes, kind] of [
    [Buffer.from('89504e470d0a1a0a00', 'hex'), 'png'],
    [Buffer.from('ffd8ffe0', 'hex'), 'jpeg'],
  ] as const)
    assert.is((await attach(path, bytes)).attachments.at(-1)?.kind, kind);
  for (const refused of ['MZ', '<script>', ' %PDF-1.7', ''])
    assert.is((await attach(path, Buffer.from(refused))).code, 'unsupported-media-type');
  assert.is((await attach(path, PDF, null)).code, 'bad-request');
  assert.is(
    (await attach(path, Buffer.concat([PDF, Buffer.alloc(ATTACHMENT_BYTES_LIMIT)]))).code,
    'body-too-large',
  );
});

test('a case has as many as it may have', async () => {
  const path = await openOne();
  for (let nth = 0; nth < ATTACHMENTS_LIMIT; nth += 1) assert.is((await attach(path, PDF)).status, 201);
  assert.is((await attach(path, PDF)).code, 'case-full');
});

test('few of an account come at once: others wait unread, and too many are refused', async () => {
  const path = await openOne();
  const all = 40;
  let begun = 0;
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const send = async (): Promise<number> => {
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(to) {
          begun += 1;
          if (begun === all) end();
          await isOver;
          to.close();
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=b' };
    const request = new Request(`http://localhost${path}`, { method: 'POST', headers, body, duplex: 'half' });
    const { status } = await gateway.api.request(request);
    if (status === 429) end();
    return status;
  };
  const statuses = await Promise.all(Array.from({ length: all }, send));
  assert.ok(statuses.includes(429), `${begun} were read at once`);
});

test.run();
