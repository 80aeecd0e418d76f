/** Archives are hostile: whatever stands in them, files are written into the folder alone, within the limits. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SMALL_VIEWER, tarball, type TarEntry } from '../testing/viewer-tarball.ts';
import { unpackTarball } from './unpack-tarball.ts';

const test = suite('unpacking the viewer');
const LIMITS = { files: 10, bytes: 100_000, fileBytes: 50_000 };
const { signal } = new AbortController();

/** The files beneath a folder that held nothing but the archive, and the error. */
async function unpacked(archive: Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'relay-tarball-'));
  await writeFile(join(folder, 'archive.tgz'), archive);
  await mkdir(join(folder, 'into'));
  const wishes = { limits: LIMITS, keep: (name: string) => name.replace(/^package\//, ''), signal };
  const failed = await unpackTarball(join(folder, 'archive.tgz'), join(folder, 'into'), wishes).then(
    () => false,
    () => true,
  );
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => !entry.isDirectory());
  const files = found.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();
  return { files, failed, folder };
}

test('files come out as they were packed, in their folders', async () => {
  const packed = tarball([{ name: 'package/dist/', type: '5' }, ...SMALL_VIEWER]);
  const { files, failed, folder } = await unpacked(packed);
  assert.not.ok(failed);
  assert.is(files.length, SMALL_VIEWER.length + 1);
  for (const { name, content } of SMALL_VIEWER) {
    const read = await readFile(join(folder, 'into', name.replace(/^package\//, '')));
    assert.equal(read, Buffer.from(content ?? ''), name);
  }
  await rm(folder, { recursive: true });
});

const GOOD: TarEntry = { name: 'package/first.js', content: 'first' };
const REFUSED: Readonly<Record<string, readonly TarEntry[]>> = {
  'a name that leads out': [{ name: 'package/../../escaped.js', content: 'x' }],
  'a name that begins at the root': [{ name: '/tmp/escaped.js', content: 'x' }],
  'a name with a backslash': [{ name: 'package\\..\\escaped.js', content: 'x' }],
  'a hidden file': [{ name: 'package/.htaccess', content: 'x' }],
  'an empty name': [{ name: '', content: 'x' }],
  'a name with a colon': [{ name: 'package/C:escaped', content: 'x' }],
  'a folder that leads out': [{ name: '../out/', type: '5' }],
  'a symbolic link': [{ name: 'package/link', type: '2', link: '/etc' }],
  'a hard link': [{ name: 'package/link', type: '1', link: 'package/first.js' }],
  'a device': [{ name: 'package/null', type: '3' }],
  'a pipe': [{ name: 'package/pipe', type: '6' }],
  'an extended header': [{ name: 'package/pax', type: 'x', content: '30 path=../../escaped.js\n' }],
  'a long name of GNU': [{ name: '././@LongLink', type: 'L', content: 'package/long' }],
  'a name that stands twice': [{ name: 'package/first.js', content: 'second' }],
  'a file that is too large': [{ name: 'package/large.js', content: 'x'.repeat(50_001) }],
  'a size that is no number': [{ name: 'package/x.js', content: 'x', size: '9'.repeat(11) }],
  'a size in binary': [{ name: 'package/x.js', content: 'x', size: '\u0080\0\0\0\0\0\0\0\0\0\0\u0001' }],
  'a size beyond the end': [{ name: 'package/x.js', content: 'x', size: '00000100000\0' }],
  'a sum that is wrong': [{ name: 'package/x.js', content: 'x', sum: '000001\0 ' }],
  'too many entries': Array.from({ length: 11 }, (_, at) => ({ name: `package/${at}.js`, content: 'x' })),
  'too much in all': Array.from({ length: 3 }, (_, at) => ({
    name: `package/${at}.js`,
    content: 'x'.repeat(49_000),
  })),
};

for (const [what, entries] of Object.entries(REFUSED)) {
  test(`${what} is refused, and nothing is written outside the folder`, async () => {
    const { files, failed, folder } = await unpacked(tarball([GOOD, ...entries]));
    assert.ok(failed);
    assert.is(await readFile(join(folder, 'into/first.js'), 'utf8'), 'first');
    const outside = files.filter((path) => !path.startsWith('into/'));
    assert.equal(outside, ['archive.tgz']);
    await rm(folder, { recursive: true });
  });
}

test('a file that is no archive, or is cut off, is refused', async () => {
  const whole = tarball(SMALL_VIEWER);
  for (const archive of [
    Buffer.from('<html>a proxy’s page</html>'),
    gzipSync('no archive, but long enough for a header'.repeat(20)),
    whole.subarray(0, whole.length / 2),
  ]) {
    const { failed, folder } = await unpacked(archive);
    assert.ok(failed);
    await rm(folder, { recursive: true });
  }
});

test.run();
