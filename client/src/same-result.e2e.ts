// test:all: Builds and two gateways; by day scripts/relay/deidentify.test.ts and shared/src/deid guard the bytes.
/**
 * One key, one result: the same studies de-identified in two browsers (each with its own gateway and Orthanc), of
 * which one holds the key and the other, a researcher's, asks the gateway; by `relay upload` of another
 * researcher; and by `relay deidentify --key` are identical, byte for byte, with the dates moved by the same
 * number of days. Under another key nothing matches.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { STRUCTURAL_UIDS } from '#shared/deid/attribute-lists.ts';
import type { DicomElement, ParsedInstance } from '#shared/dicom/data-set.ts';
import { tagName } from '#shared/dicom/dictionary.ts';
import { asciiText } from '#shared/dicom/values.ts';
import type { Role } from '#shared/protocol/api.ts';
import { createAccount, PASSWORD } from '#testing/accounts.ts';
import { choose, signIn, type StudyOnDisk } from '#testing/app-page.ts';
import { allFiles } from '#testing/ask-orthanc.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { copyWith, type Mutation } from '#testing/mutated-copy.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';

const RELAY = fileURLToPath(new URL('../../scripts/relay.ts', import.meta.url));
const OPTIONS = 'retain-longitudinal-modified-dates';
/**
 * Chosen so that the two results share no date: the offsets differ by a number of days that no two dates of
 * these studies differ by.
 */
const KEY = Buffer.alloc(32, 1);
const OTHER_KEY = Buffer.alloc(32, 2);
/** Images and a segmentation that refers to them. */
const REAL_STUDY = 'ct-3slice-seg';
/** A text of it names the site of another's header: it would be held for a person. */
const NAMING = 'liver.dcm';
/** The built-in policy has no options; a site's own one may have any. */
const WITH_MODIFIED_DATES: Mutation = {
  what: 'the de-identifying policy retains modified dates',
  file: 'gateway/src/policies/policies.ts',
  from: 'deidentify: true, options: []',
  to: `deidentify: true, options: ['${OPTIONS}']`,
};

const { corpus } = testEnvironment();
const test = suite('same result');
const why = await noWorldBecause();

/** SOP Instance UID → the Part 10 file. */
type Result = ReadonlyMap<string, Uint8Array>;

async function originals(): Promise<StudyOnDisk[]> {
  const synthetic = [1, 2].flatMap((seed) =>
    syntheticStudy({ seed, series: 2, instancesPerSeries: 2 }).instances.map(({ bytes }) =>
      Buffer.from(bytes),
    ),
  );
  const folder = join(corpus ?? '', 'dev', REAL_STUDY);
  if (corpus === null) skipped('a real study on two devices', 'no corpus');
  const names =
    corpus === null
      ? []
      : (await readdir(folder, { recursive: true }))
          .filter((name) => name.endsWith('.dcm') && name !== NAMING)
          .sort();
  const real = await Promise.all(names.map((name) => readFile(join(folder, name))));
  return [...synthetic, ...real].map((buffer, index) => ({
    name: `${String(index).padStart(2, '0')}.dcm`,
    mimeType: 'application/dicom',
    buffer,
  }));
}

async function byUid(files: readonly Uint8Array[]): Promise<Result> {
  return new Map(
    await Promise.all(
      files.map(
        async (bytes) => [(await parsed(bytes)).identifiers.sopInstanceUID as string, bytes] as const,
      ),
    ),
  );
}

/** The contents of a separate PACS after a separate device, of somebody with this role, has sent the files. */
async function throughBrowser(root: string, files: readonly StudyOnDisk[], role: Role): Promise<Result> {
  const app = await openOwnWorld({ root });
  try {
    // The key comes before the first device.
    await app.gateway.stop();
    await writeFile(join(app.dataDir, 'keys/pseudonyms.key'), KEY);
    await app.gateway.start();
    const page = await (await app.openVisitor()).newPage();
    // Researchers begin on another page.
    await page.goto(`${app.address}/#/`);
    await signIn(page, (await createAccount(app.gateway, 'sender', [role])).username);
    await choose(page, files);
    await page.getByRole('button', { name: /^Send \d/ }).click();
    const held = async () => Array.fromAsync(allFiles(app.orthanc));
    const all = () =>
      until('the PACS to hold all', async () => ((await held()).length === files.length ? held() : null));
    await all();
    if (role === 'researcher') await sendByCommandLine(app, files, role);
    return await byUid(await all());
  } finally {
    await app.close();
  }
}

/** The same files by `relay upload` of somebody else. If one became another instance, the PACS would hold more. */
async function sendByCommandLine(app: OwnWorld, files: readonly StudyOnDisk[], role: Role): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-same-'));
  try {
    await Promise.all(files.map(({ name, buffer }) => writeFile(join(folder, name), buffer)));
    const { username } = await createAccount(app.gateway, 'sender', [role]);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [RELAY, 'upload', folder, '--gateway', app.gateway.api, '--user', username, '--wait', '--json'],
      { env: { ...process.env, RELAY_PASSWORD: PASSWORD }, maxBuffer: 2 ** 26 },
    );
    const { studies } = JSON.parse(stdout) as { studies: { instances: { state: string }[] }[] };
    assert.equal(
      studies.flatMap(({ instances }) => instances.map(({ state }) => state)),
      files.map(() => 'stored'),
      'by the command line',
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function throughCommandLine(
  key: Buffer,
  files: readonly StudyOnDisk[],
): Promise<readonly Uint8Array[]> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-same-'));
  try {
    await mkdir(join(folder, 'in'));
    await Promise.all(files.map(({ name, buffer }) => writeFile(join(folder, 'in', name), buffer)));
    await writeFile(join(folder, 'key'), key);
    const out = join(folder, 'out');
    const report = join(folder, 'report');
    await promisify(execFile)(process.execPath, [
      RELAY,
      'deidentify',
      join(folder, 'in'),
      '--out',
      out,
      '--key',
      join(folder, 'key'),
      '--options',
      OPTIONS,
      '--report',
      report,
    ]);
    const entries: { out: string }[] = JSON.parse(await readFile(report, 'utf8'));
    // In the order of the originals: the same index is the same original.
    return await Promise.all(entries.map((entry) => readFile(entry.out)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** From the first element on, because a PACS may rewrite the File Meta Information. */
function dataSetOf(bytes: Uint8Array, { dataSetOffset, dataSetEnd }: ParsedInstance): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + dataSetOffset, dataSetEnd - dataSetOffset);
}

function* leaves(
  elements: readonly DicomElement[],
  path = '',
): Generator<{ readonly where: string; readonly element: DicomElement; readonly values: readonly string[] }> {
  for (const element of elements) {
    const where = `${path}${tagName(element.tag)}`;
    if (element.bytes !== null)
      yield {
        where,
        element,
        values: asciiText(element.bytes)
          .replace(/[\0 ]+$/, '')
          .split('\\')
          .filter((value) => value !== ''),
      };
    for (const [index, item] of (element.items ?? []).entries())
      yield* leaves(item.elements, `${where}[${index}]>`);
  }
}

/** The values of an instance that depend on the key, by their position. */
async function keyedValues(
  bytes: Uint8Array,
): Promise<{ uids: Map<string, string>; dates: Map<string, string>; patient: string[] }> {
  const uids = new Map<string, string>();
  const dates = new Map<string, string>();
  const patient = [] as string[];
  for (const {
    where,
    element: { tag, vr },
    values,
  } of leaves((await parsed(bytes)).elements)) {
    values.forEach((value, index) => {
      if (vr === 'UI' && !STRUCTURAL_UIDS.has(tag) && !value.startsWith('1.2.840.10008.'))
        uids.set(`${where} ${index}`, value);
      // The dummy of a removed date is the same under every key.
      if ((vr === 'DA' || vr === 'DT') && !value.startsWith('19000101'))
        dates.set(`${where} ${index}`, value);
      if (tag === 0x00100010 || tag === 0x00100020) patient.push(value);
    });
  }
  return { uids, dates, patient };
}

test('under another key no UID, pseudonym or date matches; under the same key again all do', async () => {
  const files = await originals();
  const first = await throughCommandLine(KEY, files);
  const again = await throughCommandLine(KEY, files);
  const other = await throughCommandLine(OTHER_KEY, files);
  assert.equal([first.length, other.length], [files.length, files.length]);
  for (const [index, bytes] of first.entries())
    assert.ok(Buffer.from(bytes).equals(again[index]!), files[index]!.name);
  const [one, two] = await Promise.all([first, other].map((all) => Promise.all(all.map(keyedValues))));
  const all = (of: 'uids' | 'dates' | 'patient', values: typeof one) =>
    new Set((values ?? []).flatMap((value) => [...value[of].values()]));
  for (const what of ['uids', 'dates', 'patient'] as const) {
    const mine = all(what, one);
    const theirs = all(what, two);
    assert.ok(mine.size > 0, `there are ${what}`);
    assert.equal(
      [...mine].filter((value) => theirs.has(value)),
      [],
      what,
    );
  }
  // Value for value: each original has become two.
  one!.forEach(({ uids, dates }, index) => {
    for (const [where, value] of uids)
      assert.ok(value.startsWith('2.25.') && two![index]!.uids.get(where) !== value, where);
    for (const [where, value] of dates) assert.is.not(two![index]!.dates.get(where), value, where);
  });
});

if (why !== null) {
  skipped('the same result on two devices and by the command line', why);
} else {
  test('under one key a device that holds it, one that asks, and the command line make the same instances, byte for byte', async () => {
    const files = await originals();
    const expected = await byUid(await throughCommandLine(KEY, files));
    const copy = await copyWith([WITH_MODIFIED_DATES]);
    try {
      await copy.build();
      for (const role of ['technician', 'researcher'] as const) {
        const device = `the device of a ${role}`;
        const held = await throughBrowser(copy.root, files, role);
        assert.equal([...held.keys()].sort(), [...expected.keys()].sort(), `SOP Instance UIDs of ${device}`);
        for (const [uid, bytes] of held) {
          const mine = bytes;
          const theirs = expected.get(uid)!;
          const [instance, reference] = await Promise.all([parsed(mine), parsed(theirs)]);
          assert.equal(instance.identifiers, reference.identifiers);
          assert.equal(
            await keyedValues(mine),
            await keyedValues(theirs),
            `UIDs, dates and patient of ${device}`,
          );
          assert.ok(
            dataSetOf(mine, instance).equals(dataSetOf(theirs, reference)),
            `the Data Set of ${device}`,
          );
        }
      }
    } finally {
      await copy.remove();
    }
  });
}

test.run();
