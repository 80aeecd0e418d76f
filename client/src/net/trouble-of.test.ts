import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiProblem, ForeignAnswer, OtherAccount, Unreachable } from './api-client.ts';
import { troubleOf } from './trouble-of.ts';

const test = suite('why a request failed');
const lost = new Unreachable('no network');
const problem = (code: string, title: string) =>
  new ApiProblem(409, { type: 'about:blank', status: 409, title, code, correlationId: 'c' }, null);

test('a device that is offline says that, and nothing of the gateway', () => {
  assert.is(troubleOf(lost, () => true).title, 'This device is offline.');
  assert.is(troubleOf(lost, () => false).title, 'The gateway is not responding.');
});

test('nobody has to act where no answer came, or another account’s or a proxy’s', () => {
  const { kind, title } = troubleOf(new ForeignAnswer('a page'), () => false);
  assert.equal([kind, title], ['wait', 'Something other than the gateway is responding.']);
  assert.is(troubleOf(new OtherAccount()).kind, 'wait');
  assert.is(troubleOf(lost).kind, 'wait');
});

test('an answer of the gateway counts, whatever the browser says of the network', () => {
  const said = troubleOf(problem('not-found', 'Some text'), () => true);
  assert.equal(
    [said.kind, said.title, said.code],
    ['stop', 'This was not found. It may have been deleted.', 'not-found'],
  );
  assert.is(troubleOf(problem('pacs-unreachable', 'Some text')).kind, 'wait');
});

test('a code that this page does not know yet has the gateway’s title, and none of a proxy’s text is shown', () => {
  assert.is(troubleOf(problem('of-tomorrow', 'New words')).title, 'New words');
  const proxy = troubleOf(new ApiProblem(403, null, null));
  assert.equal(proxy, {
    kind: 'stop',
    title: 'The gateway gave a reason that this page does not recognize.',
    next: 'Reload the page. If it happens again, an administrator must find the cause.',
    code: '403',
  });
  assert.not.match(troubleOf(new TypeError('QzName')).title, 'QzName');
});

test.run();
