/** What the command line holds of a study while it sends it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { REPORTS_CHARACTERS_LIMIT, type WireReport } from '#shared/protocol/deid-report.ts';
import { manifestSchema, type ManifestInstance } from '#shared/protocol/manifest.ts';
import { createFileQueue } from './file-queue.ts';

const ACTION = '0008,0020 Z profile';
const hex = (n: number) => n.toString(16).padStart(64, '0');
const reportOf = (n: number, actions: readonly string[]): WireReport => ({
  edition: 'DICOM 2024e',
  options: [],
  digest: hex(n),
  actions,
});
const instance = (n: number) =>
  ({
    sopInstanceUID: `1.2.${n}`,
    seriesInstanceUID: '1.2',
    sopClassUID: '1.2',
    transferSyntaxUID: '1.2',
    bytes: 10,
    digest: hex(n),
  }) as ManifestInstance;
const file = { kind: 'file', path: 'a', ref: {}, inFolder: true } as never;
const unasked = () => Promise.reject(new Error('not asked'));
const openQueue = () =>
  createFileQueue({
    coding: { pays: () => false, code: unasked },
    prepare: unasked,
    onProgress: () => undefined,
  });
const POLICY = { name: 'deidentified', version: 1 };

test('three thousand instances that are alike hold one report, and their manifest says it once', async () => {
  const queue = openQueue();
  for (let n = 0; n < 3000; n += 1) {
    queue.keepReport('1.2', reportOf(1, [ACTION]));
    queue.add('1.2', POLICY, instance(n), file, hex(1));
  }
  const manifest = await queue.manifestOf('1.2');
  assert.equal(manifest.deidentification, { edition: 'DICOM 2024e', options: [], reports: [[ACTION]] });
  assert.ok(manifest.instances.every(({ report }) => report === 0));
  assert.ok(manifestSchema.safeParse(manifest).success);
});

test('of lists that are too much for a manifest those that come first are held; each study has its own', async () => {
  const queue = openQueue();
  const many = Array<string>(9_000).fill(ACTION);
  const fitting = Math.floor(REPORTS_CHARACTERS_LIMIT / (many.length * ACTION.length));
  for (let n = 0; n <= fitting; n += 1) {
    for (const study of ['1.2', '1.3']) {
      queue.keepReport(study, reportOf(n, many));
      queue.add(study, POLICY, instance(n), file, hex(n));
    }
  }
  for (const study of ['1.2', '1.3']) {
    const manifest = await queue.manifestOf(study);
    assert.equal(
      manifest.deidentification!.reports.map((list) => (typeof list === 'string' ? list : list.length)),
      [...Array<number>(fitting).fill(9_000), hex(fitting)],
    );
    assert.ok(manifestSchema.safeParse(manifest).success);
  }
});

test('what is sent as it is says nothing of de-identification', async () => {
  const queue = openQueue();
  queue.add('1.2', { name: 'identified', version: 1 }, instance(1), file, null);
  assert.equal(Object.keys(await queue.manifestOf('1.2')).sort(), [
    'instances',
    'policy',
    'protocolVersion',
    'studyInstanceUID',
  ]);
});

test.run();
