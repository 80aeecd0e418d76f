/** The files that `relay deidentify` writes. */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import { UsageError } from './arguments.ts';
import { deidentify } from './deidentify.ts';

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
    const report: { file: string; out: string }[] = JSON.parse(
      await readFile(join(folder, 'report'), 'utf8'),
    );
    const [a, b] = await Promise.all(report.map(({ out }) => readFile(out)));
    assert.equal(
      report.map(({ file }) => file.slice(-1)),
      ['a', 'b'],
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

test('the report states for each file the changes and the digests before and after, and no value; the keyed digest only under a key that is kept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-deidentify-'));
  try {
    const { instances, planted } = syntheticStudy({ seed: 2, instancesPerSeries: 2 });
    const first = join(folder, 'a');
    const second = join(folder, 'b');
    const key = join(folder, 'key');
    const reportPath = join(folder, 'report');
    await Promise.all([
      writeFile(first, instances[0]!.bytes),
      writeFile(second, instances[1]!.bytes),
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
          [first, second, '--out', join(folder, 'out'), '--report', reportPath, ...more],
          silent,
        ),
        0,
      );
      return JSON.parse(await readFile(reportPath, 'utf8')) as Record<string, string>[];
    };
    const said = await reported('--options', 'retain-uids', '--key', key);
    for (const [
      at,
      { out, digestBefore, digestAfter, originalDigest, edition, options, methods, sopInstanceUID },
    ] of said.entries()) {
      assert.equal([digestBefore, digestAfter], [sha256(instances[at]!.bytes), sha256(await readFile(out!))]);
      assert.is(
        originalDigest,
        await (await createPseudonyms(new Uint8Array(32).fill(7))).originalDigest(digestBefore!),
      );
      assert.equal(
        [edition, options, methods, sopInstanceUID],
        ['DICOM 2024e', ['retain-uids'], ['113100', '113110'], instances[at]!.identifiers.sopInstanceUID],
      );
    }
    assert.is(said[0]!.reportDigest, said[1]!.reportDigest);
    for (const value of planted) assert.not.ok(JSON.stringify(said).includes(value), value);
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

test.run();
