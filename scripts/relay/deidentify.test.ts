/** The files that `relay deidentify` writes. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { patientsIn } from '#shared/deid/named-patients.ts';
import { keysOfPatients } from '#shared/deid/patient-key.ts';
import { parsed, pseudonymsOf } from '#testing/deidentified-file.ts';
import { inFolder } from '#testing/in-folder.ts';
import { runRelay } from '#testing/run-relay.ts';
import { syntheticDisc } from '#testing/synthetic-disc.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';

type Files = Readonly<Record<string, Uint8Array | string>>;
type Entry = Readonly<Record<string, string>> & { readonly out: string };

/** Files in `in`, and the command: `run` gives its exit code, what it says, and its report. */
const withFiles = (
  files: Files,
  work: (run: (...args: string[]) => ReturnType<typeof deidentified>, folder: string) => Promise<void>,
): Promise<void> =>
  inFolder(async (folder) => {
    await mkdir(join(folder, 'in'));
    for (const [path, bytes] of Object.entries(files)) {
      await mkdir(dirname(join(folder, 'in', path)), { recursive: true });
      await writeFile(join(folder, 'in', path), bytes);
    }
    await work((...args) => deidentified(folder, args), folder);
  });

async function deidentified(folder: string, args: readonly string[]) {
  const report = join(folder, 'report');
  const places = [join(folder, 'in'), '--out', join(folder, 'out'), '--report', report];
  const { code, said } = await runRelay(['deidentify', ...places, ...args]);
  return { code, said, report: JSON.parse(await readFile(report, 'utf8').catch(() => '[]')) as Entry[] };
}

test('the index of a disc is neither refused nor written', () => {
  const study = syntheticStudy({ seed: 2, instancesPerSeries: 1 });
  const disc = syntheticDisc([{ study, patient: { name: 'Doe^Jane', id: 'D-1' } }]);
  return withFiles(Object.fromEntries(disc.map(({ path, bytes }) => [path, bytes])), async (run, folder) => {
    const { code, said } = await run();
    assert.equal([code, said, (await readdir(join(folder, 'out'))).length], [0, '', 1]);
  });
});

test('two files of one SOP Instance UID are both written, and the report says which is which', () => {
  const { bytes } = syntheticStudy({ seed: 1, instancesPerSeries: 1 }).instances[0]!;
  const rival = Uint8Array.from(bytes);
  rival[rival.length - 1]! ^= 1;
  return withFiles({ a: bytes, b: rival }, async (run) => {
    const { code, report } = await run();
    assert.equal([code, ...report.map(({ file }) => file)], [0, 1, 2]);
    const [a, b] = await Promise.all(report.map(({ out }) => readFile(out)));
    assert.equal([a!.at(-1), b!.at(-1)], [bytes.at(-1), rival.at(-1)]);
  });
});

test('a report on no file is an empty list, and a wrong call leaves an older report as it is', () =>
  withFiles({}, async (run, folder) => {
    assert.is((await run()).code, 0);
    const report = join(folder, 'report');
    assert.equal(JSON.parse(await readFile(report, 'utf8')), []);
    assert.is((await stat(report)).mode & 0o777, 0o600);
    await writeFile(report, '["an older one"]');
    const wrong = await run(join(folder, 'nowhere'));
    assert.equal([wrong.code, wrong.report], [2, ['an older one']]);
  }));

test('the report states the changes to each file and its digest afterwards; of the original no path and no value, and a digest only under a key that is kept', () => {
  const { instances, planted } = syntheticStudy({ seed: 2, instancesPerSeries: 2 });
  const files: Files = {
    'Lindqvist_Anna_19610502_a.dcm': instances[0]!.bytes,
    'Lindqvist_Anna_19610502_b.dcm': instances[1]!.bytes,
    'Lindqvist_Anna_c.pdf': 'no instance',
  };
  return withFiles(files, async (run, folder) => {
    const key = join(folder, 'key');
    await writeFile(key, new Uint8Array(32).fill(7));
    // A file that is named, not found in a folder, is refused where it is no instance.
    const named = join(folder, 'in', 'Lindqvist_Anna_c.pdf');
    const reported = async (...more: string[]): Promise<Entry[]> => {
      const { code, report } = await run(named, ...more);
      assert.is(code, 1);
      return report;
    };
    const all = await reported('--options', 'retain-uids', '--key', key);
    assert.ok(all.some(({ reason }) => reason === 'not-dicom'));
    const said = all.filter(({ out }) => out !== undefined);
    assert.is(said.length, 2);
    for (const [at, entry] of said.entries()) {
      const { out, digestAfter, originalDigest, edition, options, methods, sopInstanceUID } = entry;
      const before = sha256(instances[at]!.bytes);
      const original = await parsed(instances[at]!.bytes);
      const [patient] = keysOfPatients(patientsIn(original), 'id', original.identifiers.studyInstanceUID);
      assert.is(digestAfter, sha256(await readFile(out)));
      assert.is(originalDigest, await (await pseudonymsOf(7)).originalDigest(before, patient!));
      assert.not.ok(JSON.stringify(all).includes(before), 'no plain digest of the original');
      assert.equal(
        [edition, options, methods, sopInstanceUID],
        ['DICOM 2024e', ['retain-uids'], ['113100', '113110'], instances[at]!.identifiers.sopInstanceUID],
      );
    }
    assert.is(said[0]!.reportDigest, said[1]!.reportDigest);
    for (const value of [...planted, 'Lindqvist', folder.slice(0, -1)])
      assert.not.ok(JSON.stringify(all.map(({ out: _new, ...rest }) => rest)).includes(value), value);
    const [unkeyed] = await reported();
    assert.is(unkeyed!.originalDigest, undefined);
    assert.is.not(unkeyed!.reportDigest, said[0]!.reportDigest, 'other options');
  });
});

test('a volume of the head is pointed out', async () => {
  const { bytes } = syntheticStudy({ seed: 3, instancesPerSeries: 1 }).instances[0]!;
  // Body Part Examined of the synthetic CT is CHEST; as many characters.
  const head = Buffer.from(bytes);
  head.write('HEAD  ', head.indexOf('CHEST '));
  await withFiles({ chest: bytes }, async (run) => assert.is((await run()).said, ''));
  await withFiles({ head }, async (run) =>
    assert.match((await run()).said, /^Images of a head in CT or MR: 1\./),
  );
});

test('an image that does not say whether names are burned in is refused, unless the call asks for it', () => {
  const study = syntheticStudy({ seed: 2, modality: 'SC', instancesPerSeries: 1, undeclaredSeries: 1 });
  return withFiles({ a: study.instances[0]!.bytes }, async (run) => {
    const held = await run();
    assert.is(held.code, 1);
    assert.match(held.said, /does not state whether this one does.*\(undeclared-text\)/);
    const warned = await run('--undeclared-text', 'warn');
    assert.is(warned.code, 0);
    assert.match(warned.said, /^Images that do not say .*: 1\. Nobody has looked\.$/);
    const sent = await run('--undeclared-text', 'send');
    assert.equal([sent.code, sent.said], [0, '']);
    assert.is((await run('--undeclared-text', 'keep')).code, 2);
  });
});

test.run();
