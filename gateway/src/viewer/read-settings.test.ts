import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readViewerSettings, type ViewerSettings } from './read-settings.ts';

const test = suite('the settings of the built-in viewer');
const APP = new URL('https://relay.example.org');

function read(env: Readonly<Record<string, string>>): ViewerSettings | null | readonly string[] {
  const mistakes: string[] = [];
  const settings = readViewerSettings(
    (name) => env[name],
    { app: APP, port: 8080, webPort: 3000 },
    (mistake) => {
      mistakes.push(mistake.split(' ')[0]!);
    },
  );
  return mistakes.length > 0 ? mistakes : settings;
}

test('there is none without a port', () => {
  assert.is(read({ RELAY_VIEWER_URL: 'https://viewer.example.org' }), null);
});

test('it has the host name of the app, or one of its own', () => {
  const RELAY_VIEWER_PORT = '3001';
  assert.equal(read({ RELAY_VIEWER_PORT }), {
    port: 3001,
    url: 'https://relay.example.org:3001',
    package: null,
  });
  assert.equal(
    read({
      RELAY_VIEWER_PORT,
      RELAY_VIEWER_URL: 'https://viewer.example.org/',
      RELAY_VIEWER_PACKAGE: 'file:///srv/ohif.tgz',
    }),
    { port: 3001, url: 'https://viewer.example.org', package: 'file:///srv/ohif.tgz' },
  );
});

test('an origin that is the app’s, a port that is taken, and what is no address are mistakes', () => {
  const RELAY_VIEWER_PORT = '3001';
  for (const port of ['0', '65536', '8080', '3000', 'none'])
    assert.ok([read({ RELAY_VIEWER_PORT: port })].flat().includes('RELAY_VIEWER_PORT'), port);
  for (const url of [
    'https://relay.example.org',
    'https://relay.example.org:443/',
    'http://viewer.example.org',
    'https://viewer.example.org/ohif',
    'https://me@viewer.example.org',
    'https://viewer.example.org?x',
    'viewer',
  ])
    assert.equal(read({ RELAY_VIEWER_PORT, RELAY_VIEWER_URL: url }), ['RELAY_VIEWER_URL'], url);
  assert.equal(read({ RELAY_VIEWER_PORT, RELAY_VIEWER_PACKAGE: 'ftp://x/y' }), ['RELAY_VIEWER_PACKAGE']);
});

test.run();
