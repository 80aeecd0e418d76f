/** Failures of the built-in viewer in words: whose they may be, and the way on. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtInViewerWords } from './built-in-viewer-words.ts';

const { problem } = builtInViewerWords;

test('a connection that fails may be the one to the proxy, where there is one', () => {
  const without = problem('name-not-found', 'registry.test', false);
  assert.is(without.title, 'The gateway cannot find an address for registry.test.');
  assert.match(without.next, 'HTTPS_PROXY is not set');
  const behind = problem('refused', 'registry.test', true);
  assert.is(behind.title, 'registry.test or the proxy refuses the gateway’s connection.');
  assert.match(behind.next, 'HTTPS_PROXY is set');
  assert.is(problem('proxy-refuses', 'h', true).title, 'The proxy does not allow the gateway to reach h.');
});

test('a copy on this machine needs no proxy, and neither does the disk', () => {
  for (const host of [null, 'registry.test'])
    assert.not.match(problem('disk-error', host, false).next, 'HTTPS_PROXY');
  assert.not.match(problem('unreachable', null, false).next, 'HTTPS_PROXY');
});

test.run();
