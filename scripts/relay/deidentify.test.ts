/** The files that `relay deidentify` writes. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { patientsIn } from '#shared/deid/named-patients.ts';
import { keysOfPatients } from '#shared/deid/patient-key.ts';
import { parsed, pseudonymsOf } from '#testing/deidentified-file.ts';
import { syntheticDisc } from '#testing/synthetic-disc.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import { UsageError } from './arguments.ts';
import { deidentify } from './deidentify.ts';

test('the index of a disc is neither refused nor written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-deidentify-'));
  try {
    const study = syntheticStudy({ seed: 2, instancesPerSeries: 1 });
    for (const { path, bytes } of syntheticDisc([{ study, patient: { name: 'Doe^Jane', id: 'D-1' } }])) {
      await mkdir(dirname(join(folder, 'in', path)), { recursive: true });
      await writeFile(join(folder, 'in', path), bytes);
    }
    const said: string[] = [];
    const around = {
      env: {},
      signal: new AbortController().signal,
      print: () => undefined,
      say: (line: string) => void said.push(line),
    };
    assert.is(await deidentify([join(folder, 'in'), '--out', join(folder, 'out')], around), 0);
    assert.equal([said, (await readdir(join(folder, 'out'))).length], [[], 1]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('two files of one SOP Instance UID are both written, and the report says which is which', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-deidentify-'));
  try {
    const { bytes } = syntheticStudy({ seed: 1, instancesPerSeries: 1 }).instances[0]!;
    const rival = Uint8Array.from(bytes);
    rival[rival.length - 1]! ^= 1;
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in', 'a'), bytes);
    await writeFile(join(folder, 'in', 'b'), rival);
    const silent = {
      env: {},
      signal: new AbortController().signal,
      print: () => undefined,
      say: () => undefined,
    };
    assert.is(
      await deidentify(
        [join(folder, 'in'), '--out', join(folder, 'out'), '--report', join(folder, 'report')],
        silent,
      ),
      0,
    );
    const report: { file: number; out: string }[] = JSON.parse(
      await readFile(join(folder, 'report'), 'utf8'),
    );
    const [a, b] = await Promise.all(report.map(({ out }) => readFile(out)));
    assert.equal(
      report.map(({ file }) => file),
      [1, 2],
    );
    assert.is(a!.at(-1), bytes.at(-1));
    assert.is(b!.at(-1), rival.at(-1));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a report on no file is an empty list, and a wrong call leaves an older report as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-deidentify-'));
  try {
    await mkdir(join(folder, 'in'));
    const report = join(folder, 'report');
    const silent = {
      env: {},
      signal: new AbortController().signal,
      print: () => undefined,
      say: () => undefined,
    };
    assert.is(
      await deidentify([join(folder, 'in'), '--out', join(folder, 'out'), '--report', report], silent),
      0,
    );
    assert.equal(JSON.parse(await readFile(report, 'utf8')), []);
    assert.is((await stat(report)).mode & 0o777, 0o600);
    await writeFile(report, 'an older one');
    const wrong = await deidentify(
      [join(folder, 'nowhere'), '--out', join(folder, 'out'), '--report', report],
      silent,
    ).catch((error: unknown) => error);
    assert.instance(wrong, UsageError);
    assert.is(await readFile(report, 'utf8'), 'an older one');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the report states the changes to each file and its digest afterwards; of the original no path and no value, and a digest only under a key that is kept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-deidentify-'));
  try {
    const { instances, planted } = syntheticStudy({ seed: 2, instancesPerSeries: 2 });
    const first = join(folder, 'Lindqvist_Anna_19610502_a.dcm');
    const second = join(folder, 'Lindqvist_Anna_19610502_b.dcm');
    const nowhere = join(folder, 'Lindqvist_Anna.pdf');
    const key = join(folder, 'key');
    const reportPath = join(folder, 'report');
    await Promise.all([
      writeFile(first, instances[0]!.bytes),
      writeFile(second, instances[1]!.bytes),
      writeFile(nowhere, 'no instance'),
      writeFile(key, new Uint8Array(32).fill(7)),
    ]);
    const silent = {
      env: {},
      signal: new AbortController().signal,
      print: () => undefined,
      say: () => undefined,
    };
    const reported = async (...more: string[]) => {
      assert.is(
        await deidentify(
          [first, second, nowhere, '--out', join(folder, 'out'), '--report', reportPath, ...more],
          silent,
        ),
        1,
      );
      return JSON.parse(await readFile(reportPath, 'utf8')) as Record<string, string>[];
    };
    const all = await reported('--options', 'retain-uids', '--key', key);
    assert.equal(all[2], { file: 3, reason: 'not-dicom' });
    const said = all.slice(0, 2);
    for (const [
      at,
      { out, digestAfter, originalDigest, edition, options, methods, sopInstanceUID },
    ] of said.entries()) {
      const before = sha256(instances[at]!.bytes);
      const original = await parsed(instances[at]!.bytes);
      const { studyInstanceUID } = original.identifiers;
      const [patient] = keysOfPatients(patientsIn(original), 'id', studyInstanceUID);
      assert.is(digestAfter, sha256(await readFile(out!)));
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
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a volume of the head is pointed out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-deidentify-'));
  try {
    const { instances } = syntheticStudy({ seed: 3, instancesPerSeries: 1 });
    const said: string[] = [];
    const around = {
      env: {},
      signal: new AbortController().signal,
      print: () => undefined,
      say: (words: string) => void said.push(words),
    };
    // Body Part Examined of the synthetic CT is CHEST; as many characters.
    const head = Buffer.from(instances[0]!.bytes);
    const at = head.indexOf('CHEST ');
    await writeFile(join(folder, 'chest'), head);
    assert.is(await deidentify([join(folder, 'chest'), '--out', join(folder, 'out')], around), 0);
    assert.equal(said, []);
    head.write('HEAD  ', at);
    await writeFile(join(folder, 'head'), head);
    assert.is(await deidentify([join(folder, 'head'), '--out', join(folder, 'out')], around), 0);
    assert.match(said.join(), /^1 instances are of a head in CT or MR/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('an image that does not say whether names are burned in is refused, unless the call asks for it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-deidentify-'));
  try {
    const study = syntheticStudy({ seed: 2, modality: 'SC', instancesPerSeries: 1, undeclaredSeries: 1 });
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in', 'a'), study.instances[0]!.bytes);
    const run = async (...asked: string[]) => {
      const said: string[] = [];
      const code = await deidentify([join(folder, 'in'), '--out', join(folder, 'out'), ...asked], {
        env: {},
        signal: new AbortController().signal,
        print: () => undefined,
        say: (line) => said.push(line),
      });
      return { code, said: said.join('\n') };
    };
    const held = await run();
    assert.is(held.code, 1);
    assert.match(held.said, /does not say whether it does.*\(undeclared-text\)/);
    const warned = await run('--undeclared-text', 'warn');
    assert.is(warned.code, 0);
    assert.match(warned.said, /^1 instances do not say .* nobody has looked\.$/);
    assert.equal(await run('--undeclared-text', 'send'), { code: 0, said: '' });
    const wrong = await run('--undeclared-text', 'keep').catch((error: unknown) => error);
    assert.instance(wrong, UsageError);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.run();
