/** In the test's page: decodes what lies at an address, as a worker of the product does. */
import { loadCodecs } from '#shared/pixels/load-codecs.browser.ts';
import { digestPicture } from './picture-digests.ts';

const codecs = loadCodecs();

globalThis.addEventListener('message', (message: MessageEvent<string>) => {
  const answer = async () =>
    digestPicture(new Uint8Array(await (await fetch(message.data)).arrayBuffer()), codecs);
  answer().then(
    (digests) => globalThis.postMessage(digests),
    (error: Error) => globalThis.postMessage({ said: `${error.name}: ${error.message}`, ms: 0 }),
  );
});
