// test:all: peers of three makes; examine-pacs.test.ts guards the doctor by day
/** The doctor before PACSs that speak DIMSE: a real Orthanc, Debian's storescp, and peers that break the rules. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { CERTIFICATE, CERTIFICATE_KEY, NEXT_CERTIFICATE } from '../testing/certificate.ts';
import { discardingPacs } from '../testing/discarding-pacs.ts';
import { openDimseArchive } from '../testing/dimse-archive.ts';
import { ABORT, openDimsePeer, pdu, respond, type Script } from '../testing/dimse-peer.ts';
import { changeOf, clock, codesOf, countInstances, found } from '../testing/examined.ts';
import { hasStorescp, startStorescp } from '../testing/storescp.ts';
import { examinePacs, type PacsReport, type Scope } from './examine-pacs.ts';

const signal = new AbortController().signal;
type Options = {
  readonly scope?: Scope;
  readonly ca?: string;
  readonly commitment?: boolean;
  readonly isTls?: boolean;
};

function examine(port: number, called = 'ORTHANC', options: Options = {}): Promise<PacsReport> {
  const { scope = 'all', ca = null, commitment = false, isTls = false } = options;
  const url = `${isTls ? 'dimse-tls' : 'dimse'}://RELAYPACS@localhost:${port}/${called}`;
  const wants = { commitment, orthanc: false };
  return examinePacs({ url, authorization: null, ca }, { scope, wants, clock }, signal);
}

/** PS3.7 Table E.1-1. */
const C_GET = 0x0010;
const C_ECHO = 0x0030;
/** PS3.4 Table C.4-3: sub-operations. */
const UNABLE_TO_PERFORM = 0xa702;

const test = suite<{ folder: string; port: number; orthanc: RunningOrthanc }>('the doctor over DIMSE');
let port = 0;
let folder = '';
let orthanc: RunningOrthanc | null = null;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-doctor-dimse-'));
  if ((await findOrthanc()) === null) return;
  port = await freePort();
  const settings = { ...servedAt(port), DicomModalities: KNOWN, DicomCheckCalledAet: true };
  orthanc = await startOrthanc({ folder: join(folder, 'orthanc'), settings });
});
test.after(async () => {
  await orthanc?.stop();
  await rm(folder, { recursive: true, force: true });
});

const servedAt = (DicomPort: number) => ({ DicomServerEnabled: true, DicomPort, DicomAet: 'ORTHANC' });
/** To the Orthanc, the gateway. */
const KNOWN = { relay: { AET: 'RELAYPACS', Host: '127.0.0.1', Port: 104, AllowGet: true } };

const withOrthanc = (title: string, run: (orthanc: RunningOrthanc) => Promise<void>) =>
  test(title, async () => {
    if (orthanc === null) return skip('the doctor over DIMSE', 'Orthanc is not installed');
    await run(orthanc);
  });

withOrthanc('an Orthanc that knows the gateway is right, and nothing is written', async (orthanc) => {
  const report = await examine(port);
  assert.equal([...codesOf(report, 'fail'), ...codesOf(report, 'warn')], []);
  const right = [
    'association-accepted',
    'echoes',
    'contexts-taken',
    'finds',
    'gets',
    'dimse-commitment-taken',
  ];
  for (const code of right) assert.is(found(report, code).result, 'ok');
  assert.is(await countInstances(orthanc), 0);
  assert.equal(report.settings, { lagMinutes: null, proof: null, batchBytes: null, bodyBytes: null });
});

withOrthanc('with --store all is measured, and what is left there is named', async (orthanc) => {
  const report = await examine(port, 'ORTHANC', { scope: 'store' });
  assert.equal(codesOf(report, 'fail'), []);
  for (const code of ['stored', 'shown-at-once', 'same-bytes']) assert.is(found(report, code).result, 'ok');
  assert.equal([report.settings.lagMinutes, report.settings.proof], [10, 'read-back']);
  assert.match(found(report, 'not-removed').says, 'Patient ID RELAYPACS-DOCTOR');
  assert.is(await countInstances(orthanc), 2);
});

/** PS3.4 Table C.4-3, Unable to process: its C-GET answers so for what it does not hold, and where it fails. */
withOrthanc('an Orthanc that confirms and then discards is known by its search alone', async () => {
  const at = await freePort();
  const losingPacs = await discardingPacs(join(folder, 'losing'));
  const settings = { ...losingPacs.settings, ...servedAt(at), DicomModalities: KNOWN };
  const losing = await startOrthanc({ ...losingPacs, settings });
  try {
    const report = await examine(at, 'ORTHANC', { scope: 'store' });
    assert.is(found(report, 'never-shown').result, 'fail');
    assert.match(found(report, 'not-read-back').says, 'C-GET failed, status C000H');
  } finally {
    await losing.stop();
  }
});

test('a PACS that lists and brings nothing of what it confirmed is said to have lost it', async () => {
  const forgetful = await openDimseArchive([]);
  try {
    const report = await examine(forgetful.port, 'PEER', { scope: 'store' });
    const lost = found(report, 'stored-and-lost');
    assert.equal([lost.check, lost.result], ['store', 'fail']);
    assert.match(lost.says, 'does not list or return 2 of them');
    assert.is(report.settings.lagMinutes, null, 'no lag brings them back');
    assert.not.match(JSON.stringify(report.findings), /lag of/);
  } finally {
    forgetful.close();
  }
});

test('a PACS where nobody could look is not said to have lost anything', async () => {
  const slow = await openDimseArchive([]);
  slow.lie = 'without-get';
  const failing = await openDimsePeer({
    answer: (asked) => respond(asked, asked.field === C_GET ? UNABLE_TO_PERFORM : 0),
  });
  for (const peer of [slow, failing]) {
    const report = await examine(peer.port, 'PEER', { scope: 'store' });
    assert.is(found(report, 'never-shown').result, 'fail');
    assert.is(found(report, 'stored').result, 'ok');
    peer.close();
  }
});

test('a wrong AE title is put right on the side that the PACS names', async () => {
  const rejecting = (reason: number) =>
    openDimsePeer({ associate: () => pdu(3, Buffer.of(0, 1, 1, reason)) });
  const called = await rejecting(7);
  const calling = await rejecting(3);
  const ofCalled = found(await examine(called.port, 'OTHER'), 'called-ae-unknown');
  assert.match(ofCalled.says, 'its AE title is not OTHER');
  assert.match(
    changeOf(ofCalled, 'any'),
    /^Enter the AE title at the destination exactly as in the PACS, including upper and lower case/,
  );
  const ofCalling = found(await examine(calling.port, 'OTHER'), 'calling-ae-unknown');
  assert.match(ofCalling.says, 'does not know RELAYPACS');
  assert.match(changeOf(ofCalling, 'any'), /^Add RELAYPACS with the address of the gateway/);
  called.close();
  calling.close();
});

withOrthanc('a wrong AE title, and the port of the web pages', async ({ restUrl }) => {
  const wrong = found(await examine(port, 'OTHER'), 'called-ae-unknown');
  assert.match(changeOf(wrong, 'Orthanc'), '"DicomAet"');
  const web = await examine(Number(new URL(restUrl).port));
  assert.match(changeOf(found(web, 'association-fails'), 'Orthanc'), '"DicomPort"');
});

test('a storescp takes images and answers no search', async () => {
  if (!hasStorescp()) return skip('the doctor before storescp', 'dcmtk is not installed');
  const server = await startStorescp();
  try {
    const report = await examine(server.port, 'ANY', { commitment: true });
    assert.equal(codesOf(report, 'fail'), ['find-refused', 'commitment-missing']);
    assert.match(found(report, 'find-refused').says, 'Nothing that it stores could be confirmed');
    assert.match(changeOf(found(report, 'find-refused'), 'any'), 'use one that answers C-FIND');
    assert.equal(codesOf(report, 'warn'), ['contexts-missing', 'get-refused']);
    assert.match(found(report, 'contexts-missing').says, 'CT in JPEG 2000');
    assert.equal((await server.held()).length, 0);
  } finally {
    await server.stop();
  }
  const implicit = await startStorescp('+xi');
  try {
    const none = found(await examine(implicit.port, 'ANY'), 'contexts-none');
    assert.match(none.says, 'no images from RELAYPACS');
  } finally {
    await implicit.stop();
  }
});

withOrthanc('an Orthanc that does not know the gateway, and takes no compressed images', async () => {
  const at = await freePort();
  const AcceptedTransferSyntaxes = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1'];
  const settings = { ...servedAt(at), AcceptedTransferSyntaxes };
  const other = await startOrthanc({ folder: join(folder, 'other'), settings });
  try {
    const report = await examine(at);
    const { says } = found(report, 'contexts-missing');
    assert.match(says, 'CT in JPEG Lossless, CT in JPEG-LS, CT in JPEG 2000.');
    assert.equal(codesOf(report, 'fail'), ['find-refused']);
    assert.match(changeOf(found(report, 'find-refused'), 'any'), 'RELAYPACS');
    // The other Orthanc ends the association at the first C-FIND: it was reached, and answers C-ECHO.
    const reach = await examine(at, 'ORTHANC', { scope: 'reach' });
    for (const one of [report, reach]) {
      assert.ok(one.isReached);
      assert.equal(codesOf(one, 'fail'), ['find-refused']);
      for (const code of ['association-accepted', 'echoes']) assert.is(found(one, code).result, 'ok');
    }
  } finally {
    await other.stop();
  }
});

test('TLS: a private authority, a trusted one, and a peer that wants it', async () => {
  if (!hasStorescp()) return skip('the doctor before storescp', 'dcmtk is not installed');
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  await Promise.all([writeFile(cert, CERTIFICATE), writeFile(key, CERTIFICATE_KEY)]);
  const server = await startStorescp('+tls', key, cert, '-ic');
  try {
    const strange = await examine(server.port, 'ANY', { isTls: true, ca: NEXT_CERTIFICATE });
    assert.equal([codesOf(strange, 'fail'), strange.isReached], [['certificate-private'], false]);
    const trusted = await examine(server.port, 'ANY', { isTls: true, ca: CERTIFICATE });
    assert.is(found(trusted, 'association-accepted').result, 'ok');
    const plain = found(await examine(server.port, 'ANY'), 'association-fails');
    assert.match(changeOf(plain, 'any'), 'dimse-tls');
  } finally {
    await server.stop();
  }
});

test('a dead port: the remedies are those of DIMSE', async () => {
  const report = await examine(await freePort());
  assert.equal([report.isReached, codesOf(report, 'fail')], [false, ['dimse-connection-refused']]);
  const dead = found(report, 'dimse-connection-refused');
  assert.match(changeOf(dead, 'Orthanc'), '"DicomPort" (4242');
  assert.match(changeOf(dead, 'dcm4chee'), '11112');
  assert.match(changeOf(dead, 'any'), 'storescp');
});

withOrthanc('an address of the web with the port of DIMSE', async () => {
  const url = `http://localhost:${port}/dicom-web`;
  const wants = { commitment: false, orthanc: false };
  const place = { url, authorization: null, ca: null };
  const report = await examinePacs(place, { scope: 'all', wants, clock }, signal);
  assert.equal(codesOf(report, 'fail'), ['not-http']);
  assert.match(changeOf(found(report, 'not-http'), 'any'), 'choose DIMSE');
});

test('peers that break the rules end the visit, and are told from each other', async () => {
  const scripts: readonly (readonly [Script, string])[] = [
    [{ associate: () => ABORT }, 'association-fails'],
    [{ associate: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }, 'association-fails'],
    [{ answer: () => [ABORT] }, 'association-fails'],
    [{ answer: (asked) => (asked.field === C_ECHO ? respond(asked, 0) : [ABORT]) }, 'find-refused'],
  ];
  for (const [script, code] of scripts) {
    const peer = await openDimsePeer(script);
    assert.is(found(await examine(peer.port, 'PEER', { scope: 'store' }), code).result, 'fail');
    peer.close();
  }
});

test.run();
