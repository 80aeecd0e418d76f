/** Installing is offered where the browser can do it, once, and nowhere else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { watchInstallOffer } from './install-offer.ts';

const test = suite('the offer to install the app');

test('stands until it was used, and never where the browser makes none', async () => {
  const page = new EventTarget();
  const install = watchInstallOffer(page);
  assert.is(install.value, null);
  let prompted = 0;
  const offer = Object.assign(new Event('beforeinstallprompt', { cancelable: true }), {
    async prompt() {
      prompted += 1;
    },
  });
  page.dispatchEvent(offer);
  assert.ok(offer.defaultPrevented);
  await install.value!();
  assert.equal([prompted, install.value], [1, null]);
  page.dispatchEvent(offer);
  page.dispatchEvent(new Event('appinstalled'));
  assert.is(install.value, null);
});

test.run();
