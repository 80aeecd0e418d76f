import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiProblem, Unreachable } from '../net/api-client.ts';
import { troubleOf } from './admin-trouble.ts';

const test = suite('why an administrator’s request failed');
const lost = new Unreachable('no network');

test('a device that is offline says that, and nothing of the gateway', () => {
  assert.is(troubleOf(lost, () => true).title, 'This device is offline.');
  assert.is(troubleOf(lost, () => false).title, 'The gateway does not answer.');
});

test('an answer of the gateway counts, whatever the browser says of the network', () => {
  const refused = new ApiProblem(403, null, null);
  assert.is(troubleOf(refused, () => false).title, 'The gateway does not answer.');
});

test.run();
