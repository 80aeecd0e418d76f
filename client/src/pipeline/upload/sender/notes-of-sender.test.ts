/** The sender's notes for the screen, beside those of the page. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openDevice } from '../../../testing/open-queue.ts';
import { knownLink, rememberLink } from '../../queue/rows/device-notes.ts';
import { notesIn } from './create-sender.ts';

test('each answer of the gateway ends a bad link that the page has noted', async () => {
  const { database } = await openDevice();
  const { onLink } = notesIn(database);
  const noted = () => database.transaction('r', database.device, () => knownLink(database));
  onLink('online');
  await rememberLink(database, 'gateway-unreachable');
  assert.is(await noted(), 'gateway-unreachable');
  onLink('online');
  assert.is(await noted(), 'online');
});

test.run();
