/** A folder as the PACS: what the contract does not ask, and what a hostile sender or an ill disk does to it. */
import { randomUUID } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#testing/sha256.ts';
import { failsWith } from '../../testing/failing.ts';
import { createFolderPacs } from './folder-pacs.ts';
import { OpenFolder } from './open-folder.ts';
import { FOLDERS_NOT_ALLOWED, FOREIGN_ENTRY, InstanceUnreadable } from './pacs.ts';
import { PacsUnreachable, type InstanceToStore } from './pacs.ts';
import { putInPlace } from './write-folder.ts';
import { fieldsOf } from '../../testing/fields-of.ts';

const test = suite<{ root: string }>('a folder as the PACS');
const signal = new AbortController().signal;
const STUDY = '1.2.3';

test.before.each(async (context) => {
  context.root = await mkdtemp(join(tmpdir(), 'relay-folder-'));
  await mkdir(join(context.root, 'pacs'));
});
test.after.each(async ({ root }) => rm(root, { recursive: true, force: true }));

const instance = (sopInstanceUID: string, text = sopInstanceUID, more: Partial<InstanceToStore> = {}) => ({
  ...{ sopInstanceUID, seriesInstanceUID: '1.2.3.4', sopClassUID: '1.2', transferSyntaxUID: '1.2' },
  ...{ digest: sha256(Buffer.from(text)), bytes: Buffer.byteLength(text) },
  async *open() {
    yield Buffer.from(text);
  },
  ...more,
});
const at = (root: string) => createFolderPacs({ root, folder: 'pacs' });

async function filesIn(root: string): Promise<readonly string[]> {
  const names = await readdir(root, { recursive: true, withFileTypes: true });
  return names
    .filter((name) => name.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length));
}

const illnessOf = async (work: Promise<unknown>) => (await failsWith(work, PacsUnreachable)).connection;

test('leaves whole files alone, each by its study and series', async ({ root }) => {
  const broken = instance('1.5', 'broken', {
    async *open() {
      yield Buffer.from('brok');
      throw new Error('the spool is gone');
    },
  });
  assert.equal(fieldsOf(await at(root).storeInstances(STUDY, [instance('1.4')], signal), 'outcome'), [
    'stored',
  ]);
  await failsWith(at(root).storeInstances(STUDY, [broken], signal), InstanceUnreadable);
  const files = await filesIn(join(root, 'pacs'));
  assert.equal(
    files.filter((file) => !file.startsWith('/.relaypacs/places/')),
    ['/1.2.3/1.2.3.4/1.4.dcm'],
  );
});

test('keeps what is there, and says of other bytes that they are a duplicate', async ({ root }) => {
  const first = [instance('1.4')];
  await at(root).storeInstances(STUDY, first, signal);
  assert.is((await at(root).storeInstances(STUDY, first, signal))[0]!.outcome, 'stored');
  const otherBytes = instance('1.4', 'other bytes', { sopClassUID: '1.2.9' });
  const [other] = await at(root).storeInstances(STUDY, [otherBytes], signal);
  assert.equal([other!.outcome, other!.pacsCode], ['refused', 0x0111]);
  assert.equal(fieldsOf(await at(root).describeStudy(STUDY, 1, signal), 'sopClassUID'), ['1.2']);
  assert.is(await readFile(join(root, 'pacs/1.2.3/1.2.3.4/1.4.dcm'), 'utf8'), '1.4');
});

test('finds an instance in whichever study, and none that was taken away', async ({ root }) => {
  await at(root).storeInstances(STUDY, [instance('1.4')], signal);
  await at(root).storeInstances('1.9', [instance('1.4')], signal);
  const studies = async () =>
    (await at(root).findInstances(['1.4'], signal, '1.2'))
      .map(({ studyInstanceUID }) => studyInstanceUID)
      .sort();
  assert.equal(await studies(), [STUDY, '1.9']);
  await rm(join(root, 'pacs', STUDY), { recursive: true });
  assert.equal(await studies(), ['1.9']);
});

test('is led nowhere by a UID', async ({ root }) => {
  for (const uid of ['../../up', '..', '.', '', '/etc/passwd', '1/2', '1\0', `1.${'2'.repeat(80)}`]) {
    const answers = [
      ...(await at(root).storeInstances(uid, [instance('1.4')], signal)),
      ...(await at(root).storeInstances(STUDY, [instance(uid)], signal)),
      ...(await at(root).storeInstances(STUDY, [instance('1.4', 'x', { seriesInstanceUID: uid })], signal)),
    ];
    assert.equal(
      fieldsOf(answers, 'outcome', 'pacsCode'),
      [0, 1, 2].map(() => ['refused', 0x0117]),
    );
    const where = { studyInstanceUID: uid, seriesInstanceUID: uid, sopInstanceUID: uid };
    assert.is(await at(root).readBack(where, 3, signal), null);
    assert.is((await at(root).findStudy(uid, signal)).size, 0);
    assert.equal(await at(root).findInstances([uid], signal, '1.2'), []);
  }
  assert.equal(await filesIn(root), []);
});

test('lies beneath the root alone, and not behind a link', async ({ root }) => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'relay-elsewhere-'));
  await symlink(elsewhere, join(root, 'link'));
  for (const [code, settings] of [
    [FOLDERS_NOT_ALLOWED, { root: null, folder: 'pacs' }],
    [FOREIGN_ENTRY, { root, folder: 'link' }],
    [FOLDERS_NOT_ALLOWED, { root, folder: '..' }],
    [FOLDERS_NOT_ALLOWED, { root, folder: '.' }],
    [FOLDERS_NOT_ALLOWED, { root, folder: 'pacs/../pacs' }],
  ] as const) {
    const pacs = createFolderPacs(settings);
    assert.is(await illnessOf(pacs.probe(signal)), code);
    assert.is(await illnessOf(pacs.storeInstances(STUDY, [instance('1.4')], signal)), code);
  }
  assert.equal(await readdir(elsewhere), []);
  await rm(elsewhere, { recursive: true });
});

test('lies where a link of the operator leads', async ({ root }) => {
  await mkdir(join(root, 'deep/pacs'), { recursive: true });
  await symlink(join(root, 'deep'), join(root, 'root'));
  const pacs = createFolderPacs({ root: join(root, 'root'), folder: 'pacs' });
  await pacs.storeInstances(STUDY, [instance('1.4')], signal);
  assert.is(await readFile(join(root, 'deep/pacs/1.2.3/1.2.3.4/1.4.dcm'), 'utf8'), '1.4');
});

test('is ill, and refuses nothing, while it is not there or something else is in its way', async (context) => {
  const { root } = context;
  const gone = createFolderPacs({ root, folder: 'gone' });
  assert.is(await illnessOf(gone.storeInstances(STUDY, [instance('1.4')], signal)), 'ENOENT');
  assert.is(await illnessOf(gone.probe(signal)), 'ENOENT');
  await writeFile(join(root, 'pacs', STUDY), 'a file in the place of the study');
  assert.ok(await illnessOf(at(root).storeInstances(STUDY, [instance('1.4')], signal)));
});

test('is ill, and refuses nothing, when its disk is full', async ({ root }) => {
  const full = createFolderPacs({ root, folder: 'pacs', freeBytes: Number.MAX_SAFE_INTEGER });
  assert.is(await illnessOf(full.storeInstances(STUDY, [instance('1.4')], signal)), 'ENOSPC');
  assert.is(await illnessOf(full.probe(signal)), 'ENOSPC');
  assert.equal(await filesIn(root), []);
});

test('removes what a killed gateway was writing a day ago, and nothing younger', async ({ root }) => {
  const incoming = join(root, 'pacs/.relaypacs/incoming');
  await mkdir(incoming, { recursive: true });
  const old = randomUUID();
  const young = randomUUID();
  for (const name of [old, young]) await writeFile(join(incoming, name), 'half');
  const before = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
  await utimes(join(incoming, old), before, before);
  await at(root).storeInstances(STUDY, [instance('1.4')], signal);
  assert.equal(await readdir(incoming), [young]);
});

test('overwrites nothing on a file system without links either', async ({ root }) => {
  const noLinks = async (): Promise<never> => {
    throw Object.assign(new Error('no links'), { code: 'EPERM' });
  };
  await using top = await OpenFolder.open(root);
  await writeFile(join(root, 'from'), 'new');
  assert.is(await putInPlace(top, ['from'], ['to'], noLinks), true);
  await writeFile(join(root, 'from'), 'newer');
  assert.is(await putInPlace(top, ['from'], ['to'], noLinks), false);
  assert.is(await readFile(join(root, 'to'), 'utf8'), 'new');
  await symlink(join(root, 'nothing'), join(root, 'link'));
  assert.is(await putInPlace(top, ['from'], ['link'], noLinks), false);
  assert.is(await readlink(join(root, 'link')), join(root, 'nothing'));
});

test('is not taken for empty once it is closed', async ({ root }) => {
  await using top = await OpenFolder.open(root);
  const first = await top.folder(['pacs']);
  assert.is(await first.look(['1.2.3']), null);
  for (const name of 'abcdefgh') await top.folder([name], true);
  await failsWith(first.look(['1.2.3']), Error);
});

test.run();
