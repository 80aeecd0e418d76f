import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../testing/queued-study.ts';
import { deviceReport, type DeviceFacts } from './device-report.ts';

const test = suite('the report of a device');

const FACTS: DeviceFacts = {
  version: '1.2.3',
  at: new Date('2026-01-02T03:04:05Z'),
  browser: 'A Browser/1.0',
  window: '1024×768 at 1',
  link: 'pacs-unreachable',
  session: 'signed-in',
  roles: ['technician'],
  lockMinutes: 15,
  isInstalled: false,
  kept: { usedBytes: 12_000_000, freeBytes: null, isPersisted: false, models: 3 },
  studies: [],
  others: 2,
  apis: { locks: true, WebGPU: false },
};

const PLANTED = ['Lockmann', 'Vera', 'LOCK-4711', '19570101', 'Follow-up', 'ACC-9', 'V. L.', '1.2.840.1'];
const [family, given, id, birth, description, accession, label, uid] = PLANTED as [string, ...string[]];

/** A study that holds an identity in every place that may hold one. */
const study = queuedStudy({
  id: `${family}-1`,
  title: {
    patientName: `${family}^${given}`,
    patientId: id!,
    patientBirthDate: birth!,
    studyDate: birth!,
    description: description!,
    accessionNumber: accession!,
    modalities: [family],
    bodyParts: [given!],
  },
  label: label!,
  policy: { name: family, version: 1, deidentify: true },
  waiting: 'offline',
  needs: [
    { cause: 'held', reason: 'burned-in-annotation', instances: 2 },
    { cause: 'refused', reason: `${family} was refused`, instances: 1 },
  ],
  receiptId: `${family}-2`,
  studyInstanceUID: uid!,
});

test('it counts, and names nobody', () => {
  const report = deviceReport({ ...FACTS, studies: [study, queuedStudy({})] });
  assert.equal(
    PLANTED.filter((value) => report.includes(value)),
    [],
  );
  for (const line of [
    'RelayPACS 1.2.3',
    'link: pacs-unreachable',
    'storage used: 12 MB, free: unknown, persistent: false',
    'studies by state: safe 2',
    'studies waiting for: offline 1',
    'need a person: held/burned-in-annotation 1, refused/other 1',
    'studies of others: 2',
    'has: locks',
    'lacks: WebGPU',
  ])
    assert.ok(report.split('\n').includes(line), `${line}\nin\n${report}`);
  assert.match(report, 'safe 24,');
});

test('an empty device is told as well', () => {
  const report = deviceReport({ ...FACTS, lockMinutes: null, apis: {} });
  for (const line of [
    'studies by state: none',
    'need a person: none',
    'locks after minutes: unknown',
    'has: none',
  ])
    assert.ok(report.split('\n').includes(line), line);
});

test.run();
