import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { compress } from 'snappyjs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createIdentitySearch } from './find-identities.ts';
import { logContents } from './level-tables.ts';

const NAME = 'VEXQUIL^ANNA';
const search = createIdentitySearch([NAME]);
const text = `a longer text, so that packing pays: ${'abc '.repeat(200)} ${NAME} ${'xyz '.repeat(50)}`;
const forms = (bytes: Uint8Array) => search.inBytes(Buffer.from(bytes)).map(({ form }) => form);

test('a name is found in each encoding, wherever it begins', () => {
  assert.equal(forms(Buffer.from(`..${NAME}..`)), ['utf8']);
  assert.ok(forms(Buffer.from(`.${NAME}`, 'utf16le')).includes('utf16le'));
  assert.ok(forms(Buffer.from(`.${NAME}`, 'utf16le').swap16()).includes('utf16be'));
  for (const before of ['', 'a', 'ab', 'abc', 'abcd']) {
    assert.equal(
      forms(Buffer.from(Buffer.from(`${before}${NAME}tail`).toString('base64'))),
      ['base64'],
      before,
    );
  }
});

test('a name is found in the usual forms of text: capitals, small letters, backwards, hex, percent-encoding, base64url', () => {
  const utf8 = Buffer.from(NAME);
  const percent = [...utf8].map((byte) => `%${byte.toString(16)}`).join('');
  for (const [form, made] of [
    ['small letters', NAME.toLowerCase()],
    ['reversed', [...NAME].reverse().join('')],
    ['hex', utf8.toString('hex')],
    ['hex', utf8.toString('hex').toUpperCase()],
    ['percent', percent],
    ['percent', percent.toUpperCase()],
    ['percent', encodeURIComponent(NAME)],
  ] as const)
    assert.equal(forms(Buffer.from(`..${made}..`)), [form], made);
  assert.equal(
    createIdentitySearch(['Vexquil^Anna'])
      .inBytes(Buffer.from('VEXQUIL^ANNA'))
      .map(({ form }) => form),
    ['capitals'],
  );
});

test('a name beyond ASCII is found in Latin-1, as an escape of JSON, and where base64 and base64url differ', () => {
  const wide = 'Müßqxöÿþ^Zoë';
  const of = (bytes: Uint8Array) =>
    createIdentitySearch([wide])
      .inBytes(Buffer.from(bytes))
      .map(({ form }) => form);
  assert.equal(of(Buffer.from(wide, 'latin1')), ['latin1']);
  assert.equal(of(Buffer.from('{"name":"M\\u00fc\\u00dfqx\\u00f6\\u00ff\\u00fe^Zo\\u00eb"}')), ['json']);
  assert.equal(of(Buffer.from(encodeURIComponent(wide))), ['percent']);
  for (const before of ['', 'a', 'ab']) {
    assert.equal(of(Buffer.from(Buffer.from(before + wide).toString('base64url'))), ['base64'], before);
    assert.equal(of(Buffer.from(Buffer.from(before + wide).toString('base64'))), ['base64'], before);
  }
});

test('a name is found inside packed data, with other bytes around it', () => {
  const around = (bytes: Uint8Array) => Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]);
  assert.ok(forms(around(deflateSync(text))).includes('utf8 in zlib'));
  assert.ok(forms(around(gzipSync(text))).includes('utf8 in gzip'));
  assert.ok(forms(deflateRawSync(text)).includes('utf8 in deflate'));
  assert.ok(forms(brotliCompressSync(text)).includes('utf8 in brotli'));
  assert.ok(forms(compress(Buffer.from(text))).includes('utf8 in snappy'));
  assert.ok(
    forms(
      around(Buffer.concat([Buffer.from([0xff, 0x11, 0x02]), compress(Buffer.from(text, 'utf16le'))])),
    ).includes('utf16le in snappy'),
  );
});

test('a name is found in an entry of a ZIP, with others before and behind it', () => {
  const entry = (content: Uint8Array): Buffer => {
    const head = Buffer.alloc(30);
    head.write('PK\x03\x04', 'latin1');
    head.writeUInt16LE(8, 8);
    head.writeUInt16LE(5, 26);
    return Buffer.concat([head, Buffer.from('a.dcm'), content]);
  };
  const archive = Buffer.concat([
    entry(deflateRawSync('nobody')),
    entry(deflateRawSync(text)),
    entry(deflateRawSync('nobody')),
  ]);
  assert.equal(forms(archive), ['utf8 in zip']);
});

test('a name that is not there is not found', () => {
  for (const bytes of [
    Buffer.from(text.replace(NAME, 'somebody else')),
    gzipSync('nobody'),
    Buffer.alloc(1000),
    Buffer.alloc(0),
  ])
    assert.equal(forms(bytes), []);
});

test('a record that LevelDB cut at the end of a block of its log is read as one', () => {
  const record = (type: number, content: Buffer): Buffer => {
    const head = Buffer.alloc(7);
    head.writeUInt16LE(content.length, 4);
    head[6] = type;
    return Buffer.concat([head, content]);
  };
  const filling = Buffer.alloc(32 * 1024 - 7 - 7 - 6, 0x2e);
  const log = Buffer.concat([
    record(1, filling),
    record(2, Buffer.from(NAME.slice(0, 6))),
    record(4, Buffer.from(NAME.slice(6))),
  ]);
  assert.not(log.includes(NAME));
  assert.ok(logContents(log).includes(NAME));
});

test('folders are searched to the bottom, except excluded ones', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-search-'));
  try {
    await mkdir(join(folder, 'a', 'b'), { recursive: true });
    await mkdir(join(folder, 'pacs'));
    await writeFile(join(folder, 'a', 'b', 'x.bin'), NAME);
    await writeFile(join(folder, 'pacs', 'y.bin'), NAME);
    assert.equal(await search.inFolder(folder, ['pacs']), [
      { file: join('a', 'b', 'x.bin'), identity: NAME, form: 'utf8' },
    ]);
    assert.is((await search.inFolder(folder)).length, 2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.run();
