/** The command line holds an instance whose text names what only another file of its study names, in any order. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileOf, text } from '#testing/deidentified-elements.ts';
import { inFolder } from '#testing/in-folder.ts';
import { runRelay } from '#testing/run-relay.ts';

const naming = [text(0x00081090, 'LO', 'Vossberg Scanner')];
const companion = [text(0x00080018, 'UI', '1.2.3.777.4'), text(0x00081070, 'PN', 'Vossberg^Ilse')];
const stranger = [text(0x0020000d, 'UI', '1.2.3.888.1'), text(0x00081070, 'PN', 'Vossberg^Ilse')];

const run = (files: Readonly<Record<string, Uint8Array>>) =>
  inFolder(async (folder) => {
    await mkdir(join(folder, 'in'));
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'in', name), bytes);
    const places = [join(folder, 'in'), '--out', join(folder, 'out'), '--report', join(folder, 'report')];
    const { code, said } = await runRelay(['deidentify', ...places]);
    const out = await readdir(join(folder, 'out'), { recursive: true }).catch(() => []);
    const report = await readFile(join(folder, 'report'), 'utf8');
    return { code, said, report, written: out.filter((name) => name.endsWith('.dcm')).length };
  });

for (const [first, second] of [
  ['a', 'b'],
  ['b', 'a'],
] as const)
  test(`the file ${first} is held for what ${second} names; the words and the report say nothing of it`, async () => {
    const { code, said, report, written } = await run({
      [first]: fileOf(naming),
      [second]: fileOf(companion),
    });
    assert.equal([code, written], [1, 1]);
    assert.match(said, 'named-by-companion');
    assert.not.match(said + report, 'Vossberg');
  });

test('files of other studies are no companions, and no study has any of before', async () => {
  assert.is((await run({ a: fileOf(naming), b: fileOf(stranger) })).written, 2);
  assert.is((await run({ a: fileOf(naming) })).code, 0);
});

test.run();
