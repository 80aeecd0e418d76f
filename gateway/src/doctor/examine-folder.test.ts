/** The doctor names the place in a folder where somebody else has written, and the next step. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFolderPacs } from '../ports/pacs/folder-pacs.ts';
import { examineFolder } from './examine-folder.ts';

const test = suite<{ root: string }>('the doctor at a folder');
const { signal } = new AbortController();

test.before.each(async (context) => {
  context.root = await mkdtemp(join(tmpdir(), 'relay-examined-'));
  await mkdir(join(context.root, 'night/.relaypacs'), { recursive: true });
});
test.after.each(async ({ root }) => rm(root, { recursive: true }));

const pacsAt = (root: string) => createFolderPacs({ root, folder: 'night', namesLimit: 1 });

test('finds a link in the place of a folder', async ({ root }) => {
  assert.is((await examineFolder(() => pacsAt(root).probe(signal))).code, 'folder-ready');
  await symlink(tmpdir(), join(root, 'night/.relaypacs/incoming'));
  const { code, result, says, change } = await examineFolder(() => pacsAt(root).probe(signal));
  assert.equal([code, result], ['foreign-entry', 'fail']);
  assert.match(says, 'night/.relaypacs/incoming');
  assert.match(change[0]!.text, 'find FOLDER ! -type d ! -type f');
});

test('finds a folder with more names than the gateway reads', async ({ root }) => {
  for (const name of 'wxyz') await writeFile(join(root, 'night', name), '');
  const look = async () => void (await pacsAt(root).givesInstances(signal));
  const { code, says, change } = await examineFolder(look);
  assert.is(code, 'folder-overfull');
  assert.match(says, /^night contains more entries/);
  assert.match(change[0]!.text, 'who else writes there');
});

test.run();
