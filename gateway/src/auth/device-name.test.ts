/** A device has a name that people recognise, its browser and its system; nothing else of what it says is kept. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deviceNameOf } from './device-name.ts';

const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0';

test('the browser and the system, as people call them', () => {
  const names = [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36`,
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36 Edg/140.0.0.0`,
    `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`,
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
    `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME} Safari/537.36`,
  ].map(deviceNameOf);
  assert.equal(names, [
    ...['Chrome on Windows', 'Edge on Windows', 'Chrome on Android', 'Firefox on Linux'],
    ...['Safari on iPad', 'Safari on macOS', 'Chrome on ChromeOS'],
  ]);
});

test('a program that names neither has no name, and no text of its own is kept', () => {
  for (const said of [undefined, '', 'node', 'Doe^Jane'.repeat(500)]) assert.is(deviceNameOf(said), null);
  assert.is(deviceNameOf('Firefox/140.0 Doe^Jane'), 'Firefox');
});

test.run();
