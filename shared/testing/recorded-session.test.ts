/** The guesser finds whatever can be computed of a Patient ID, in each form in which a record would hold it. */
import { createHash, createHmac } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toIdentifier } from '#shared/deid/pseudonyms.ts';
import { patientKeyOf } from '#shared/deid/patient-key.ts';
import { candidateId, foundWithoutKey } from './recorded-session.ts';

const known = { publicKey: new Uint8Array(33).fill(2), tagKey: new Uint8Array(32).fill(3) };
const candidates = Array.from({ length: 50 }, (_, at) => candidateId(at));
const noise = Array.from({ length: 500 }, (_, at) =>
  createHash('sha256')
    .update(`noise ${at}`)
    .digest(at % 2 ? 'hex' : 'base64'),
).join(' ');
const meant = candidateId(17);
const key = patientKeyOf({ id: meant, issuer: '' }, 'id')!;
const MAC = createHmac('sha256', known.tagKey).update(`relaypacs patient\0${key}`).digest();
const DIGEST = createHash('sha256').update(meant).digest();

const FORMS: Readonly<Record<string, string>> = {
  itself: meant,
  'its digest in hexadecimal': DIGEST.toString('hex'),
  'its digest in base64': DIGEST.toString('base64'),
  'its digest in base64url': DIGEST.toString('base64url'),
  'its digest as bytes': DIGEST.toString('latin1'),
  'a MAC under a key that devices have, in hexadecimal': MAC.toString('hex'),
  'a pseudonym made with such a key': toIdentifier(MAC.subarray(0, 16)),
};

for (const [name, form] of Object.entries(FORMS))
  test(`finds ${name}`, () => {
    assert.equal(foundWithoutKey(`${noise}"${form}"${noise}`, candidates, known), [meant]);
  });

test('finds nothing where there is nothing', () => {
  assert.equal(foundWithoutKey(noise, candidates, known), []);
});

test.run();
