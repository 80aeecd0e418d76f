/** The queue of the command line: reports are held once, and the manifest says them once. */
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
const described = { modalities: [], bodyParts: [], descriptions: [] };

test('three thousand instances with one report hold it once, and the manifest names it once', async () => {
  const queue = openQueue();
  for (let n = 0; n < 3000; n += 1) {
    queue.keepReport('1.2', reportOf(1, [ACTION]));
    queue.add(
      { studyInstanceUID: '1.2', policy: POLICY },
      { manifest: instance(n), file, report: hex(1), described },
    );
  }
  const manifest = await queue.manifestOf('1.2');
  assert.equal(manifest.deidentification, { edition: 'DICOM 2024e', options: [], reports: [[ACTION]] });
  assert.ok(manifest.instances.every(({ report }) => report === 0));
  assert.ok(manifestSchema.safeParse(manifest).success);
});

test('when reports are too long for a manifest the first ones are held; each study has its own limit', async () => {
  const queue = openQueue();
  const many = Array<string>(9_000).fill(ACTION);
  const fitting = Math.floor(REPORTS_CHARACTERS_LIMIT / (many.length * ACTION.length));
  for (let n = 0; n <= fitting; n += 1) {
    for (const study of ['1.2', '1.3']) {
      queue.keepReport(study, reportOf(n, many));
      queue.add(
        { studyInstanceUID: study, policy: POLICY },
        { manifest: instance(n), file, report: hex(n), described },
      );
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

test('the manifest of files that are sent as they are does not mention de-identification', async () => {
  const queue = openQueue();
  const policy = { name: 'identified', version: 1 };
  queue.add({ studyInstanceUID: '1.2', policy }, { manifest: instance(1), file, report: null, described });
  assert.equal(Object.keys(await queue.manifestOf('1.2')).sort(), [
    'instances',
    'policy',
    'protocolVersion',
    'studyInstanceUID',
  ]);
});

test('the manifest says once what its instances are, and nothing where they say nothing', async () => {
  const queue = openQueue();
  const policy = { name: 'identified', version: 1 };
  const study = { studyInstanceUID: '1.2', policy };
  const chest = { modalities: ['CT'], bodyParts: ['CHEST'], descriptions: ['CT Thorax'] };
  const said = [chest, chest, { ...described, modalities: ['SR'] }];
  for (const [n, one] of said.entries())
    queue.add(study, { manifest: instance(n), file, report: null, described: one });
  queue.add({ ...study, studyInstanceUID: '1.3' }, { manifest: instance(9), file, report: null, described });
  assert.equal((await queue.manifestOf('1.2')).described, { ...chest, modalities: ['CT', 'SR'] });
  assert.is((await queue.manifestOf('1.3')).described, undefined);
});

test.run();
