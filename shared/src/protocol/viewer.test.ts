/** Addresses of viewers: what an administrator may write, and what becomes of it for a study. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fillViewerAddress, VIEWERS_LIMIT, viewersSchema } from './viewer.ts';

const isTaken = (address: string): boolean =>
  viewersSchema.safeParse({ viewers: [{ title: 'Stone', address }] }).success;

test('an address of a page or of an installed viewer has a place for the study', () => {
  for (const address of [
    'https://pacs.example.org/stone/index.html?study={StudyInstanceUID}',
    'http://viewer/{StudyInstanceUID}/{StudyInstanceUID}',
    'weasis://?%24dicom%3Ars%20-r%20%22studyUID%3D{StudyInstanceUID}%22',
  ])
    assert.ok(isTaken(address), address);
  assert.is(fillViewerAddress('http://v/{StudyInstanceUID}#{StudyInstanceUID}', '1.2'), 'http://v/1.2#1.2');
});

test('no address runs something in the app, says a password, or lets the study choose the host', () => {
  for (const address of [
    'javascript:alert("{StudyInstanceUID}")',
    'data:text/html,{StudyInstanceUID}',
    'file:///etc/{StudyInstanceUID}',
    'https://me:secret@viewer/{StudyInstanceUID}',
    'https://{StudyInstanceUID}/',
    'https://viewer.{StudyInstanceUID}.example.org/',
    'https://viewer/study',
    '/stone?study={StudyInstanceUID}',
    `https://viewer/{StudyInstanceUID}${'x'.repeat(2000)}`,
  ])
    assert.not.ok(isTaken(address), address);
});

test('a site has so many viewers, and no more', () => {
  const viewers = Array.from({ length: VIEWERS_LIMIT }, (_, at) => ({
    title: `Viewer ${at}`,
    address: 'https://viewer/{StudyInstanceUID}',
  }));
  assert.ok(viewersSchema.safeParse({ viewers }).success);
  assert.not.ok(viewersSchema.safeParse({ viewers: [...viewers, ...viewers.slice(0, 1)] }).success);
});

test('Weasis’ commands are taken as its manual writes them, and given to it encoded', () => {
  const command = '$dicom:rs --url "https://pacs.example.org/dicom-web" -r "studyUID={StudyInstanceUID}"';
  const filled = encodeURIComponent(command.replace('{StudyInstanceUID}', '1.2'));
  const written = [command, encodeURIComponent(command), encodeURIComponent(command).replaceAll('%20', '+')];
  for (const text of written)
    for (const mark of ['', '?']) {
      const address = `weasis://${mark}${text}`;
      assert.ok(isTaken(address), address);
      assert.is(fillViewerAddress(address, '1.2'), `weasis://${mark}${filled}`);
      assert.ok(URL.canParse(fillViewerAddress(address, '1.2')));
    }
  for (const wrong of [
    '$dicom:rs --url "https://pacs.example.org/dicom-web"',
    'dicom:rs -r "studyUID={StudyInstanceUID}"',
    '$dicom:rs --url "https://user:secret@pacs.example.org" -r "studyUID={StudyInstanceUID}"',
    '$dicom:rs -r "studyUID={StudyInstanceUID}"\n$ui:quit',
    '%24dicom%3Ars%0A-r%20{StudyInstanceUID}',
    '%zz{StudyInstanceUID}',
  ])
    assert.not.ok(isTaken(`weasis://${wrong}`), wrong);
});

test.run();
