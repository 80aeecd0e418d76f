/** Sets of instances over the real routes: read by other people's programs, without a name, each instance once. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listArchive, createArchiveReader } from '#shared/ingest/archive.ts';
import { skip } from '#testing/environment.ts';
import { createIdentitySearch } from '#testing/find-identities.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { insertTestResult } from '../../testing/insert-result.ts';
import { deliverStudy, openPacsGateway, openTestCase, type PacsGateway } from '../../testing/open-cases.ts';
import { askForExport, exportIn, fileOf, newExport } from '../../testing/open-exports.ts';
import { testFilm } from '../../testing/open-subject.ts';

const CASES = 3;
const SEED = 7300;
const NAME = 'Oberhuberin';
const template = 'instances-limited';

const test = suite('sets of instances');
const folder = mkdtempSync(join(tmpdir(), 'relaypacs-set-'));
let gateway: PacsGateway;
let token: string;
let technician: string;
const cases: string[] = [];
const studies: string[] = [];

test.before(async () => {
  gateway = await openPacsGateway();
  token = (await gateway.userWith(['radiologist'])).accessToken;
  technician = (await gateway.userWith(['technician'])).accessToken;
  for (let at = 0; at < CASES; at += 1) cases.push(await openPlanted(SEED + at));
  gateway.wait(1);
});
test.after(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true });
});

/** The first is of a head; the last has text in its picture, as its header says. */
async function openPlanted(seed: number): Promise<string> {
  const isHead = seed === SEED;
  const isLast = seed === SEED + CASES - 1;
  const person = `${NAME}^Zoe`;
  const study = await deliverStudy(gateway, {
    ...{ token: technician, seed, patientName: person, patientId: `PID-${seed}99` },
    ...{ birthDate: '19800224', sex: 'F', accessionNumber: `ACC-${seed}99`, studyDate: '20261120' },
    more: [
      [0x00100010, 'PN', person],
      [0x00100020, 'LO', `PID-${seed}99`],
      [0x00080050, 'SH', `ACC-${seed}99`],
      [0x00081030, 'LO', `Chest of ${NAME}`],
      [0x00104000, 'LT', `call ${NAME}`],
      ...(isHead
        ? ([
            [0x00080060, 'CS', 'CT'],
            [0x00180015, 'CS', 'HEAD'],
          ] as const)
        : []),
      ...(isLast ? ([[0x00280301, 'CS', 'YES']] as const) : []),
    ],
  });
  studies.push(study);
  const { id } = await openTestCase(gateway, token, { title: `Film of ${NAME}`, studies: [study] });
  await insertTestResult(gateway.database.db, { study, positive: true });
  return id;
}

type Member = { readonly path: string; readonly bytes: Buffer };

async function membersOf(zip: Buffer): Promise<Member[]> {
  const blob = new Blob([new Uint8Array(zip)]);
  const reader = createArchiveReader();
  return Promise.all(
    (await listArchive(blob)).map(async (entry) => {
      if (entry.kind === 'refused') throw new Error(entry.because);
      const bytes = await (await reader.openEntry('one', blob, entry.index)).arrayBuffer();
      return { path: entry.path, bytes: Buffer.from(bytes) };
    }),
  );
}
async function setOf(of: object = {}): Promise<{ made: Awaited<ReturnType<typeof exportIn>>; zip: Buffer }> {
  const { id } = await askForExport(gateway, token, { template, ...of });
  const made = await exportIn(gateway, token, { id });
  return { made, zip: await fileOf(gateway, token, id) };
}
const instancesIn = (members: readonly Member[]): Member[] =>
  members.filter(({ path }) => path.startsWith('PAT'));

test('has each instance once, without a name in any member, and says what was left out', async () => {
  // The same study in a second case is in the set once.
  await openTestCase(gateway, token, { title: 'The same again', studies: [studies[0]!] });
  gateway.wait(1);
  const { made, zip } = await setOf();
  assert.equal([made.rows, made.bytes], [CASES + 1, zip.length]);
  assert.is(made.sha256, createHash('sha256').update(zip).digest('hex'));
  const members = await membersOf(zip);
  assert.equal(fieldsOf(instancesIn(members), 'path'), [
    'PAT00001/ST000001/SE000001/IM000001',
    'PAT00002/ST000002/SE000001/IM000001',
  ]);
  const text = (path: string): string => members.find((one) => one.path === path)!.bytes.toString('utf8');
  assert.match(text('README.TXT'), /2 images and documents, in a folder/);
  assert.match(text('README.TXT'), /1 image or document of a head: the face could be reconstructed/);
  assert.match(text('README.TXT'), /1 image or document: This image is marked as showing a name/);
  assert.equal(made.leftOut, [{ because: 'burned-in-annotation', count: 1 }]);
  assert.match(text('README.TXT'), /under the policy deidentified, version 1/);
  const [head, ...rows] = text('CASES.CSV').replace('\uFEFF', '').trimEnd().split('\r\n');
  assert.match(head!, /^folder,caseNumber,pseudonym,ageBand,sex/);
  assert.is(rows.length, CASES + 1);
  assert.match(rows[0]!, /^PAT00001,\d+,P-/);
  const planted = [NAME, `PID-${SEED}99`, `ACC-${SEED}99`, '19800224', studies[0]!];
  const search = createIdentitySearch(planted);
  for (const { path, bytes } of members) assert.equal(search.inBytes(bytes), [], path);
  assert.equal(search.inBytes(zip), []);
  const before = gateway.pacs.held.get(testFilm({ seed: SEED }).identifiers.sopInstanceUID)!.bytes;
  assert.ok(search.inBytes(before).length >= 3, 'in the PACS they are there');
});

test('is read by other programs: unzip, a DICOMDIR of it, and a dump of each header', async () => {
  const { zip } = await setOf();
  const path = join(folder, 'set.zip');
  writeFileSync(path, zip);
  const listed = execFileSync('python3', ['-m', 'zipfile', '-t', path]).toString();
  assert.match(listed, /Done testing/);
  const members = await membersOf(zip);
  for (const { path: name, bytes } of members) {
    mkdirSync(dirname(join(folder, 'disc', name)), { recursive: true });
    writeFileSync(join(folder, 'disc', name), bytes);
  }
  const directoryOf = ['+r', '+I', '+id', join(folder, 'disc'), '+D', join(folder, 'DICOMDIR')];
  const made = spawnSync('dcmmkdir', [...directoryOf, 'PAT00001', 'PAT00002']);
  if (made.error) skip('a DICOMDIR of a set', 'dcmtk is not installed');
  assert.is(made.status, 0, `${made.stderr}`);
  const directory = execFileSync('dcmdump', [join(folder, 'DICOMDIR')]).toString();
  assert.is(directory.match(/\(0004,1430\) CS \[IMAGE\]/g)?.length, 2);
  const dump = execFileSync('dcmdump', [join(folder, 'disc', instancesIn(members)[0]!.path)]).toString();
  assert.match(dump, /\(0012,0062\) CS \[YES\]/);
  assert.match(dump, /\(0010,0020\) LO \[RP-/);
});

test('is the same for the same cases', async () => {
  const one = await setOf({ selection: { cases: [cases[0]!] } });
  const other = await setOf({ selection: { cases: [cases[0]!] } });
  assert.is(one.made.sha256, other.made.sha256);
});

test('needs a policy that removes names and that the account may use', async () => {
  const admin = (await gateway.userWith(['admin'])).accessToken;
  const definition = { title: 'Set', redaction: 'limited', format: 'dicom', fields: ['caseNumber'] };
  const add = async (name: string, more: object): Promise<number> => {
    const body = { name, definition: { ...definition, ...more } };
    return (await gateway.call('POST', '/export-templates', { token: admin, body })).status;
  };
  assert.is(await add('no-policy', {}), 422);
  assert.is(await add('full-set', { policy: 'deidentified', redaction: 'full' }), 422);
  assert.is(await add('dated-set', { policy: 'deidentified', fields: ['month'] }), 422);
  assert.is(await add('table-with-policy', { policy: 'deidentified', format: 'csv' }), 422);
  for (const [name, policy] of [
    ['with-names', 'identified'],
    ['of-nobody', 'unknown'],
  ] as const) {
    assert.is(await add(name, { policy }), 201);
    const answer = await gateway.call('POST', '/exports', { token, body: newExport({ template: name }) });
    assert.is(((await answer.json()) as { code: string }).code, 'policy-not-allowed');
  }
});

test('an instance that is gone from the PACS is left out', async () => {
  const { sopInstanceUID } = testFilm({ seed: SEED + 1 }).identifiers;
  const fetch = gateway.pacs.fetchInstance.bind(gateway.pacs);
  Object.assign(gateway.pacs, {
    fetchInstance: (where: { sopInstanceUID: string }, most: number, signal: AbortSignal) =>
      where.sopInstanceUID === sopInstanceUID ? null : fetch(where as never, most, signal),
  });
  const { zip } = await setOf({ id: randomUUID(), selection: { cases: [cases[1]!] } });
  const members = await membersOf(zip);
  assert.equal(instancesIn(members), []);
  assert.match(members.find(({ path }) => path === 'README.TXT')!.bytes.toString(), /no longer has it/);
  Object.assign(gateway.pacs, { fetchInstance: fetch });
});

test.run();
