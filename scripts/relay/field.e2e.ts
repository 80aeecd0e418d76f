/**
 * Files, archives and discs that users of other projects reported in public (`corpus/field` rebuilds them), by the
 * command line to a gateway with a real Orthanc: what a PACS takes is there bit for bit, nothing stays behind in
 * silence, and a person is told what to look at. Each file alone: shared/src/ingest/field-files.test.ts.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { ADMIN, ask, PASSWORD } from '#testing/accounts.ts';
import { skipped, PATIENCE_MS, testEnvironment } from '#testing/environment.ts';
import { openGatewayAndPacs, type GatewayAndPacs } from '#testing/gateway-and-pacs.ts';
import { MIXTURES } from '#testing/several-patients.ts';
import { sha256 } from '#testing/sha256.ts';
import { syntheticDisc } from '#testing/synthetic-disc.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { relay } from '../relay.ts';

interface Sent {
  readonly files: readonly {
    readonly path: string;
    readonly state: string;
    readonly reason: string | null;
    readonly warnings: readonly string[];
  }[];
  readonly missing: readonly string[];
}

const { corpus } = testEnvironment();
const test = suite('files from the field');
let world: GatewayAndPacs;
test.before(async () => {
  world = await openGatewayAndPacs('field');
});
test.after(async () => world?.close());

async function upload(policy: string, ...paths: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await relay(
    [
      ...['upload', '--gateway', world.gateway.api, '--user', 'admin', '--policy', policy],
      ...['--wait', '--json', '--', ...paths],
    ],
    {
      env: { RELAY_PASSWORD: PASSWORD },
      signal: AbortSignal.timeout(PATIENCE_MS),
      print: (line) => void out.push(line),
      say: (line) => void err.push(line),
    },
  );
  return { code, ...(JSON.parse(out.join('\n')) as Sent), err };
}

/** The ending of each file: in the PACS, or the reason why not. */
const endings = ({ files }: Pick<Sent, 'files'>): Record<string, string> =>
  Object.fromEntries(
    files.map(({ path, state, reason }) => [
      basename(path),
      isInPacs(state as InstanceState) ? 'in the PACS' : (reason ?? state),
    ]),
  );

async function folderOf(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const folder = join(world.folder, name);
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

/** ISO 9660: the volume descriptor of a disc without files. */
function discImage(at = 32_769, mark = 'CD001'): Uint8Array {
  const image = new Uint8Array(40_960);
  image.set(Buffer.from(mark), at);
  return image;
}

test('archives and images of discs that nothing opens are named, and other files are not', async () => {
  const [instance] = syntheticStudy({ seed: 71, instancesPerSeries: 1, rows: 4, columns: 4 }).instances;
  const folder = await folderOf('export', {
    'IM1.dcm': instance!.bytes,
    'disc.iso': discImage(),
    'dvd.img': discImage(32_769, 'BEA01'),
    'old.7z': Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4),
    'old.rar': Buffer.from('Rar!\x1a\x07\x00'),
    'old.tgz': Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0),
    'README.TXT': Buffer.from('Read me first.'),
    'LOGO.PNG': Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10),
  });
  const { code, err } = await upload('identified', folder);
  assert.is(code, 0);
  const named = err.map((line) => basename(line.split(': ')[0]!)).sort();
  assert.equal(named, ['disc.iso', 'dvd.img', 'old.7z', 'old.rar', 'old.tgz']);
  assert.ok(err.some((line) => line.includes('disc.iso: ') && line.includes('mount it')));
  const alone = await upload('identified', join(folder, 'disc.iso'));
  assert.is(alone.code, 1);
  assert.equal(endings(alone), { 'disc.iso': 'not-dicom-disc' });
  assert.not.match(alone.err.join(), /You don’t have to do anything/);
});

test('a study whose instances name several patients is named, as the policy tells them apart, and its files with it', async () => {
  const byIssuer = { name: 'by-issuer', title: 'By issuer', deidentify: true, options: [], roles: ['admin'] };
  const body = { ...byIssuer, patientDomain: 'id-and-issuer' };
  assert.ok((await ask(world.gateway, ADMIN, { method: 'POST', path: '/admin/policies', body })).ok);
  const files: Record<string, Uint8Array> = {};
  const studies = MIXTURES.map(([what, named, ...patients], at) => {
    const seed = { seed: 720 + at, instancesPerSeries: patients.length, rows: 4, columns: 4 };
    const made = patients.map((patient) => syntheticStudy({ ...seed, patient }));
    for (const [nth, { instances }] of made.entries()) files[`${what}/${nth}.dcm`] = instances[nth]!.bytes;
    return { what, named, uid: made[0]!.studyInstanceUID };
  });
  const folder = await folderOf('mixed', files);
  for (const [policy, domain] of [
    ['identified', 0],
    ['deidentified', 0],
    ['by-issuer', 1],
  ] as const) {
    const { code, err } = await upload(policy, folder);
    assert.is(code, 0, err.join('\n'));
    for (const { what, named, uid } of studies) {
      const count = named[domain];
      const at = err.findIndex((line) => line.startsWith('Wrong patient?') && line.includes(uid));
      assert.is(at >= 0, count > 1, `${policy}: ${what}`);
      if (at < 0) continue;
      assert.ok(err[at]!.includes(`${count} patients`), `${policy}: ${err[at]}`);
      assert.is(err[at]!.includes('a study for each'), policy !== 'identified');
      const own = err.slice(at + 1).filter((line) => line.includes(`${what}/`));
      assert.is(own.length, count, `${policy}: ${what}, a line for each`);
    }
    assert.not.match(err.join(), /Anders|Baier|Yamada|FLD-\d/);
  }
});

test('files of a disc that a program renamed are not missing, and one that is missing is', async () => {
  const study = syntheticStudy({ seed: 73, instancesPerSeries: 3, rows: 4, columns: 4 });
  const disc = syntheticDisc([{ study, patient: { name: 'Doe^Jane', id: 'ID-1' } }]);
  const gone = disc.at(-1)!.path;
  const renamings: Readonly<Record<string, (path: string) => string>> = {
    added: (path) => `${path}.DCM`,
    'added in lower case': (path) => `${path}.dcm`,
    'lower case': (path) => path.toLowerCase(),
    version: (path) => `${path};1`,
    'all of it': (path) => `${path.toLowerCase()}.dcm;1`,
  };
  for (const [what, rename] of Object.entries(renamings)) {
    const files = disc
      .filter(({ path }) => path !== gone)
      .map(({ path, bytes }) => [path === 'DICOMDIR' ? path : rename(path), bytes] as const);
    const folder = await folderOf(what, Object.fromEntries(files));
    for (const policy of ['identified', 'deidentified']) {
      const { code, missing } = await upload(policy, folder);
      assert.equal([code, missing], [0, [gone]], `${what} ${policy}`);
    }
  }
  const elsewhere = disc
    .slice(0, -1)
    .map(({ path, bytes }, nth) => [nth === 0 ? path : `X${nth}`, bytes] as const);
  const { missing } = await upload(
    'deidentified',
    await folderOf('other names', Object.fromEntries(elsewhere)),
  );
  assert.equal(missing, [gone], 'as on the upload page, instances are known by their UIDs');
});

const HERE = 'in the PACS';
/** Under a policy that keeps names: each file of a folder of the corpus, and whether the command line ends with 0. */
const REPORTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '03-un-sequence-explicit-inside': { 'a.dcm': HERE },
  '04-implicit-element-in-explicit': { 'a.dcm': 'not-parseable' },
  '05-signature-and-padding': { 'a.dcm': HERE },
  '08-iso2022-ir58': { 'escapes.dcm': HERE, 'single.dcm': HERE },
  '09-length-200a': { 'headless.dcm': HERE, 'meta.dcm': HERE },
  '11-implicit-file-meta': { 'a.dcm': HERE },
  '12-hardcopy-image': {
    'hardcopy-color.dcm': HERE,
    'hardcopy-grayscale.dcm': HERE,
    'stored-print.dcm': HERE,
  },
  '13-private-transfer-syntax': { '1.2.276.0.50.1.2.1.dcm': HERE, 'ge-dlx.dcm': HERE },
  '14-last-fragment-empty': { 'a.dcm': HERE },
  '15-fragments-differ-from-frames': { 'five-of-four.dcm': HERE, 'four-of-six.dcm': HERE },
  '18-iso-image': { 'disc.iso': 'not-dicom-disc' },
  '22-second-file-meta': { 'a.dcm': HERE, 'b.dcm': HERE },
  '23-two-patients-one-study': { '1.dcm': HERE, '2.dcm': HERE },
  '24-same-sop-two-series': { '1.dcm': HERE, '2.dcm': 'conflicting-instance' },
  '25-one-uid-for-all': {},
};
/** Given a header, so that they are other files. */
const WRITTEN_AGAIN = ['headless.dcm', '11-implicit-file-meta/a.dcm'];
const ARCHIVES = ['16-zip-from-macos', '17-zip-shift-jis-backslash', '20-zip64-streamed'];
const DISCS = ['lower', 'upper-dcm', 'version'];

if (corpus === null) skipped('the reported files', 'the corpus is not there');
else {
  const field = join(corpus, 'field');
  for (const [name, expected] of Object.entries(REPORTED))
    test(`${name} ends as it should`, async () => {
      const folder = join(field, name);
      const sent = await upload('identified', folder);
      const ended = endings(sent);
      if (name.startsWith('25'))
        assert.ok(Object.values(ended).every((each) => each === HERE) && sent.code === 0);
      else assert.equal(ended, expected);
      const isWhole = Object.values(ended).every((each) => each === HERE || each === 'not-dicom-disc');
      assert.is(sent.code, isWhole ? 0 : 1);
      const held = await world.heldByPacs();
      for (const file of await readdir(folder)) {
        const path = join(folder, file);
        if (ended[file] === HERE && !WRITTEN_AGAIN.some((each) => path.endsWith(each)))
          assert.ok(held.includes(sha256(await readFile(path))), `${file} as it was`);
      }
      const err = sent.err.join('\n');
      assert.not.match(err, /You don’t have to do anything/);
      if (/^(03|13|15|22)/.test(name))
        for (const { path, warnings } of sent.files)
          assert.ok(warnings.length > 0 && err.includes(path), `a warning about ${path}`);
      if (name.startsWith('04'))
        assert.match(err, /Export.*\(not-parseable at element [0-9a-f]{4},[0-9a-f]{4}\)/);
      if (name.startsWith('18')) assert.match(err, 'mount it');
      if (name.startsWith('23')) assert.match(err, 'name 2 patients');
    });

  for (const name of ARCHIVES)
    test(`${name}: two instances, and the rest is passed over`, async () => {
      const { code, files } = await upload('identified', join(field, name));
      assert.is(code, 0);
      assert.is(files.filter(({ state }) => isInPacs(state as InstanceState)).length, 2);
      assert.ok(files.every(({ state }) => state === 'skipped' || isInPacs(state as InstanceState)));
    });

  for (const name of DISCS)
    test(`19-dicomdir-other-names/${name}: one file is missing`, async () => {
      for (const policy of ['identified', 'deidentified']) {
        const { missing, files } = await upload(policy, join(field, '19-dicomdir-other-names', name));
        assert.equal(
          missing.map((path) => path.replaceAll('\\', '/')),
          ['IMAGES/IM000003'],
        );
        assert.is(files.filter(({ state }) => isInPacs(state as InstanceState)).length, 2);
      }
    });
}

test.run();
