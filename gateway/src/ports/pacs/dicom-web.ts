/**
 * The PACS's own QIDO-RS and WADO-RS, for callers of the gateway. Each answer is passed on piece by piece as it comes.
 * Nothing of it is kept, and a caller who reads slowly slows the PACS down.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { PacsHttp } from './pacs-http.ts';
import type { WebAnswer } from './pacs.ts';

type Root = { readonly root: string; readonly http: PacsHttp };

export async function getThrough(
  { root, http }: Root,
  path: string,
  accept: string,
  signal: AbortSignal,
): Promise<WebAnswer> {
  const opened = Promise.withResolvers<WebAnswer>();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  void ignoreFailure(writer.closed, 'the exchange tells');
  http
    .exchange(`${root}${path}`, { accept }, signal, async ({ status, contentType, body }, alive) => {
      opened.resolve({ status, contentType, body: readable });
      for await (const piece of body) {
        await writer.write(piece);
        alive();
      }
      await writer.close();
    })
    .catch((error: unknown) => {
      opened.reject(error);
      // If the reader left, it caused this error and is not told.
      void ignoreFailure(writer.abort(error), 'it has ended already');
    });
  return opened.promise;
}
