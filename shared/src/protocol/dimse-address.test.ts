/** The address of a PACS over DIMSE, as it is written and read. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatDimseAddress, parseDimseAddress, withoutCalling } from './dimse-address.ts';

const test = suite('an address of DIMSE');

test('is read as it is written', () => {
  const plain = { isTls: false, host: 'pacs.test', port: 104, calledAE: 'ORTHANC', callingAE: 'RELAYPACS' };
  assert.is(formatDimseAddress(plain), 'dimse://RELAYPACS@pacs.test:104/ORTHANC');
  for (const address of [
    plain,
    { ...plain, isTls: true, port: 65_535 },
    { ...plain, host: 'fd00::5', calledAE: 'MAIN PACS', callingAE: 'A/B@C:%' },
  ])
    assert.equal(parseDimseAddress(formatDimseAddress(address)), address);
});

test('names the PACS alone for receipts', () => {
  assert.is(withoutCalling('dimse-tls://ME@pacs.test:104/PACS'), 'dimse-tls://pacs.test:104/PACS');
});

test('is none with a part missing, too long or malformed', () => {
  const long = 'x'.repeat(17);
  for (const text of [
    ...[
      '',
      'dimse://',
      'dimse://A@h:104',
      'dimse://A@h:104/',
      'dimse://h:104/B',
      'dimse://A@h/B',
      'http://A@h:1/B',
    ],
    ...['dimse://A@h:0/B', 'dimse://A@h:65536/B', 'dimse://A@h:104/B/C', 'dimse://A@a b:1/B'],
    ...[
      `dimse://${long}@h:1/B`,
      `dimse://A@h:1/${long}`,
      'dimse://A%5C@h:1/B',
      'dimse://A@h:1/%',
      'dimse://%20@h:1/B',
    ],
    ...['dimse://A@h:1/%00', `dimse://A@${'x'.repeat(300)}:1/B`, 'dimse://A@[h]:1/B', 'dimse://A@-h:1/B'],
  ])
    assert.is(parseDimseAddress(text), null, text);
});
test.run();
